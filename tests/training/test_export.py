"""The exported files: what each way keeps, and the gate before they ship."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from docsorter.errors import ModelError
from docsorter.model.card import InputSpec, ModelCard, Origin, Provenance
from docsorter.model.classifier import LiteRTClassifier
from docsorter.training.export import (
    ExportCost,
    check_gate,
    compare,
    export,
    trained_logits,
)
from docsorter.training.network import Network
from docsorter.training.request import VARIANTS, ExportGate
from tests.training.exports import LABELS, SIDE, Exports, pages

PAGES = pages(8, 1)


@pytest.fixture(scope="module")
def network(exports: Exports) -> Network:
    return exports.network


@pytest.fixture(scope="module")
def files(exports: Exports) -> dict[str, Path]:
    return {variant: exports.file(variant) for variant in VARIANTS}


def _classifier(file: Path) -> LiteRTClassifier:
    nothing = Origin(name="none", licence="none")
    card = ModelCard(
        name="tried",
        created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        labels=LABELS,
        background=1,
        input=InputSpec(size=SIDE),
        provenance=Provenance(architecture="", base=nothing, data=(), fingerprint="", documents={}),
        temperature=1.0,
        threshold=0.9,
        novelty_limit=99.0,
    )
    return LiteRTClassifier(file, card, threads=1)


@pytest.mark.slow
def test_every_way_gives_another_file_and_int8_is_half_of_float16(files: dict[str, Path]) -> None:
    contents = {file.read_bytes() for file in files.values()}
    size = {variant: file.stat().st_size for variant, file in files.items()}

    assert len(contents) == len(VARIANTS)
    assert size["int8-corrected"] == pytest.approx(size["int8-weights"], rel=0.01)
    assert size["float16"] == pytest.approx(2 * size["int8-weights"], rel=0.1)


@pytest.mark.slow
def test_corrected_biases_move_the_answers_less_and_float16_hardly_at_all(
    network: Network, files: dict[str, Path]
) -> None:
    exact = trained_logits(network, PAGES)

    gap = {
        variant: float(np.abs(_classifier(file).classify(PAGES).logits - exact).mean())
        for variant, file in files.items()
    }

    assert gap["int8-corrected"] < 0.8 * gap["int8-weights"]
    assert gap["float16"] < 0.2 * gap["int8-weights"]


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_an_answer_does_not_depend_on_the_pages_beside_it(
    files: dict[str, Path], variant: str
) -> None:
    classifier = _classifier(files[variant])

    together = classifier.classify(PAGES)
    alone = [classifier.classify(page[np.newaxis]) for page in PAGES[::-1]][::-1]

    assert np.array_equal(together.logits, np.concatenate([one.logits for one in alone]))
    assert np.array_equal(together.features, np.concatenate([one.features for one in alone]))


@pytest.mark.slow
def test_the_gate_passes_the_file_of_a_network_and_refuses_that_of_another(
    network: Network, files: dict[str, Path]
) -> None:
    exact = trained_logits(network, PAGES)
    file = files["float16"]
    found = _classifier(file).classify(PAGES)
    right = exact.argmax(axis=1).astype(np.int32)
    gate = ExportGate(megabytes=60.0)

    check_gate(compare("float16", file, exact, found, right), gate)
    with pytest.raises(ModelError, match=r"equal labels, limit .* a probability moved by"):
        check_gate(compare("float16", file, exact[:, ::-1] * 99.0, found, 3 - right), gate)


def test_correction_without_pages_is_refused(network: Network, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give some"):
        export(network, tmp_path / "model.tflite", "int8-corrected")
    assert not list(tmp_path.iterdir())


def _cost(**changes: float) -> ExportCost:
    good = ExportCost("int8-corrected", 300, 0.95, 0.95, 0.99, 0.1, 0.01, 22.0)
    return replace(good, **changes)  # type: ignore[arg-type] # all figures are numbers


def test_what_stands_at_the_limits_passes_and_a_little_beyond_does_not() -> None:
    gate = ExportGate()
    at = _cost(
        exported_accuracy=0.95 - gate.accuracy_drop,
        equal_labels=gate.equal_labels,
        difference=gate.difference,
        megabytes=gate.megabytes,
    )

    check_gate(at, gate)
    for beyond in (
        replace(at, exported_accuracy=at.exported_accuracy - 0.001),
        replace(at, equal_labels=at.equal_labels - 0.001),
        replace(at, difference=at.difference + 0.001),
        replace(at, megabytes=at.megabytes + 0.1),
    ):
        with pytest.raises(ModelError, match="too far from the trained one"):
            check_gate(beyond, gate)


def test_one_page_of_few_may_differ_and_two_may_not() -> None:
    few = _cost(exported_accuracy=0.95 - 1 / 30, equal_labels=29 / 30)

    check_gate(replace(few, pages=30), ExportGate())
    with pytest.raises(ModelError, match=r"0\.9333 equal labels"):
        check_gate(replace(few, pages=30, equal_labels=28 / 30), ExportGate())
