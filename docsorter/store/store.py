"""The store: everything docsorter must not forget, in seven repositories over one database."""

import secrets
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from docsorter.clock import Clock
from docsorter.errors import StoreError
from docsorter.resources import process_mark
from docsorter.store.checks import CheckRepository
from docsorter.store.database import Database, make_engine, translated
from docsorter.store.documents import DocumentRepository
from docsorter.store.labels import LabelRepository
from docsorter.store.learning import LearningRepository
from docsorter.store.location import grant, locate, refuse_shared_storage
from docsorter.store.migration import refuse_newer, schema_version
from docsorter.store.moves import MoveRepository
from docsorter.store.review import ReviewRepository
from docsorter.store.tables import SCHEMA_VERSION
from docsorter.store.upkeep import UpkeepRepository


class Store:
    """Documents, moves, review entries, answers and events of one workspace.

    Every method of a repository is one short transaction. A store may be shared by the threads of
    a process, but not be carried over a fork. Close it, or use it as a context manager.
    """

    def __init__(self, database: Database, clock: Clock, token: Callable[[], str]) -> None:
        self.database = database
        self.documents = DocumentRepository(database, clock)
        self.moves = MoveRepository(database, clock)
        self.review = ReviewRepository(database, clock, token)
        self.checks = CheckRepository(database, clock)
        self.learning = LearningRepository(database, clock)
        self.labels = LabelRepository(database, clock)
        self.upkeep = UpkeepRepository(database, clock)

    def close(self) -> None:
        """Close every connection; the store opens new ones if it is used again."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _new_token() -> str:
    """Return a secret that also says which process it was given to."""
    return f"{process_mark()}-{secrets.token_hex(16)}"


def open_store(
    url: str,
    *,
    clock: Clock,
    state_dir: Path,
    busy_seconds: float = 30.0,
    group: str = "",
    token: Callable[[], str] = _new_token,
) -> Store:
    """Open a database that exists and has the schema of this version.

    Args:
        url: SQLAlchemy URL.
        clock: Dates what is written.
        state_dir: What a relative SQLite path is relative to.
        busy_seconds: How long to wait for another writer.
        group: Unix group that shares the database; empty keeps it private.
        token: Makes the secrets of rows.

    Raises:
        StoreError: The database is missing, older, newer, damaged, locked, or lies where SQLite
            loses data.
        SettingsError: The URL or the group is wrong.
        DependencyError: The library that speaks with PostgreSQL is not installed.
    """
    location = locate(url, state_dir)
    if location.path is not None:
        if not location.path.is_file():
            raise StoreError(
                f"there is no database {location.path}",
                remedy="put it back, or: docsorter restore BACKUP; docsorter init makes a new one",
            )
        refuse_shared_storage(location.path)
    engine = make_engine(location, busy_seconds=busy_seconds)
    store = Store(Database(engine, location, busy_seconds=busy_seconds), clock, token)
    where = store.database.where
    try:
        with translated(where), engine.connect() as connection:
            version = schema_version(connection, where)
        refuse_newer(version, where)
        _refuse_older(version, where)
        if location.path is not None:
            grant(location.path, group)
    except BaseException:
        store.close()
        raise
    return store


def _refuse_older(version: str, where: str) -> None:
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"the database {where} is of an older version ({version or 'empty'})",
            remedy="start the daemon once, it brings the database up to date: docsorter run",
        )
