from pathlib import Path

import pytest
from PIL import Image

from docsorter.errors import EnvironmentFaultError
from docsorter.pages.fit import fit_page
from docsorter.training import generated
from docsorter.training.generated import (
    SIDE,
    foreign_documents,
    foreign_kinds,
    label_documents,
    made_labels,
    same_word,
)
from docsorter.training.rasters import BASE, daemon_cache
from docsorter.training.retrain import TOPPED_UP_TO
from starter.rasters import unreadable


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


def test_pages_are_unpacked_once_and_always_the_same(tmp_path: Path) -> None:
    first = foreign_documents(tmp_path / "a", ("blank", "photo"), 4, 3)
    times = [sample.path.stat().st_mtime_ns for sample in first]
    again = foreign_documents(tmp_path / "a", ("blank", "photo"), 4, 3)
    assert first == again
    assert times == [sample.path.stat().st_mtime_ns for sample in again]
    assert [sample.kind for sample in first] == ["blank", "blank", "photo", "photo"]
    assert {(sample.label, sample.origin) for sample in first} == {("other", "synthetic")}
    assert foreign_documents(tmp_path / "b", (), 10, 3) == []
    assert not (tmp_path / "b").exists()


def test_another_seed_gives_other_pages_of_a_kind(tmp_path: Path) -> None:
    one, other = (foreign_documents(tmp_path, ("photo",), 1, seed)[0].path for seed in (0, 1))
    assert one.read_bytes() != other.read_bytes()


def test_a_page_is_as_large_as_what_augmentation_starts_from(tmp_path: Path) -> None:
    (sample,) = foreign_documents(tmp_path, ("letter-memo",), 1, 0)
    with Image.open(sample.path) as page:
        assert max(page.size) == SIDE == BASE
        assert fit_page(page, SIDE).min() < 128  # something is on it


@pytest.mark.slow
def test_the_daemon_reads_every_page_that_training_may_take(tmp_path: Path) -> None:
    pages = foreign_documents(tmp_path / "all", foreign_kinds(()), 10_000, 0)
    assert len(pages) == 202
    with daemon_cache(tmp_path / "cache") as cache:
        refused = unreadable(cache, [page.path for page in pages], 299)
    assert {path.name.partition("-")[0] for path in refused} <= {"blank"}
    assert all("nothing is on it" in reason for reason in refused.values())


def test_there_are_pages_enough_to_fill_up_every_label(tmp_path: Path) -> None:
    for label in made_labels():
        pages = label_documents(tmp_path, label, TOPPED_UP_TO)
        assert len(set(pages)) == TOPPED_UP_TO
        kinds = {page.stem.rpartition("-")[0] for page in pages}
        assert len(kinds) >= 9  # spread over the kinds


def test_a_damaged_file_of_pages_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "generated_pages.zip"
    damaged.write_bytes(generated.PACK.read_bytes()[:-1])
    monkeypatch.setattr(generated, "PACK", damaged)
    with pytest.raises(EnvironmentFaultError, match="missing or damaged"):
        foreign_documents(tmp_path, ("photo",), 1, 0)
