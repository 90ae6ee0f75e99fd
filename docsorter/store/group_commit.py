"""One commit for writers that queue behind each other, so that flushing the disk does not dominate.

Whoever leaves while another waits leaves the transaction open for it, and waits until that one has
committed for both (group commit: DeWitt et al. 1984, "Implementation techniques for main memory
database systems"). A writer that nobody waits behind commits at once, as if there were no groups.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Literal

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from docsorter.errors import StoreError

_Mode = Literal["create_savepoint", "rollback_only"]
_MOST: Final = 64  # members of a group; then others get their turn first
_LOOK_SECONDS: Final = 0.05  # how soon it is noticed that whoever was waited for gave up


class _Group:
    """Writers that share one transaction.

    Attributes:
        connection: Holds the right to write.
        members: How many have left their part in it.
        error: Why nothing of it was committed.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.members = 0
        self.error: BaseException | None = None
        self.ended = threading.Event()


class GroupCommit:
    """Gives the threads of a process one transaction after the other on one SQLite database.

    Args:
        engine: Begins transactions that hold the right to write from their first statement.
        busy_seconds: How long to wait for one's turn.
        where: The database as people know it.
    """

    def __init__(self, engine: Engine, busy_seconds: float, where: str) -> None:
        self._engine = engine
        self._busy_seconds = busy_seconds
        self._where = where
        # Threads queue here in order; SQLite lets its writers poll and the unlucky starve.
        self._turn = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0
        self._open: _Group | None = None

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session whose changes are durable, all or none, when the block is left.

        What fails in the block undoes this block alone.

        Raises:
            StoreError: Others wrote longer than the busy time.
            SQLAlchemyError: What the database says; then nothing of this block is stored.
        """
        self._take_turn()
        group = self._open
        try:
            if group is None:
                group = self._open = _Group(self._engine.connect())
                group.connection.begin()
            with self._part(group) as session:
                yield session
            group.members += 1
        except BaseException:
            self._after_failure(group)
            raise
        self._leave(group)

    def _take_turn(self) -> None:
        with self._counting:
            self._waiting += 1
        try:
            taken = self._turn.acquire(timeout=self._busy_seconds)
        finally:
            with self._counting:
                self._waiting -= 1
        if not taken:
            raise StoreError(
                f"the database {self._where} stayed busy for {self._busy_seconds:g} s",
                remedy="look for a slow disk with docsorter doctor, or raise store.busy_seconds",
            )

    @staticmethod
    @contextmanager
    def _part(group: _Group) -> Iterator[Session]:
        """Open the part of one writer; the first needs no savepoint, for it is all there is."""
        mode: _Mode = "create_savepoint" if group.members else "rollback_only"
        with (
            Session(group.connection, join_transaction_mode=mode) as session,
            session.begin(),
        ):
            yield session

    def _after_failure(self, group: _Group | None) -> None:
        """Let go of the turn after a block that failed; the parts of others are still committed."""
        if group is None:  # it could not even begin
            self._open = None
            self._turn.release()
        elif not group.members:
            self._end(group, commit=False)
        elif _is_open(group.connection):
            self._pass_on(group)
        else:  # some errors make SQLite roll back everything: disk full, I/O, memory
            group.error = StoreError(
                f"the database {self._where} undid what was being written",
                remedy="nothing was lost; it is tried again",
            )
            self._end(group, commit=False)

    def _leave(self, group: _Group) -> None:
        self._pass_on(group)
        while not group.ended.wait(_LOOK_SECONDS):
            # Whoever waited may have given up before its turn came.
            if not self._waiting and self._turn.acquire(blocking=False):
                if self._open is group:
                    self._end(group, commit=True)
                else:
                    self._turn.release()
        if group.error is not None:
            raise group.error

    def _pass_on(self, group: _Group) -> None:
        """Commit, or let the next in the queue do so."""
        if self._waiting and group.members < _MOST:
            self._turn.release()
        else:
            self._end(group, commit=True)

    def _end(self, group: _Group, *, commit: bool) -> None:
        """End the transaction, tell the members, and let the next one begin."""
        try:
            if commit:
                group.connection.commit()
        except BaseException as error:  # noqa: BLE001 -- raised in every member
            group.error = error
            with suppress(SQLAlchemyError):  # it may still be in the transaction: use another one
                group.connection.invalidate()
        finally:
            with suppress(SQLAlchemyError):
                group.connection.close()  # rolls back what is not committed
            self._open = None
            group.ended.set()
            self._turn.release()


def _is_open(connection: Connection) -> bool:
    """Say whether SQLite is still in the transaction (sqlite3_get_autocommit)."""
    driver = connection.connection.dbapi_connection
    return bool(getattr(driver, "in_transaction", False))
