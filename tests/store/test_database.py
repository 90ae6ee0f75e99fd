"""The database as a file: concurrency, crashes, locks, damage, modes."""

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.documents import Place, State
from docsorter.errors import ConflictError, StoreError
from docsorter.store import Arrival, Destination, Store, open_store
from tests.store.conftest import URL
from tests.store.office import Office

WRITER = """
import sys
from pathlib import Path
from docsorter.clock import SystemClock
from docsorter.store import Arrival, open_store

who, folder = sys.argv[1], Path(sys.argv[2])
with open_store("sqlite:///docsorter.db", clock=SystemClock(), state_dir=folder) as store:
    for number in range(4):
        name = f"{who}-{number}.pdf"
        document, move = store.documents.plan_claim(Arrival(name, "", name, 1, 1), actor=who)
        store.moves.finish(move.id, actor=who, event="claimed")
"""

HALFWAY = """
import os, signal, sys
from pathlib import Path
from docsorter.clock import SystemClock
from docsorter.store import Arrival, open_store
from docsorter.store.tables import EventRow

store = open_store("sqlite:///docsorter.db", clock=SystemClock(), state_dir=Path(sys.argv[1]))
store.documents.plan_claim(Arrival("kept.pdf", "", "kept.pdf", 1, 1), actor="daemon")
with store.database.write() as session:
    now = SystemClock().now()
    session.add(EventRow(at=now, kind="lost", actor="x", document_id=1, detail={}))
    session.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_fifty_writers_in_threads_and_processes_all_get_their_turn(
    store: Store, state_dir: Path, another_store: Callable[[], Store]
) -> None:
    stores = [store, another_store()]

    def claim(number: int) -> None:
        name = f"thread-{number}.pdf"
        one = stores[number % 2]
        _, move = one.documents.plan_claim(Arrival(name, "", name, 1, 1), actor="thread")
        one.moves.finish(move.id, actor="thread", event="claimed")

    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, f"process{n}", str(state_dir)])
        for n in range(2)
    ]
    with ThreadPoolExecutor(48) as threads:
        list(threads.map(claim, range(96)))
    assert [process.wait(timeout=120) for process in processes] == [0] * 2
    assert store.documents.counts().states[State.SPOOLED] == 96 + 8
    assert store.moves.planned() == []
    assert store.upkeep.integrity_check() == []


def test_a_reader_sees_one_state_while_others_write(store: Store, office: Office) -> None:
    office.drop()
    with store.database.read() as session:
        query = "SELECT count(*) FROM documents"
        before = session.connection().exec_driver_sql(query).scalar()
        office.drop()
        assert session.connection().exec_driver_sql(query).scalar() == before == 1
    assert store.documents.counts().total == 2


@pytest.mark.slow
def test_a_process_killed_in_a_transaction_leaves_nothing_of_it(
    store: Store, state_dir: Path
) -> None:
    killed = subprocess.run([sys.executable, "-c", HALFWAY, str(state_dir)], check=False)
    assert killed.returncode == -9
    assert [event.kind for event in store.documents.events()] == ["claim_planned"]
    assert len(store.moves.planned()) == 1
    assert store.upkeep.integrity_check() == []


def test_an_error_in_a_transaction_leaves_nothing_of_it(store: Store, office: Office) -> None:
    document = office.drop()

    def fail_halfway() -> None:
        with store.database.write() as session:
            session.connection().exec_driver_sql("UPDATE documents SET name = 'other'")
            raise TypeError

    with pytest.raises(TypeError):
        fail_halfway()
    assert store.documents.get(document.id).name == document.name


def test_a_lock_held_too_long_is_explained(
    state_dir: Path, clock: ManualClock, store: Store
) -> None:
    with (
        open_store(URL, clock=clock, state_dir=state_dir, busy_seconds=0.05) as hasty,
        closing(sqlite3.connect(state_dir / "docsorter.db", isolation_level=None)) as browser,
    ):
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="stayed locked by another program") as caught:
            hasty.documents.add_event("noted", actor="daemon")
        assert "fuser" in caught.value.remedy
        assert hasty.documents.events() == []  # reading goes on
        browser.execute("ROLLBACK")
        hasty.documents.add_event("noted", actor="daemon")
        assert len(store.documents.events()) == 1


def test_threads_wait_for_each_other_only_so_long(state_dir: Path, clock: ManualClock) -> None:
    with open_store(URL, clock=clock, state_dir=state_dir, busy_seconds=0.05) as hasty:
        inside, done = threading.Event(), threading.Event()

        def hold() -> None:
            with hasty.database.write():
                inside.set()
                done.wait(30)

        holder = threading.Thread(target=hold)
        holder.start()
        inside.wait(30)
        with pytest.raises(StoreError, match="stayed busy"):
            hasty.documents.add_event("noted", actor="daemon")
        done.set()
        holder.join()


@pytest.mark.parametrize("statement", ["UPDATE events SET kind = 'x'", "DELETE FROM events"])
def test_the_log_can_neither_be_changed_nor_deleted(store: Store, statement: str) -> None:
    event = store.documents.add_event("noted", actor="anna", detail={"why": "test"})
    with pytest.raises(StoreError, match="append-only"), store.database.write() as session:
        session.connection().exec_driver_sql(statement)
    assert store.documents.events() == [event]


def test_the_log_is_read_by_document_time_and_number(
    store: Store, office: Office, clock: ManualClock
) -> None:
    document = office.drop()
    clock.advance(60)
    noted = store.documents.add_event("noted", actor="anna", document_id=document.id)
    alone = store.documents.add_event("started", actor="daemon")
    assert store.documents.events(document_id=document.id)[-1] == noted
    assert store.documents.events(since=clock.now()) == [noted, alone]
    assert store.documents.events(after_id=noted.id) == [alone]
    assert len(store.documents.events(limit=1)) == 1


def test_every_connection_is_durable_and_checks_references(store: Store) -> None:
    with store.database.read() as session:
        connection = session.connection()
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragma == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 60_000,
    }
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.documents.add_event("noted", actor="anna", document_id=99)


def test_a_missing_database_is_named(tmp_path: Path, clock: ManualClock) -> None:
    with pytest.raises(StoreError, match="there is no database") as caught:
        open_store(URL, clock=clock, state_dir=tmp_path)
    assert "docsorter init" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bytes_", [b"this is no database at all, it is text" * 30, None])
def test_a_damaged_database_is_refused_with_a_remedy(
    state_dir: Path, clock: ManualClock, bytes_: bytes | None
) -> None:
    file = state_dir / "docsorter.db"
    whole = file.read_bytes()
    file.write_bytes(bytes_ or whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(StoreError, match="damaged") as caught:
        open_store(URL, clock=clock, state_dir=state_dir).documents.counts()
    assert "docsorter restore" in caught.value.remedy


@pytest.mark.slow
def test_a_store_is_opened_without_alembic(state_dir: Path) -> None:
    program = (
        "import json, sys; from pathlib import Path;"
        "from docsorter.clock import SystemClock; from docsorter.store import open_store;"
        f"open_store({URL!r}, clock=SystemClock(), state_dir=Path(sys.argv[1])).documents.counts();"
        "print(json.dumps([name for name in sys.modules if name.startswith('alembic')]))"
    )
    out = subprocess.run(
        [sys.executable, "-c", program, str(state_dir)], check=True, capture_output=True
    )
    assert json.loads(out.stdout) == []


def test_a_conflict_of_two_stores_is_decided_once(
    store: Store, office: Office, another_store: Callable[[], Store]
) -> None:
    document = office.review()
    entry = store.review.entry_for_document(document.id)
    other = another_store()
    barrier = threading.Barrier(2)

    def answer(opened: Store, reviewer: str) -> str:
        barrier.wait(30)
        try:
            opened.review.plan_answer(
                entry.id,
                Destination(Place.SORTED, "claim/x.pdf", State.SORTED),
                label="claim",
                token=None,
                reviewer=reviewer,
                uid=1,
            )
        except ConflictError:
            return ""
        return reviewer

    with ThreadPoolExecutor(2) as threads:
        winners = list(threads.map(answer, [store, other], ["anna", "ben"]))
    assert sorted(map(bool, winners)) == [False, True]
    assert [one.reviewer for one in store.review.answers(document.id)] == [max(winners)]
