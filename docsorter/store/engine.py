"""Engines whose transactions are what they say: BEGIN IMMEDIATE to write, WAL, full durability."""

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from docsorter.errors import StoreError
from docsorter.store.location import Location

_OPTION = "docsorter_begin"
_NONE = ""


def make_engine(location: Location, *, busy_seconds: float, foreign_keys: bool = True) -> Engine:
    """Return an engine; nothing is opened yet.

    Args:
        location: Which database.
        busy_seconds: How long to wait for another writer.
        foreign_keys: Off only while a migration rebuilds tables (LESSONS 69).
    """
    if location.path is None:
        wait = f"-c lock_timeout={round(busy_seconds * 1000)}"
        # asked before use: the server may have been started anew since
        return create_engine(location.url, connect_args={"options": wait}, pool_pre_ping=True)
    engine = create_engine(
        location.url,
        connect_args={"timeout": busy_seconds},
        pool_size=4,
        max_overflow=-1,  # a waiting thread waits for the database, never for a connection
    )
    _begin_by_ourselves(engine, foreign_keys=foreign_keys)
    return engine


def reading(engine: Engine, location: Location) -> Engine:
    """Return the same engine for transactions that see one state of the database throughout."""
    if location.path is not None:  # SQLite's transactions always do
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ")


def asking(engine: Engine) -> Engine:
    """Return the same engine for single questions, which need no transaction around them."""
    return engine.execution_options(**{_OPTION: _NONE})


def writing(engine: Engine) -> Engine:
    """Return the same engine for transactions that write from their first statement on."""
    return engine.execution_options(**{_OPTION: "IMMEDIATE"})


def _begin_by_ourselves(engine: Engine, *, foreign_keys: bool) -> None:
    """Take BEGIN away from sqlite3, which would start a write in the middle of a read.

    A read that turns into a write fails at once with SQLITE_BUSY_SNAPSHOT, whatever the timeout
    (LESSONS 63); the recipe is SQLAlchemy's, "Enabling Non-Legacy SQLite Transactional Modes".
    """

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        try:
            _set_pragmas(connection, foreign_keys=foreign_keys)
        except BaseException:
            connection.close()  # the pool has not taken charge of it yet
            raise

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get(_OPTION, "DEFERRED")
        if mode != _NONE:
            connection.exec_driver_sql(f"BEGIN {mode}")


def _set_pragmas(connection: sqlite3.Connection, *, foreign_keys: bool) -> None:
    wanted: dict[str, Any] = {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL: a commit is on the disk before the next move of a file
        "foreign_keys": int(foreign_keys),
        "secure_delete": 1,  # what was forgotten is overwritten
    }
    # Heard only by an empty file; an older one keeps what it has until it is written anew.
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    for name, value in wanted.items():
        connection.execute(f"PRAGMA {name}={value}")
        (got,) = connection.execute(f"PRAGMA {name}").fetchone()
        if got != value:
            raise StoreError(
                f"SQLite refuses {name}={value} here and answers {got!r}",
                remedy="put places.state on a local disk that allows shared memory",
            )
