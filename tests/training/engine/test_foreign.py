from pathlib import Path

import pytest

from docsorter.training.engine.foreign import foreign_documents, foreign_kinds, same_word
from docsorter.training.progress import SILENT


def test_what_is_taught_is_not_foreign() -> None:
    kinds = foreign_kinds(("invoice", "claims", "letter"))
    assert "receipt" in kinds
    assert not any(kind.startswith(("invoice", "claim", "letter")) for kind in kinds)


def test_labels_of_the_starter_are_foreign_where_nobody_teaches_them() -> None:
    kinds = foreign_kinds(("receipts", "delivery note"))
    assert "letter-memo" in kinds
    assert "receipt" not in kinds
    assert "delivery-note" not in kinds


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("receipt", "Receipts", True),
        ("till-receipt", "receipt", True),
        ("id-card", "my id", False),
        ("order", "photo", False),
        ("order", "Ördner", False),
    ],
)
def test_names_are_alike_when_a_word_begins_like_a_word(
    one: str, other: str, *, same: bool
) -> None:
    assert same_word(one, other) is same
    assert same_word(other, one) is same


def test_documents_are_generated_once_and_always_the_same(tmp_path: Path) -> None:
    first = foreign_documents(tmp_path / "a", ("blank", "photo"), 2, 3, SILENT)
    again = foreign_documents(tmp_path / "a", ("blank", "photo"), 2, 3, SILENT)
    assert [sample.path.name for sample in first] == [sample.path.name for sample in again]
    assert {sample.kind for sample in first} == {"blank", "photo"}
    assert {(sample.label, sample.origin) for sample in first} == {("other", "synthetic")}
    assert foreign_documents(tmp_path / "b", (), 10, 3, SILENT) == []
    assert not (tmp_path / "b").exists()
