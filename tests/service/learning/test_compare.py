"""Two models on the same documents."""

import shutil
from pathlib import Path

import pytest

from docsorter.configuration import Configuration
from docsorter.errors import UsageError
from docsorter.service.daemon.sort_once import example_files
from docsorter.service.engine import load_model
from docsorter.service.learning.compare import (
    ModelAnswer,
    Pair,
    compare_on,
    files_to_compare,
    summarize,
)
from tests.model.variants import write_variant


def pair(label: str, first: str, second: str, *, alone: bool = False, gap: float = 0.0) -> Pair:
    return Pair(
        f"{label}.pdf", label, ModelAnswer(first, 0.9, alone), ModelAnswer(second, 0.9, alone), gap
    )


def test_what_tells_the_models_apart_is_counted() -> None:
    pairs = [
        *[pair("claim", "claim", "invoice", gap=0.4)] * 1,
        *[pair("claim", "letter", "claim", gap=0.5)] * 9,
        *[pair("letter", "letter", "letter", alone=True)] * 5,
        *[pair("invoice", "claim", "claim", alone=True)] * 2,
        *[pair("", "invoice", "claim", gap=0.9)] * 3,
    ]

    found = summarize(pairs, [("broken.pdf", "damaged")])

    assert (found.documents, found.labelled) == (20, 17)
    assert (found.only_first_right, found.only_second_right) == (1, 9)
    assert found.mcnemar_p == pytest.approx(0.021484375)
    assert (found.equal_labels.k, found.equal_labels.n) == (7, 20)
    assert found.greatest_gap == 0.9
    assert (found.first.right.k, found.second.right.k) == (6, 14)
    assert (found.first.wrong_alone.k, found.first.wrong_alone.n) == (2, 7)
    assert [p.gap for p in found.differing] == [0.9] * 3 + [0.5] * 9 + [0.4]
    assert found.unreadable == (("broken.pdf", "damaged"),)


def test_a_document_that_only_one_would_sort_is_a_difference() -> None:
    one = Pair(
        "a.pdf",
        "",
        ModelAnswer("claim", 0.91, sorts=True),
        ModelAnswer("claim", 0.89, sorts=False),
        0.02,
    )

    assert summarize([one]).differing == (one,)
    assert summarize([one]).mcnemar_p is None


def test_nothing_to_compare_is_said_in_numbers() -> None:
    found = summarize([])

    assert (found.documents, found.greatest_gap, found.equal_labels.value) == (0, None, None)


def test_folders_named_like_labels_label_their_documents(tmp_path: Path) -> None:
    for name in ("claim/a.pdf", "claim/deep/b.pdf", "other/c.png", "2026/d.pdf", "e.pdf",
                 "claim/a.pdf.json", ".hidden/x.pdf"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "claim" / "link.pdf").symlink_to("/etc/passwd")

    found = {file.name: file.label for file in files_to_compare(tmp_path, ["claim", "invoice"])}

    assert found == {
        "claim/a.pdf": "claim",
        "claim/deep/b.pdf": "claim",
        "other/c.png": "other",
        "2026/d.pdf": "",
        "e.pdf": "",
    }


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no document"):
        files_to_compare(tmp_path, [])
    with pytest.raises(UsageError, match="is not a folder"):
        files_to_compare(tmp_path / "nowhere", [])


@pytest.mark.slow
def test_two_real_models_look_at_the_same_documents(
    configuration: Configuration, tmp_path: Path
) -> None:
    write_variant(configuration.state / "models" / "ours-1", temperature=1.0)
    folder = tmp_path / "checked" / "invoice"
    folder.mkdir(parents=True)
    for path in [p for p in example_files() if p.suffix in {".jpg", ".png"}][:2]:
        shutil.copy(path, folder)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 cut")
    one, two = (load_model(configuration, name) for name in ("starter", "ours-1"))
    steps: list[tuple[int, int]] = []

    found = compare_on(
        one, two, files_to_compare(folder.parent, one.card.labels),
        configuration.settings, 1, lambda done, total: steps.append((done, total)),
    )  # fmt: skip

    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert (found.documents, found.labelled) == (2, 2)
    assert [name for name, _ in found.unreadable] == ["invoice/broken.pdf"]
    assert found.equal_labels.value == 1.0, "another temperature changes no label"
    assert found.greatest_gap is not None
    assert found.greatest_gap > 0
