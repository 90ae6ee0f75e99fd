from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from docsorter.training.dataset import Sample, fingerprint, plan_classes


def _sample(path: Path, label: str, grey: int) -> Sample:
    Image.new("L", (60, 80), grey).save(path)
    return Sample(path, label, "", "", "")


def test_the_fingerprint_knows_files_and_labels_but_not_their_order(tmp_path: Path) -> None:
    one, two = _sample(tmp_path / "a.png", "invoice", 10), _sample(tmp_path / "b.png", "letter", 20)
    before = fingerprint([one, two])

    assert fingerprint([two, one]) == before
    assert fingerprint([one, replace(two, label="invoice")]) != before
    assert fingerprint([one, _sample(tmp_path / "c.png", "letter", 30)]) != before


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
