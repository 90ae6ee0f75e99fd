import json
from pathlib import Path

import pytest
from PIL import Image

from docsorter.errors import UsageError
from docsorter.training.classes import plan_classes
from docsorter.training.dataset import (
    fingerprint,
    origins,
    read_folders,
    read_manifest,
    read_synthetic,
)

HEADER = "file\tlabel\tsubclass\tsource\tlicence\tlayout\tuse"


def _picture(path: Path, grey: int = 255) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (60, 80), grey).save(path)


def _manifest(root: Path, *rows: str) -> None:
    (root / "MANIFEST.tsv").write_text("\n".join([HEADER, *rows]) + "\n")


def test_only_documents_of_the_asked_use_are_read(tmp_path: Path) -> None:
    _manifest(
        tmp_path,
        "a.png\tinvoice\t\tone/repo\tMIT\tl1\ttrain-ok",
        "b.png\tinvoice\t\ttwo/repo\tnone\tl2\teval-only",
        "c.png\treceipt\t\tone/repo\tMIT\tl3\ttrain-ok",
        "d.png\tclaim_dropout\t\tone/repo\tMIT\tl4\ttrain-ok",
        "e.png\tclaim_cont\t\tone/repo\tMIT\tl4\ttrain-ok",
    )

    trained = read_manifest(tmp_path, use="train-ok")

    assert [(s.path.name, s.label) for s in trained] == [
        ("a.png", "invoice"), ("c.png", "other"), ("d.png", "claim"),
    ]  # fmt: skip
    assert [s.path.name for s in read_manifest(tmp_path, use="eval-only")] == ["b.png"]


def test_sources_are_counted_with_their_licence(tmp_path: Path) -> None:
    _manifest(
        tmp_path,
        "a.png\tinvoice\t\tone/repo\tMIT\tl1\ttrain-ok",
        "b.png\tletter\t\tone/repo\tMIT\tl2\ttrain-ok",
        "c.png\tletter\t\ttwo/repo\tCC0-1.0\tl2\ttrain-ok",
    )

    found = origins(read_manifest(tmp_path, use="train-ok"))

    assert [(o.name, o.licence, o.documents) for o in found] == [
        ("one/repo", "MIT", 2), ("two/repo", "CC0-1.0", 1),
    ]  # fmt: skip


def test_a_manifest_without_the_needed_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "MANIFEST.tsv").write_text("file\tlabel\na.png\tinvoice\n")

    with pytest.raises(UsageError, match="manifest of collected documents cannot be read"):
        read_manifest(tmp_path, use="train-ok")


def test_held_out_layouts_are_bound_and_others_are_free(tmp_path: Path) -> None:
    for part in ("train", "test"):
        _picture(tmp_path / part / "invoice" / "a.png")
        row = {"file": "invoice/a.png", "label": "invoice", "kind": "invoice-plain", "layout": "7"}
        (tmp_path / part / "index.jsonl").write_text(json.dumps(row) + "\n")

    free, bound = read_synthetic(tmp_path)

    assert (free.split, bound.split) == ("", "held-out")
    assert free.layout != bound.layout
    assert free.kind == "invoice-plain"


def test_a_broken_index_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "index.jsonl").write_text('{"file": "a.png"\n')

    with pytest.raises(UsageError, match="line 1 of the index"):
        read_synthetic(tmp_path)


def test_an_empty_folder_of_generated_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no generated documents"):
        read_synthetic(tmp_path)


def test_a_folder_per_label_is_read_and_one_label_is_refused(tmp_path: Path) -> None:
    _picture(tmp_path / "invoice" / "2026" / "a.png")
    (tmp_path / "invoice" / "notes.txt").write_text("no document")
    with pytest.raises(UsageError, match=r"documents of 1 label"):
        read_folders(tmp_path)

    _picture(tmp_path / "delivery note" / "b.png")

    assert [(s.label, s.path.name) for s in read_folders(tmp_path)] == [
        ("delivery note", "b.png"), ("invoice", "a.png"),
    ]  # fmt: skip


def test_the_fingerprint_knows_files_and_labels_but_not_their_order(tmp_path: Path) -> None:
    _picture(tmp_path / "invoice" / "a.png", 10)
    _picture(tmp_path / "letter" / "b.png", 20)
    samples = read_folders(tmp_path)
    before = fingerprint(samples)

    assert fingerprint(reversed(samples)) == before
    (tmp_path / "letter" / "b.png").rename(tmp_path / "invoice" / "b.png")
    (tmp_path / "letter").rmdir()
    _picture(tmp_path / "letter" / "c.png", 30)
    assert fingerprint(read_folders(tmp_path)) != before


def test_kinds_are_grouped_by_output_and_everything_else_comes_last() -> None:
    pairs = [("receipt", "other"), ("plain", "invoice"), ("pad", "invoice"), ("", "letter")]

    plan = plan_classes(pairs, ("invoice", "claim", "letter"))

    assert plan.outputs == ("invoice", "claim", "letter", "other")
    assert [kind for kind, _ in plan.kinds] == ["pad", "plain", "claim", "letter", "receipt"]
    assert plan.widths == (2, 1, 1, 1)
    assert plan.kind_index("plain") == 1
    assert plan.kind_index("never heard of") == -1


def test_without_foreign_documents_there_is_no_background() -> None:
    plan = plan_classes([("", "a"), ("", "b")], ("a", "b"))

    assert not plan.background
    assert plan.outputs == ("a", "b")


def test_an_unknown_output_is_refused() -> None:
    with pytest.raises(ValueError, match="neither a label"):
        plan_classes([("", "order")], ("invoice", "letter"))
