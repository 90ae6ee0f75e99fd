import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from docsorter.documents import RawOutput
from docsorter.errors import ModelError
from docsorter.model.bundle import load_bundle
from docsorter.model.golden import check_golden, probabilities
from tests.model.bundles import PROBABILITIES, write_checksums


class Answers:
    """A classifier that always answers the same."""

    def __init__(self, *shares: float) -> None:
        self._logits = np.log(np.array([shares], np.float32))

    def classify(self, pixels: NDArray[np.uint8]) -> RawOutput:
        assert pixels.shape == (1, 299, 299, 3)
        return RawOutput(self._logits, np.zeros((1, 2), np.float32))


def test_the_expected_answers_pass_and_show_their_difference(whole: Path) -> None:
    (result,) = check_golden(load_bundle(whole), Answers(0.68, 0.12, 0.1, 0.1))

    assert result.file == "page.png"
    assert result.expected == PROBABILITIES
    assert result.difference == pytest.approx(0.02, abs=1e-6)


def test_other_answers_are_refused_with_the_difference(whole: Path) -> None:
    with pytest.raises(ModelError, match="answers differently on this machine") as caught:
        check_golden(load_bundle(whole), Answers(0.3, 0.5, 0.1, 0.1))

    assert "page.png should be invoice 0.700, claim 0.100" in caught.value.message
    assert "is invoice 0.300, claim 0.500" in caught.value.message
    assert "0.400 apart where 0.050 is allowed" in caught.value.message


def test_answers_that_are_no_numbers_are_refused(whole: Path) -> None:
    with pytest.raises(ModelError, match="answers differently"):
        check_golden(load_bundle(whole), Answers(math.nan, 0.1, 0.1, 0.1))


def test_a_model_with_another_number_of_outputs_is_refused(whole: Path) -> None:
    with pytest.raises(ModelError, match="4 golden probabilities, the model has 2 outputs"):
        check_golden(load_bundle(whole), Answers(0.5, 0.5))


@pytest.mark.parametrize("text", ["{", '{"pages": []}', '{"pages": [{"file": "page.png"}]}'])
def test_damaged_golden_answers_are_named(whole: Path, text: str) -> None:
    (whole / "golden" / "golden.json").write_text(text)
    write_checksums(whole)

    with pytest.raises(ModelError, match="golden answers cannot be read"):
        check_golden(load_bundle(whole), Answers(*PROBABILITIES))


def test_a_golden_page_that_is_no_picture_is_named(whole: Path) -> None:
    (whole / "golden" / "page.png").write_bytes(b"no picture")
    write_checksums(whole)

    with pytest.raises(ModelError, match="a golden page cannot be read"):
        check_golden(load_bundle(whole), Answers(*PROBABILITIES))


def test_the_tolerance_is_that_of_the_bundle(whole: Path) -> None:
    golden = whole / "golden" / "golden.json"
    content = json.loads(golden.read_text())
    golden.write_text(json.dumps({**content, "tolerance": 0.5}))
    write_checksums(whole)

    (result,) = check_golden(load_bundle(whole), Answers(0.3, 0.5, 0.1, 0.1))

    assert result.difference == pytest.approx(0.4, abs=1e-6)


def test_temperature_softens_probabilities() -> None:
    logits = np.array([[2.0, 0.0], [800.0, -800.0]], np.float32)

    hot = probabilities(logits, 2.0)

    assert hot[0, 0] == pytest.approx(1 / (1 + math.exp(-1)))
    assert hot.sum(axis=1) == pytest.approx([1, 1])
    assert probabilities(logits)[0, 0] > hot[0, 0]
