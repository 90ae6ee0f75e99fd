"""One database: its engine, its transactions, one commit for several writers, and its faults.

Group commit: whoever leaves while another waits leaves the transaction open for it, and waits until
that one has committed for both (DeWitt et al. 1984, "Implementation techniques for main memory
database systems"), so that flushing the disk does not dominate. A writer that nobody waits behind
commits at once.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from docsorter.clock import Clock
from docsorter.errors import ConflictError, DocsorterError, EnvironmentFaultError, StoreError
from docsorter.filesystem import environment_reason
from docsorter.store.location import Location

_OPTION = "docsorter_begin"
_NONE = ""

_Mode = Literal["create_savepoint", "rollback_only"]
_MOST: Final = 64  # members of a group; then others get their turn first
_LOOK_SECONDS: Final = 0.05  # how soon it is noticed that whoever was waited for gave up

_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SHUT = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY})
_SURROUNDINGS = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_UNIQUE = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
# PostgreSQL, appendix A: lock not available, deadlock; unique violation; disk full
_PG_LOCKED = frozenset({"55P03", "40P01"})
_PG_UNIQUE = "23505"
_PG_FULL = "53100"


class Database:
    """Opens transactions on one database; safe to share between the threads of a process."""

    def __init__(self, engine: Engine, location: Location, *, busy_seconds: float) -> None:
        self.engine = engine
        self.location = location
        self.busy_seconds = busy_seconds
        # Transactions that see one state of the database throughout; SQLite's always do.
        is_server = location.path is None
        self._reader = (
            engine.execution_options(isolation_level="REPEATABLE READ") if is_server else engine
        )
        # Single questions need no transaction around them.
        self._asker = engine.execution_options(**{_OPTION: _NONE})
        self._writer = writing(engine)
        self._identity: _Identity | None = None  # of the file, from the first connection on
        self._was_emptied = False
        if location.path is not None:
            # SQLite would make an empty file where there is none, and go on with that.
            event.listen(engine, "do_connect", lambda *_: self.refuse_replaced())
        self._groups = GroupCommit(self._writer, busy_seconds, str(location.path))

    @property
    def path(self) -> Path | None:
        """The database file; None when the database is a server's."""
        return self.location.path

    @property
    def url(self) -> str:
        """The database as people know it, with the password hidden."""
        return self.location.url.render_as_string(hide_password=True)

    @property
    def where(self) -> str:
        """The database in a sentence: its file, or its URL."""
        return str(self.path or self.url)

    def close(self) -> None:
        """Close every connection; whatever file is there at the next use is opened then."""
        self.engine.dispose()
        self._identity, self._was_emptied = None, False

    def refuse_replaced(self) -> None:
        """Refuse to go on without the file that was opened; one stat(2), nothing for a server.

        A file that was deleted can still be written to, and whatever is written is lost.

        Raises:
            StoreError: It was deleted, moved away, replaced by another file, or emptied.
        """
        if self.path is None:
            return
        found = _identity(self.path)
        if self._identity is None:
            self._identity = found
        before = self._identity
        if before is not None and found == (*before[:2], False):
            self._was_emptied = before[2]  # whatever a checkpoint puts back is not all
        if self._was_emptied or found is None or found != before:
            raise _replaced(self.path, before, found)

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
            StoreError: Somebody else wrote longer than the busy time, or the file is gone.
        """
        self.refuse_replaced()
        if self.path is None:  # a server has its own queue
            with translated(self.where), Session(self._writer) as session, session.begin():
                yield session
        else:
            with translated(self.where), self._groups.write() as session:
                yield session


_HEADER: Final = 100  # bytes that every SQLite database begins with
_Identity = tuple[int, int, bool]


def _identity(path: Path) -> _Identity | None:
    """Return device and inode of a database file, and whether it has content; None without one."""
    try:
        status = os.stat(path)  # noqa: PTH116 -- asked before every write
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise EnvironmentFaultError(
            f"the database {path} does not answer: {environment_reason(error).text}",
            remedy="mend the disk or the permissions of its folder; work goes on by itself",
            code="database",
        ) from error
    return status.st_dev, status.st_ino, status.st_size >= _HEADER


def _replaced(path: Path, before: _Identity | None, found: _Identity | None) -> StoreError:
    """Say what became of the database file; it is never made anew under a running program."""
    what, remedy, other = "was deleted or moved away", "put it back", ""
    if found is not None and before is not None and found[:2] == before[:2]:
        what, remedy = "was emptied", "its content is not there any more"
    elif found is not None:
        # With the other's write-ahead log beside it, it would be damaged at once.
        what, other = "was replaced by another file", f"; to use the other, restore {path} itself"
    return StoreError(
        f"the database {path} {what} while docsorter uses it",
        remedy=f"{remedy}; or stop the daemon, then: docsorter restore BACKUP{other}",
    )


class Repository:
    """What every repository stands on: a database, and a clock that dates what is written."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock


def make_engine(location: Location, *, busy_seconds: float, foreign_keys: bool = True) -> Engine:
    """Return an engine; nothing is opened yet.

    Foreign keys are off only while a migration rebuilds tables (LESSONS 69).
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


class _Group:
    """Writers that share one transaction; `members` have left their part in it so far."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.members = 0
        self.error: BaseException | None = None
        self.ended = threading.Event()


class GroupCommit:
    """Gives the threads of a process one transaction after the other on one SQLite database.

    The engine begins transactions that hold the right to write from their first statement.
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


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise a database driver's errors as ours; `where` names the database without passwords."""
    try:
        yield
    except DBAPIError as error:
        raise fault(error.orig or error, where) from error
    except sqlite3.Error as error:  # from a connection's very first statements
        raise fault(error, where) from error


def fault(error: BaseException, where: str) -> DocsorterError:
    """Choose the error for what a driver raised."""
    if hasattr(error, "sqlstate"):  # None when the server said nothing, as when it is not there
        return _server_fault(error, str(error.sqlstate), where)
    code: int = getattr(error, "sqlite_errorcode", 0)
    if code in _UNIQUE:
        return _overtaken(error)
    return _file_fault(error, code & 0xFF, where)


def _file_fault(error: BaseException, primary: int, where: str) -> DocsorterError:
    if primary in _LOCKED:
        return _locked(where)
    if primary in _SHUT:
        return StoreError(
            f"the database {where} cannot be opened or written: {_said(error)}",
            remedy="check owner and mode of the file and of its folder; docsorter doctor does",
        )
    if primary in _SURROUNDINGS:
        return EnvironmentFaultError(
            f"the disk of the database {where} fails: {_said(error)}",
            remedy="free space or mend the disk; nothing was lost, work goes on by itself",
            code="disk_full" if primary == sqlite3.SQLITE_FULL else "database",
        )
    if primary in _DAMAGED:
        return damaged(where, _said(error))
    return StoreError(
        f"the database {where} failed: {_said(error)}", remedy="run: docsorter doctor"
    )


def damaged(where: str, finding: str) -> StoreError:
    """Return the error for a database that lost its integrity."""
    return StoreError(
        f"the database {where} is damaged: {finding}",
        remedy="stop docsorter, then: docsorter restore BACKUP; the newest is in the backups folder"
        " of the state folder, unless you made one elsewhere",
    )


def _server_fault(error: BaseException, state: str, where: str) -> DocsorterError:
    if state == _PG_UNIQUE:
        return _overtaken(error)
    if state in _PG_LOCKED:
        return _locked(where)
    if state == _PG_FULL:
        return EnvironmentFaultError(
            f"the disk of the database {where} is full",
            remedy="free space on the database server; work goes on by itself",
            code="disk_full",
        )
    return StoreError(
        f"the database {where} failed: {_said(error)}", remedy="check the server and store.url"
    )


def _overtaken(error: BaseException) -> ConflictError:
    return ConflictError(
        f"somebody else was faster: {_said(error)}", remedy="look again and repeat"
    )


def _locked(where: str) -> StoreError:
    return StoreError(
        f"the database {where} stayed locked by another program",
        remedy="end whatever holds it (a backup, a database browser, a second docsorter;"
        f" fuser {where} names it), or raise store.busy_seconds",
    )


def _said(error: BaseException) -> str:
    return str(error).partition("\n")[0]
