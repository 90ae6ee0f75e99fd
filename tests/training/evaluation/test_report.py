"""A folder evaluated as the command does it, with a classifier that looks at colours."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.words import WordsModel
from docsorter.documents import RawOutput
from docsorter.errors import DocumentError, EnvironmentFaultError, UsageError
from docsorter.model.bundle import ModelBundle
from docsorter.model.card import CardWords
from docsorter.service.workspace.process import silent
from docsorter.settings import Settings
from docsorter.training.dataset import Sample
from docsorter.training.evaluation import report
from docsorter.training.evaluation.report import (
    FolderEvaluation,
    evaluate_folder,
    report_folder,
    write_report,
)
from starter.rasters import image_cache
from tests.model.bundles import make_card

COLOURS = {"invoice": (200, 40, 40), "claim": (40, 200, 40), "letter": (40, 40, 200)}


class ByColour:
    """Says of a page which of red, green and blue it has most of; grey is none of them."""

    def classify(self, pixels: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> RawOutput:
        centre = pixels[:, 50:100, 50:100].reshape(len(pixels), -1, 3).mean(axis=1) / 255
        spread = centre - centre.mean(axis=1, keepdims=True)
        logits = np.concatenate([spread * 20, np.full((len(pixels), 1), 2.0)], axis=1)
        return RawOutput(logits.astype(np.float32), centre.astype(np.float32))


def bundle() -> ModelBundle:
    rng = np.random.default_rng(0)
    features = rng.uniform(0, 1, (60, 3))
    novelty = NoveltyModel.fit(features, np.arange(60) % 3, features)
    card = make_card(input={"size": 150})
    return ModelBundle(Path("nowhere"), card, dict(novelty.to_arrays()))


def fill(root: Path, label: str, number: int, colour: tuple[int, int, int]) -> None:
    folder = root / label
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([number, len(label)])
    for page in range(number):
        image = Image.new("RGB", (120, 160), colour)
        noise = Image.fromarray(rng.integers(0, 255, (160, 30, 3), np.uint8))
        image.paste(noise, (0, 0))
        image.save(folder / f"{label}-{page}.png")


def evaluate(root: Path, tmp_path: Path, model: ModelBundle | None = None) -> FolderEvaluation:
    return evaluate_folder(
        model or bundle(),
        ByColour(),
        root,
        image_cache(tmp_path / "pages"),
        settings=Settings(),
        rng=np.random.default_rng(0),
        progress=silent,
    )


def test_labels_the_model_does_not_know_count_as_foreign(tmp_path: Path) -> None:
    root = tmp_path / "checked"
    for label in ("invoice", "claim"):
        fill(root, label, 8, COLOURS[label])
    fill(root, "receipt", 4, (120, 120, 120))
    fill(root, "other", 3, COLOURS["letter"])

    found = evaluate(root, tmp_path)

    assert found.foreign == {"other": 3, "receipt": 4}
    assert found.missing == ("letter",)
    assert found.evaluation.at_rule.foreign == 7
    assert found.evaluation.confusion == ((8, 0, 0, 0), (0, 8, 0, 0), (0,) * 4, (0, 0, 3, 4))


def test_a_file_that_cannot_be_read_is_reported_and_the_rest_is_measured(tmp_path: Path) -> None:
    root = tmp_path / "checked"
    fill(root, "invoice", 6, COLOURS["invoice"])
    (root / "invoice" / "broken.png").write_bytes(b"\x89PNG no")

    found = evaluate(root, tmp_path)

    assert [one.path.name for one in found.unreadable] == ["broken.png"]
    assert found.evaluation.documents == 6
    assert found.as_json()["unreadable"]


def test_folders_that_match_no_label_are_refused_with_both_lists(tmp_path: Path) -> None:
    root = tmp_path / "checked"
    fill(root, "cats", 6, (1, 2, 3))

    with pytest.raises(UsageError, match="cats") as caught:
        evaluate(root, tmp_path)

    assert "invoice, claim, letter" in caught.value.message
    assert "other" in caught.value.remedy


def test_a_folder_of_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "checked"
    (root / "invoice").mkdir(parents=True)
    (root / "invoice" / "broken.png").write_bytes(b"\x89PNG no")

    with pytest.raises(DocumentError, match=r"not one of the 1 files.*broken\.png"):
        evaluate(root, tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "checked" / "invoice").mkdir(parents=True)

    with pytest.raises(UsageError):
        evaluate(tmp_path / "checked", tmp_path)


def test_a_report_is_replaced_whole_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    out = report_folder(tmp_path / "new" / "report", tmp_path / "checked")
    write_report(out, "first", {"a": 1})

    page, numbers = write_report(out, "second \udcff", {"a": 2})

    assert page.read_text() == "second \\udcff"
    assert '"a": 2' in numbers.read_text()
    assert sorted(path.name for path in out.iterdir()) == ["evaluation.json", "report.html"]


def test_a_report_may_not_lie_among_the_documents_nor_on_a_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="among the documents"):
        report_folder(tmp_path / "report", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        report_folder(tmp_path / "file", tmp_path / "checked")


def test_a_report_that_cannot_be_written_is_the_surroundings_fault(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFaultError, match="cannot be written"):
        write_report(tmp_path / "gone", "page", {})


def test_what_the_picture_leaves_open_is_measured_with_the_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pages look like either label; what they say tells them apart."""
    root = tmp_path / "checked"
    for label in ("invoice", "claim"):
        fill(root, label, 16, (160, 160, 160))
    keys = np.unique([zlib.crc32(f"{label}{n}".encode()) for label in COLOURS for n in "abcde"])
    known = {zlib.crc32(f"{label}{n}".encode()): label for label in COLOURS for n in "abcde"}
    weights = np.zeros((15, 4), np.float16)
    for row, key in enumerate(keys.tolist()):
        weights[row, list(COLOURS).index(known[key])] = 9
    words = WordsModel(
        keys.astype(np.uint32), np.ones(15, np.float16), weights, np.zeros(4, np.float32),
        np.zeros(1, np.float32), np.array([0.5, 1, 0, 0, 0, 0], np.float32),
    )  # fmt: skip

    def read(samples: Sequence[Sample], *_: object) -> list[str]:
        return [" ".join(f"{sample.label}{n}" for n in "abcde") for sample in samples]

    monkeypatch.setattr(report, "read_texts", read)
    monkeypatch.setattr("docsorter.service.engine.installed_languages", lambda _: ("eng",))
    card = bundle().card.model_copy(update={"format_version": 4, "words": CardWords()})
    reads = replace(bundle(), card=card, words=dict(words.to_arrays()))
    alone, both = (evaluate(root, tmp_path, one).evaluation for one in (bundle(), reads))
    assert alone.figures["accuracy"].value is not None
    assert alone.figures["accuracy"].value < 0.9
    assert both.figures["accuracy"].value == 1.0
    assert both.at_rule.sorted_alone > alone.at_rule.sorted_alone
