"""Turns what database drivers say into the errors of docsorter, each with its remedy."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from docsorter.errors import ConflictError, DocsorterError, EnvironmentFaultError, StoreError

_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SHUT = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY})
_SURROUNDINGS = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_UNIQUE = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
# PostgreSQL, appendix A: lock not available, deadlock; unique violation; disk full
_PG_LOCKED = frozenset({"55P03", "40P01"})
_PG_UNIQUE = "23505"
_PG_FULL = "53100"


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise errors of a database driver as errors of docsorter.

    Args:
        where: The database as people know it, without passwords.
    """
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
