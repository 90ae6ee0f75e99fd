"""Writers that queue behind each other share a commit; each is durable, and each fails alone."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text

from docsorter.errors import StoreError
from docsorter.store.database import GroupCommit


class Log:
    """A database with one table, and how often it was committed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine: Engine = create_engine(f"sqlite:///{path}")
        self.commits = 0
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode=wal")
            connection.execute("CREATE TABLE lines (word TEXT UNIQUE)")
        connection.close()
        event.listen(self.engine, "connect", self._prepare)
        event.listen(self.engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
        event.listen(self.engine, "commit", self._count)
        self.groups = GroupCommit(self.engine, 10.0, "here")

    @staticmethod
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None

    def _count(self, _connection: object) -> None:
        self.commits += 1

    def write(self, word: str, inside: Callable[[], object] = lambda: None) -> None:
        with self.groups.write() as session:
            inside()
            session.execute(text("INSERT INTO lines VALUES (:word)"), {"word": word})

    def durable(self) -> set[str]:
        """Return what another program sees."""
        connection = sqlite3.connect(self.path)
        try:
            return {word for (word,) in connection.execute("SELECT word FROM lines")}
        finally:
            connection.close()

    def queue_up(self, words: list[str]) -> dict[str, BaseException | set[str]]:
        """Let writers queue behind one that is at it; return what each saw when it returned."""
        saw: dict[str, BaseException | set[str]] = {}
        inside, go = threading.Event(), threading.Event()

        def run(word: str, act: Callable[[], object] = lambda: None) -> None:
            try:
                self.write(word, act)
            except Exception as error:  # noqa: BLE001 -- returned
                saw[word] = error
            else:
                saw[word] = self.durable()

        def hold() -> None:
            inside.set()
            go.wait(10)

        threads = [threading.Thread(target=run, args=("first", hold))]
        threads[0].start()
        inside.wait(10)
        threads += [threading.Thread(target=run, args=(word,)) for word in words]
        for thread in threads[1:]:
            thread.start()
        while self.groups._waiting < len(words):
            threading.Event().wait(0.001)
        go.set()
        for thread in threads:
            thread.join(10)
        return saw


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path / "log.sqlite")
    yield made
    made.engine.dispose()


def test_writers_one_after_the_other_commit_each_for_itself(log: Log) -> None:
    for word in "abc":
        log.write(word)
        assert word in log.durable()
    assert log.commits == 3


def test_writers_in_a_queue_share_a_commit_and_return_when_it_is_durable(log: Log) -> None:
    words = [f"w{number}" for number in range(6)]
    saw = log.queue_up(words)
    for word in ["first", *words]:
        seen = saw[word]
        assert isinstance(seen, set)
        assert word in seen
    assert log.commits == 1


def test_what_fails_in_one_undoes_no_other(log: Log) -> None:
    saw = log.queue_up(["a", "first", "b"])  # "first" is there already: it must be unique
    assert log.durable() == {"first", "a", "b"}
    assert log.commits == 1
    assert isinstance(saw["a"], set)
    assert isinstance(saw["b"], set)


def test_the_first_of_a_queue_may_fail_without_the_others(log: Log) -> None:
    log.write("first")
    saw = log.queue_up(["a", "b"])
    assert isinstance(saw["first"], Exception)
    assert log.durable() == {"first", "a", "b"}


def test_a_commit_that_fails_fails_everybody_in_it(log: Log) -> None:
    def refuse(_connection: object) -> None:
        event.remove(log.engine, "commit", refuse)
        raise sqlite3.OperationalError("database or disk is full")

    event.listen(log.engine, "commit", refuse)
    saw = log.queue_up(["a", "b"])
    assert all(isinstance(seen, sqlite3.OperationalError) for seen in saw.values())
    assert log.durable() == set()
    log.write("later")
    assert log.durable() == {"later"}


def test_whoever_waits_too_long_for_its_turn_is_told(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.sqlite")
    groups = GroupCommit(log.engine, 0.01, "here")
    inside, go = threading.Event(), threading.Event()

    def hold() -> None:
        with groups.write():
            inside.set()
            go.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(10)
    with pytest.raises(StoreError, match="stayed busy"), groups.write():
        pass
    go.set()
    holder.join(10)
    log.engine.dispose()
