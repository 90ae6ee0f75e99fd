"""One or two characters are found in names at once, and what is forgotten is in no index."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql

from docsorter.clock import ManualClock
from docsorter.documents import State
from docsorter.store import DocumentFilter, ReviewFilter, Store
from docsorter.store.backups import scrub
from tests.store.office import Office

BLOCK = 512
SECRET = "Ø𐌰.pdf"
ADD = """
    INSERT INTO documents (id, name, source, state, place, path, size, mtime_ns, producer,
        arrived_at, attempts)
    VALUES (:id, :name, '', 'sorted', 'sorted', '', 1, 1, '', '2026-01-01 00:00:00.000000', 0)
    """
CHARACTERS = st.sampled_from("abAB.%_ä1")
PLACED = st.dictionaries(st.integers(1, 3 * BLOCK), st.text(CHARACTERS, max_size=5), max_size=12)


@contextmanager
def filled(store: Store, placed: dict[int, str]) -> Iterator[Path]:
    """Put documents into an empty store and take them out again."""
    with store.database.write() as session:
        for number, name in placed.items():
            session.execute(sql(ADD), {"id": number, "name": name})
    assert store.database.path is not None
    try:
        yield store.database.path
    finally:
        with store.database.write() as session:
            session.execute(sql("DELETE FROM documents"))


def parts(path: Path) -> set[tuple[str, int]]:
    with closing(sqlite3.connect(path)) as database:
        return set(database.execute("SELECT part, block FROM name_parts"))


def expected(placed: dict[int, str]) -> set[tuple[str, int]]:
    return {
        (lowered(name[start : start + width]), number // BLOCK)
        for number, name in placed.items()
        for start in range(len(name))
        for width in (1, 2)
    }


def lowered(text: str) -> str:
    """As SQLite does: it knows of capital letters in ASCII only."""
    return "".join(one.lower() if one.isascii() else one for one in text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(PLACED, st.text(CHARACTERS, min_size=1, max_size=2), st.integers(1, 4), st.data())
def test_a_page_has_the_newest_names_with_the_text_and_the_index_no_more_than_names(
    store: Store, placed: dict[int, str], text: str, limit: int, data: st.DataObject
) -> None:
    with filled(store, placed) as path:
        assert parts(path) == expected(placed)
        before = data.draw(st.none() | st.integers(1, 3 * BLOCK))
        hits = [
            number
            for number, name in sorted(placed.items(), reverse=True)
            if lowered(text) in lowered(name) and (before is None or number < before)
        ]
        for state in (None, State.SORTED):
            wanted = DocumentFilter(text=text, state=state)
            found = store.documents.find(wanted, limit=limit, before_id=before)
            assert [document.id for document in found] == hits[:limit]
    assert parts(path) == set()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(PLACED.filter(bool), st.lists(st.tuples(st.integers(0, 11), st.text(CHARACTERS))))
def test_a_changed_name_leaves_only_what_its_neighbours_have(
    store: Store, placed: dict[int, str], changes: list[tuple[int, str]]
) -> None:
    numbers = sorted(placed)
    with filled(store, placed) as path:
        for which, name in changes:
            number = numbers[which % len(numbers)]
            with store.database.write() as session:
                values = {"id": number, "name": name}
                session.execute(sql("UPDATE documents SET name = :name WHERE id = :id"), values)
            placed = {**placed, number: name}
        assert parts(path) == expected(placed)


def test_the_queue_is_searched_as_well(store: Store, office: Office) -> None:
    office.review(name="Rechnung 7.pdf")
    office.review(name="Brief.pdf")
    office.sort(name="Rechnung 8.pdf")
    for text, names in (("RE", ["Rechnung 7.pdf"]), ("f", ["Rechnung 7.pdf", "Brief.pdf"])):
        chosen = store.review.entries(filter=ReviewFilter(text=text))
        assert [entry.document.name for entry in chosen] == names
    assert store.review.entries(filter=ReviewFilter(text="zq")) == []


@pytest.mark.parametrize("name", ["b\udcff\x01.pdf", "\udcff" * 250 + "ab.p", "x" * 255])
def test_the_longest_and_oddest_names_are_found(store: Store, office: Office, name: str) -> None:
    office.sort(name=name)
    for text in {name[0], name[:2], name[-2:], name[-1]}:
        assert [one.name for one in store.documents.find(DocumentFilter(text=text))] == [name]


def test_nothing_of_a_forgotten_name_is_left(
    store: Store, office: Office, tmp_path: Path, clock: ManualClock
) -> None:
    document = office.sort(name=SECRET)
    office.sort(name="Brief.pdf")
    path = store.database.path
    assert path is not None
    copy = store.upkeep.backup(tmp_path / "copy.db")
    assert {("ø", 0), ("Ø", 0)} & parts(copy)
    scrub(copy, [(document.id, document.arrived_at)], clock.now())
    store.upkeep.forget(document.id, actor="anna")
    store.upkeep.checkpoint(truncate=True)
    for file in (path, copy):
        assert not {part for part, _ in parts(file)} & set(SECRET[:2])
        assert "𐌰".encode() not in file.read_bytes()
        assert ("br", 0) in parts(file)


def test_what_the_index_lacks_is_noticed_and_made_anew(store: Store, office: Office) -> None:
    office.sort(name="Brief.pdf")
    with store.database.write() as session:
        session.execute(sql("DELETE FROM name_parts"))
    assert store.documents.find(DocumentFilter(text="br")) == []
    assert store.upkeep.integrity_check() == ["the index of names lacks 1 blocks of documents"]
    store.upkeep.rebuild_names()
    assert len(store.documents.find(DocumentFilter(text="br"))) == 1
    assert store.upkeep.integrity_check() == []
