"""What every part of the store stands on: one short transaction per call."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from docsorter.clock import Clock
from docsorter.store.engine import asking, reading, writing
from docsorter.store.faults import translated
from docsorter.store.group_commit import GroupCommit
from docsorter.store.location import Location


class Transactions:
    """Opens transactions on one database; safe to share between the threads of a process.

    Args:
        engine: Made by `docsorter.store.engine.make_engine`.
        location: The database.
        clock: Dates what is written.
        busy_seconds: How long to wait for another writer.
        token: Makes the secret of a lease.
    """

    def __init__(
        self,
        engine: Engine,
        location: Location,
        *,
        clock: Clock,
        busy_seconds: float,
        token: Callable[[], str],
    ) -> None:
        self._engine = engine
        self._location = location
        self._clock = clock
        self._busy_seconds = busy_seconds
        self._token = token
        self._reader = reading(engine, location)
        self._asker = asking(engine)
        self._writer = writing(engine)
        self._groups = GroupCommit(self._writer, busy_seconds, str(location.path))

    @property
    def path(self) -> Path | None:
        """The database file; None when the database is a server's."""
        return self._location.path

    @property
    def url(self) -> str:
        """The database as people know it, with the password hidden."""
        return self._location.url.render_as_string(hide_password=True)

    @property
    def where(self) -> str:
        """The database in a sentence: its file, or its URL."""
        return str(self.path or self.url)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that sees one state of the database throughout."""
        with translated(self.where), Session(self._reader) as session, session.begin():
            yield session

    @contextmanager
    def ask(self) -> Iterator[Connection]:
        """Open a connection for one question, which sees one state of the database by itself."""
        with translated(self.where), self._asker.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that holds the right to write from its first statement.

        Several threads that write at once may share one commit; each returns when its own part is
        durable, and what fails in one undoes no other's.

        Raises:
            StoreError: Somebody else wrote longer than the busy time.
        """
        if self.path is None:  # a server has its own queue
            with translated(self.where), Session(self._writer) as session, session.begin():
                yield session
        else:
            with translated(self.where), self._groups.write() as session:
                yield session

    def _now(self) -> dt.datetime:
        return self._clock.now()
