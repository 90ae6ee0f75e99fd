"""What every part of the store stands on: one short transaction per call."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from docsorter.clock import Clock
from docsorter.errors import StoreError
from docsorter.store.engine import reading, writing
from docsorter.store.faults import translated
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
        # Threads queue here in order; SQLite lets its writers poll and the unlucky starve.
        self._turn = threading.Lock()

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
        one_state = reading(self._engine, self._location)
        with translated(self.where), Session(one_state) as session, session.begin():
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that holds the right to write from its first statement.

        Raises:
            StoreError: Somebody else wrote longer than the busy time.
        """
        with (
            self._in_turn(),
            translated(self.where),
            Session(writing(self._engine)) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if self.path is None:  # a server has its own queue
            yield
            return
        if not self._turn.acquire(timeout=self._busy_seconds):
            raise StoreError(
                f"the database {self.where} stayed busy for {self._busy_seconds:g} s",
                remedy="look for a slow disk with docsorter doctor, or raise store.busy_seconds",
            )
        try:
            yield
        finally:
            self._turn.release()

    def _now(self) -> dt.datetime:
        return self._clock.now()
