"""Documents are found by a part of their name, quickly, and what is forgotten is in no index."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy import text as sa_text

from docsorter.clock import ManualClock
from docsorter.store import (
    Arrival,
    DocumentFilter,
    ReviewFilter,
    Store,
    migrate,
    names,
    open_store,
)
from docsorter.store.backups import check, scrub
from docsorter.store.upkeep import UpkeepRepository
from tests.store.conftest import URL
from tests.store.office import Office

SECRET = "𐍈𐌰𐌱𐌲 Geheim.pdf"
ODD = ['say "hi".pdf', "100%_sure.pdf", "b\udcff\x01.pdf", "Rechnung März.pdf", "ab", "*:^-.pdf"]


def found(store: Store, text: str) -> list[str]:
    return [document.name for document in store.documents.find(DocumentFilter(text=text))]


def claim(store: Store, *wanted: str) -> list[int]:
    arrivals = [Arrival(name, "", name, 1, 1) for name in wanted]
    return [store.documents.plan_claim(arrival, actor="daemon")[0].id for arrival in arrivals]


def blocks(path: Path) -> bytes:
    """Return everything that the index has in its files."""
    with closing(sqlite3.connect(path)) as database:
        return b"".join(row[0] for row in database.execute("SELECT block FROM document_names_data"))


def in_order(path: Path) -> bool:
    """Let SQLite compare the index with the names."""
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "INSERT INTO document_names (document_names, rank) VALUES ('integrity-check', 1)"
        )
    return check(path) == []


@contextmanager
def without_fts5(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Play an SQLite that was compiled without it."""
    with monkeypatch.context() as patched:
        patched.setattr(names, "has_trigrams", lambda _: False)
        yield


@pytest.mark.parametrize("with_index", [True, False])
def test_a_part_of_a_name_is_found_whatever_is_in_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, *, with_index: bool
) -> None:
    monkeypatch.setattr(names, "is_kept", lambda _: with_index)
    claim(store, *ODD)
    for name in ODD:
        for text in {name, name[1:], name[:3], name[-3:], name[:2]}:
            assert name in found(store, text), text
    assert found(store, "RECHNUNG") == found(store, "rechnung") == ["Rechnung März.pdf"]
    assert found(store, "nung M") == ["Rechnung März.pdf"]
    assert found(store, "sure.p") == found(store, "%_s") == ["100%_sure.pdf"]
    assert found(store, "none") == found(store, "rep") == found(store, '"*') == []
    assert len(found(store, ".pdf")) == 5
    assert len(found(store, "b")) == 2


@given(st.lists(st.text(max_size=6), max_size=4), st.text(max_size=4))
def test_the_index_leaves_out_nothing_that_is_in_the_names(wanted: list[str], text: str) -> None:
    """The index may offer too much, since it knows more of capital letters, never too little."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE VIRTUAL TABLE n USING fts5 (name, tokenize='trigram')")
        stored = [name.replace("\0", "") for name in wanted]
        asked = text.replace("\0", "")
        database.executemany("INSERT INTO n VALUES (?)", [(name,) for name in stored])
        quoted = '"{}"'.format(asked.replace('"', '""'))
        query = "SELECT name FROM n WHERE n MATCH ?"
        offered = {row[0] for row in database.execute(query, (quoted,))} if len(asked) > 2 else None
        (lower,) = database.execute("SELECT lower(?)", (asked,)).fetchone()
        for name in stored:
            (folded,) = database.execute("SELECT lower(?)", (name,)).fetchone()
            if offered is not None and lower in folded:
                assert name in offered


def test_the_queue_is_searched_as_well(store: Store) -> None:
    office = Office(store)
    office.review(name="Rechnung 7.pdf")
    office.review(name="Brief.pdf")
    office.sort(name="Rechnung 8.pdf")
    chosen = store.review.entries(filter=ReviewFilter(text="rechn"))
    assert [entry.document.name for entry in chosen] == ["Rechnung 7.pdf"]
    held = store.review.lease(None, owner="anna", seconds=1, filter=ReviewFilter(text="BRIEF"))
    assert held.entry.document.name == "Brief.pdf"


def test_what_many_have_is_read_from_the_names(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(store, *(f"scan {number}.pdf" for number in range(5)))
    monkeypatch.setattr(names, "FEW", 3)
    with store.database.read() as session:
        assert names.few(session, "scan") is None
        assert names.few(session, "an 4") is not None
        assert names.few(session, "n") is None
    assert len(found(store, "scan")) == 5


def test_nothing_of_a_forgotten_name_is_left_in_the_index(store: Store) -> None:
    office = Office(store)
    document = office.sort(name=SECRET)
    office.sort(name="Brief.pdf")
    path = store.database.path
    assert path is not None
    assert "𐌰".encode() in blocks(path)
    store.upkeep.forget(document.id, actor="anna")
    assert "𐌰".encode() not in blocks(path)
    assert found(store, "Geheim") == []
    assert store.documents.get(document.id).name == "(forgotten)"
    assert store.upkeep.unfinished_forgets() == []
    store.upkeep.checkpoint(truncate=True)
    assert "𐌰".encode() not in path.read_bytes()
    assert in_order(path)


def test_a_kill_before_the_index_is_merged_is_finished_by_the_next_try(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = Office(store).sort(name=SECRET)
    store.upkeep.begin_forget(document.id, actor="anna")
    with monkeypatch.context() as patched:
        patched.setattr(UpkeepRepository, "merge_indexes", raise_kill)
        with pytest.raises(KeyboardInterrupt):
            store.upkeep.finish_forget(document.id)
    assert store.upkeep.unfinished_forgets() == [document.id]
    store.upkeep.finish_forget(document.id)
    assert store.upkeep.unfinished_forgets() == []
    assert store.database.path is not None
    assert "𐌰".encode() not in blocks(store.database.path)


def raise_kill(_: UpkeepRepository) -> None:
    raise KeyboardInterrupt


def test_a_copy_forgets_it_too(store: Store, tmp_path: Path, clock: ManualClock) -> None:
    document = Office(store).sort(name=SECRET)
    copy = store.upkeep.backup(tmp_path / "copy.db")
    assert "𐌰".encode() in blocks(copy)
    assert scrub(copy, [(document.id, document.arrived_at)], clock.now()) == 1
    assert "𐌰".encode() not in copy.read_bytes()
    assert in_order(copy)


def test_backup_compaction_and_a_rebuild_keep_the_index(store: Store, tmp_path: Path) -> None:
    claim(store, *ODD)
    assert store.database.path is not None
    assert in_order(store.upkeep.backup(tmp_path / "copy.db"))
    store.upkeep.compact()
    assert in_order(store.database.path)
    assert store.upkeep.names_missing() == 0
    with store.database.write() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO document_names (document_names) VALUES ('delete-all')"
        )
    assert found(store, "sure") == []
    assert store.upkeep.names_missing() == len(ODD)
    assert "the index of names lacks 6 documents" in store.upkeep.integrity_check()
    store.upkeep.rebuild_names()
    assert found(store, "sure") == ["100%_sure.pdf"]
    assert store.upkeep.integrity_check() == []


def test_a_database_moves_to_an_sqlite_without_the_index_and_back(
    store: Store, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.database.path is not None
    folder = store.database.path.parent

    def start() -> Store:
        migrate(URL, clock=clock, state_dir=folder, backups_dir=tmp_path / "backups")
        return open_store(URL, clock=clock, state_dir=folder)

    claim(store, "before.pdf")
    with store.database.read() as session:
        made = triggers(session.connection())
    store.close()
    with without_fts5(monkeypatch), start() as poor:
        claim(poor, "meanwhile.pdf")
        with poor.database.read() as session:
            assert triggers(session.connection()) == {}
        assert found(poor, "pdf") == ["meanwhile.pdf", "before.pdf"]
        assert poor.upkeep.integrity_check() == []
    with start() as rich:
        with rich.database.read() as session:
            assert triggers(session.connection()) == made
        claim(rich, "after.pdf")
        assert found(rich, "pdf") == ["after.pdf", "meanwhile.pdf", "before.pdf"]
    assert in_order(folder / "docsorter.db")


def triggers(connection: Connection) -> dict[str, str]:
    """Return the statements that keep the index, blanks aside."""
    query = (
        "SELECT name, sql FROM sqlite_master"
        " WHERE type = 'trigger' AND name LIKE 'document_names_%'"
    )
    return {name: " ".join(sql.split()) for name, sql in connection.execute(sa_text(query))}
