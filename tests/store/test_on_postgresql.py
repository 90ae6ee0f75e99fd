"""What is different on a PostgreSQL server; what is the same is in the modules `any_database`."""

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from docsorter.clock import ManualClock
from docsorter.documents import Place, State
from docsorter.errors import ConflictError, DependencyError, StoreError, UsageError
from docsorter.store import Arrival, DocumentFilter, Store, migrate, open_store
from docsorter.store.migration import revisions
from docsorter.store.tables import SCHEMA_VERSION
from tests.postgresql import Server
from tests.store.office import Office

ON_A_SERVER = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def go(url: str, folder: Path, to: str = "") -> Path | None:
    return migrate(url, clock=ManualClock(), state_dir=folder, backups_dir=folder, to=to)


def test_the_schema_goes_to_every_revision_and_back(server: Server, tmp_path: Path) -> None:
    url = server.make("revisions")
    for revision in [*revisions(), *reversed(revisions()), ""]:
        assert go(url, tmp_path, revision) is None, "a server is backed up by its own tools"
    with open_store(url, clock=ManualClock(), state_dir=tmp_path) as store:
        assert Office(store).sort(name="a.pdf").state is State.SORTED
        assert store.upkeep.integrity_check() == []
    assert list(tmp_path.iterdir()) == []


def test_an_empty_and_a_newer_database_are_refused(server: Server, tmp_path: Path) -> None:
    url = server.make("later")
    with pytest.raises(StoreError, match="older version"):
        open_store(url, clock=ManualClock(), state_dir=tmp_path)
    go(url, tmp_path)
    with (
        open_store(url, clock=ManualClock(), state_dir=tmp_path) as store,
        store.database.write() as session,
    ):
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for open_it in (go, lambda *_: open_store(url, clock=ManualClock(), state_dir=tmp_path)):
        with pytest.raises(
            StoreError, match=rf"newer \(9999\) than this docsorter \({SCHEMA_VERSION}"
        ):
            open_it(url, tmp_path)


def test_a_server_that_does_not_answer_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://docsorter:secret@/paper?host={tmp_path}"
    with pytest.raises(StoreError) as caught:
        open_store(url, clock=ManualClock(), state_dir=tmp_path)
    assert "store.url" in caught.value.remedy
    assert "secret" not in str(caught.value)


def test_without_its_library_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DependencyError, match="psycopg is not installed") as caught:
        go("postgresql://u@h/d", tmp_path)
    assert "docsorter[postgresql]" in caught.value.remedy


@ON_A_SERVER
def test_the_log_is_append_only(store: Store, office: Office) -> None:
    office.drop()
    for change in ("DELETE FROM events", "UPDATE events SET actor = 'nobody'"):
        with pytest.raises(StoreError, match="append-only"), store.database.write() as session:
            session.execute(text(change))
    assert len(store.documents.events()) == 2


@ON_A_SERVER
def test_fifty_writers_all_get_their_turn(store: Store) -> None:
    def claim(number: int) -> None:
        name = f"{number}.pdf"
        _, move = store.documents.plan_claim(Arrival(name, "", name, 1, 1), actor="daemon")
        store.moves.finish(move.id, actor="daemon", event="claimed")

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(claim, range(100)))
    assert store.documents.counts().states[State.SPOOLED] == 100
    assert store.upkeep.integrity_check() == []


@ON_A_SERVER
def test_one_document_is_leased_and_moved_by_one_of_many(store: Store, office: Office) -> None:
    waiting = {office.review().id for _ in range(10)}

    def take(number: int) -> int:
        held = store.review.lease(None, owner=f"reviewer-{number}", seconds=60)
        return held.entry.document.id

    def plan(_: int) -> bool:
        document = store.documents.get(min(waiting))
        try:
            store.moves.plan(document.id, office.back(document), actor="daemon")
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(take, range(10))) == waiting
        assert sum(pool.map(plan, range(10))) == 1


@ON_A_SERVER
def test_a_lock_held_too_long_is_explained(store: Store, url: str, tmp_path: Path) -> None:
    document = Office(store).drop()
    with (
        open_store(url, clock=ManualClock(), state_dir=tmp_path, busy_seconds=0.1) as hasty,
        store.database.write() as session,
    ):
        session.execute(text("SELECT * FROM documents FOR UPDATE"))
        with pytest.raises(StoreError, match="stayed locked"):
            hasty.documents.set_hash(document.id, sha256="0" * 64, size=1, mtime_ns=1)


@ON_A_SERVER
def test_a_server_that_was_started_anew_is_spoken_to_again(
    store: Store, office: Office, server: Server
) -> None:
    before = office.sort()

    def interrupted() -> None:
        with store.database.write() as session:
            session.execute(text("UPDATE documents SET label = 'lost'"))
            server.stop()
            server.start()
            session.execute(text("SELECT 1"))

    with pytest.raises(StoreError, match="failed") as caught:
        interrupted()
    assert "store.url" in caught.value.remedy
    assert store.documents.get(before.id) == before
    assert office.sort().id > before.id
    assert store.upkeep.integrity_check() == []


@ON_A_SERVER
def test_names_are_searched_and_what_only_files_have_is_refused(
    store: Store, office: Office, tmp_path: Path
) -> None:
    office.sort(name="Rechnung_7%.pdf")
    office.sort(name="Brief.pdf")
    for part in ("RECHN", "g_7%", "7", "%."):
        found = [one.name for one in store.documents.find(DocumentFilter(text=part))]
        assert found == ["Rechnung_7%.pdf"], part
    with pytest.raises(UsageError, match="SQLite") as caught:
        store.upkeep.backup(tmp_path / "copy.db")
    assert "pg_dump" in caught.value.remedy
    assert store.database.path is None
    assert store.upkeep.size() > 0
    store.upkeep.optimize()
    store.upkeep.compact()
    assert store.upkeep.checkpoint(truncate=True)
    assert store.upkeep.numbers() == (2, 4)
    assert store.documents.find()[0].place is Place.SORTED
