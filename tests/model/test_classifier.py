import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from docsorter.errors import ModelError
from docsorter.model.bundle import ModelBundle, load_bundle
from docsorter.model.classifier import LiteRTClassifier, open_classifier
from docsorter.model.golden import check_golden
from docsorter.resources import starter_bundle_dir
from tests.model.bundles import make_card

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def starter() -> ModelBundle:
    return load_bundle(starter_bundle_dir())


@pytest.fixture(scope="module")
def classifier(starter: ModelBundle) -> LiteRTClassifier:
    return open_classifier(starter, threads=1)


def test_the_shipped_model_answers_its_golden_pages_as_expected(
    starter: ModelBundle, classifier: LiteRTClassifier
) -> None:
    results = check_golden(starter, classifier)

    assert {result.file.split("-")[0] for result in results} == {
        "invoice", "claim", "letter", "other",
    }  # fmt: skip


def test_the_shipped_model_is_small_and_says_what_its_test_showed(starter: ModelBundle) -> None:
    card = starter.card

    assert starter.runtime_file.stat().st_size < 30e6
    assert card.labels == ("invoice", "claim", "letter")
    assert card.evidence is not None
    assert card.evidence.sorted_alone > 0
    assert card.provenance.base.licence == "Apache-2.0"
    assert all(origin.licence for origin in card.provenance.data)


def test_nothing_of_the_machine_it_was_made_on_is_in_the_bundle() -> None:
    for path in starter_bundle_dir().rglob("*"):
        if path.suffix in {".json", ".md", ".html", ".log"}:
            text = path.read_text(encoding="utf-8")
            assert not [place for place in ("/tmp/", "/home/", "/work/", "/root/") if place in text]


def test_a_batch_gives_one_row_per_page(starter: ModelBundle, classifier: LiteRTClassifier) -> None:
    pages = np.random.default_rng(0).integers(0, 256, (3, 299, 299, 3), dtype=np.uint8)

    output = classifier.classify(pages)
    alone = classifier.classify(pages[1:2])

    assert output.logits.shape == (3, starter.card.outputs)
    assert output.features.shape == (3, 2048)
    assert output.logits.dtype == output.features.dtype == np.float32
    assert np.allclose(output.logits[1], alone.logits[0], atol=1e-4)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((1, 200, 299, 3), np.uint8),
        np.zeros((1, 299, 299, 3), np.float32),
        np.zeros((0, 299, 299, 3), np.uint8),
        np.zeros((299, 299, 3), np.uint8),
    ],
)
def test_other_shapes_are_refused(classifier: LiteRTClassifier, pixels: NDArray[np.uint8]) -> None:
    with pytest.raises(ModelError, match="the model takes pages of"):
        classifier.classify(pixels)


def test_several_threads_get_the_answers_to_their_own_pages(classifier: LiteRTClassifier) -> None:
    rng = np.random.default_rng(1)
    pages = [rng.integers(0, 256, (1, 299, 299, 3), dtype=np.uint8) for _ in range(4)]
    alone = [classifier.classify(page).logits for page in pages]
    together: dict[int, NDArray[np.float32]] = {}

    def ask(number: int) -> None:
        together[number] = classifier.classify(pages[number]).logits

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(np.allclose(together[number], alone[number], atol=1e-4) for number in range(4))


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"not a flat buffer at all")

    with pytest.raises(ModelError, match="cannot be run"):
        LiteRTClassifier(path, make_card())


def test_a_file_that_contradicts_its_card_is_refused(starter: ModelBundle) -> None:
    with pytest.raises(ModelError, match="contradicts itself"):
        LiteRTClassifier(starter.runtime_file, make_card(background=7))


def test_the_model_is_ready_well_within_a_second() -> None:
    begin = time.process_time()

    open_classifier(load_bundle(starter_bundle_dir()), threads=1)

    assert time.process_time() - begin < 1.0
