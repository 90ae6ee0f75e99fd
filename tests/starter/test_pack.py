"""The file of small generated pages that training takes what nobody collects from."""

import zipfile
from pathlib import Path

import pytest

from docsorter.model.bundle import digest
from docsorter.training import generated
from starter.kinds import EVERY, LATER
from starter.pack import EACH, LATER_EACH, write_pack


def test_the_file_that_ships_has_pages_of_every_kind_and_is_the_one_that_was_measured() -> None:
    with zipfile.ZipFile(generated.PACK) as pack:
        names = pack.namelist()
    each = {kind: LATER_EACH if kind in LATER else EACH for kind in EVERY}
    expected = [
        f"{folder}/{kind}-{number}.webp"
        for kind, folder in EVERY.items()
        for number in range(1, each[kind] + 1)
    ]
    assert names == expected
    assert digest(generated.PACK) == generated.SHA256


def test_a_file_is_made_with_a_few_pages_of_a_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "pages.zip"
    write_pack(made, ("blank", "scrap", "later-letter"))
    monkeypatch.setattr(generated, "PACK", made)
    monkeypatch.setattr(generated, "SHA256", digest(made))
    generated._pages.cache_clear()
    try:
        assert generated.foreign_kinds(("letter",)) == ("blank", "scrap")
        assert len(generated.foreign_documents(tmp_path, ("scrap",), EACH, 0)) == EACH
        assert generated.made_labels() == frozenset()
        assert len(generated.later_pages(tmp_path)) == LATER_EACH
    finally:
        generated._pages.cache_clear()
