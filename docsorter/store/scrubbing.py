"""Forgetting in copies of the database: a backup must not remember what was forgotten since."""

import datetime as dt
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from docsorter.errors import EnvironmentFaultError
from docsorter.filesystem import Disk
from docsorter.store.backups import check
from docsorter.store.faults import damaged, translated
from docsorter.store.forgetting import TOKEN

Forgotten = tuple[int, dt.datetime]
"""Number and arrival of a document: numbers alone may be given again after a restore."""

# Plain SQL over the columns of the first schema, for a copy may be of any version.
_WIPES = (
    (
        f"UPDATE documents SET name = '{TOKEN}', path = '', source = '', producer = '',"  # noqa: S608
        " sha256 = NULL, waiting = NULL, waiting_text = NULL, next_try_at = NULL,"
        " reason_text = CASE WHEN reason IS NULL THEN NULL ELSE '' END,"
        " forgotten_at = coalesce(forgotten_at, :now) WHERE id = :id"
    ),
    "DELETE FROM predictions WHERE document_id = :id",
    (
        "UPDATE review_entries SET source = '', closed_at = coalesce(closed_at, :now),"
        " lease_owner = NULL, lease_token = NULL, lease_expires_at = NULL WHERE document_id = :id"
    ),
    (
        "UPDATE moves SET from_path = '', to_path = '', sidecar = NULL, before = '{}',"
        " state = CASE WHEN closed_at IS NULL THEN 'abandoned' ELSE state END,"
        " closed_at = coalesce(closed_at, :now) WHERE document_id = :id"
    ),
)
# Of the second schema on.
_WIPE_CHECKS = (
    "UPDATE checks SET source = '', outcome = coalesce(outcome, 'void'),"
    " settled_at = coalesce(settled_at, :now) WHERE document_id = :id"
)
_WIPE_TRAITS = "UPDATE documents SET traits = NULL WHERE id = :id"
# Of the index of names, which keeps what was removed until it is merged.
_HAS_INDEX = "SELECT 1 FROM sqlite_master WHERE name = 'document_names'"
_WAITING = "('claiming', 'spooled', 'review')"
_WITHDRAW = (
    (
        "UPDATE tallies SET documents = documents - 1 WHERE state = :state AND label = ''"
        " AND by_person = 0"
    ),
    (
        "INSERT INTO tallies (state, label, by_person, documents) VALUES ('withdrawn', '', 0, 1)"
        " ON CONFLICT (state, label, by_person) DO UPDATE SET documents = documents + 1"
    ),
    "UPDATE documents SET state = 'withdrawn' WHERE id = :id",
)


def scrub(path: Path, forgotten: Iterable[Forgotten], now: dt.datetime) -> int:
    """Forget documents in a database file that nobody has open, and leave no trace in free pages.

    Returns:
        How many of them it knew; without any the file is left as it is.

    Raises:
        StoreError: The file is damaged, or no database of ours.
    """
    stamp = _stamp(now)
    with translated(str(path)), closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA secure_delete = 1")
        database.execute("BEGIN IMMEDIATE")
        known = [number for number, at in forgotten if _knows(database, number, at)]
        for number in known:
            _forget(database, number, stamp)
        if known and database.execute(_HAS_INDEX).fetchone():
            database.execute("INSERT INTO document_names (document_names) VALUES ('optimize')")
        database.execute("COMMIT")
        if known:
            database.execute("VACUUM")
    return len(known)


def scrub_copy(path: Path, forgotten: Iterable[Forgotten], now: dt.datetime) -> int:
    """Replace a database file nobody has open by one that has forgotten; whole or not at all.

    Returns:
        How many of the documents it knew.

    Raises:
        StoreError: The file is damaged, or no database of ours.
        EnvironmentFaultError: It cannot be written anew.
    """
    part = path.with_name(f".{path.name}.forget")
    disk = Disk()
    try:
        disk.unlink(part)
        disk.copy_durably(path, part)
        status = path.stat()
        if os.geteuid() in {0, status.st_uid}:
            os.chown(part, -1, status.st_gid)
        part.chmod(status.st_mode & 0o777)
        known = scrub(part, forgotten, now)
        if known:
            findings = check(part)
            if findings:
                raise damaged(str(part), findings[0])
            disk.sync_file(part)
            disk.rename(part, path)
            disk.sync_directory(path.parent)
    except OSError as error:
        raise EnvironmentFaultError(
            f"the copy {path} cannot be written anew: {error.strerror}",
            remedy="free some space, or let this user write there; then forget it again",
        ) from error
    else:
        return known
    finally:
        for rest in (part, Path(f"{part}-journal"), Path(f"{part}-wal"), Path(f"{part}-shm")):
            rest.unlink(missing_ok=True)


def _knows(database: sqlite3.Connection, number: int, at: dt.datetime) -> bool:
    row = database.execute(
        "SELECT name != ? FROM documents WHERE id = ? AND arrived_at = ?",
        (TOKEN, number, _stamp(at)),
    ).fetchone()
    return row is not None and bool(row[0])


def _forget(database: sqlite3.Connection, number: int, now: str) -> None:
    values = {"id": number, "now": now}
    state = database.execute(
        f"SELECT state FROM documents WHERE id = :id AND state IN {_WAITING}",  # noqa: S608
        values,
    ).fetchone()
    if state is not None:
        for statement in _WITHDRAW:
            database.execute(statement, {**values, "state": state[0]})
    for statement in _WIPES:
        database.execute(statement, values)
    if _has_checks(database):
        database.execute(_WIPE_CHECKS, values)
        database.execute(_WIPE_TRAITS, values)


def _has_checks(database: sqlite3.Connection) -> bool:
    tables = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'checks'"
    return database.execute(tables).fetchone() is not None


def _stamp(time: dt.datetime) -> str:
    """Write a time as SQLAlchemy stores it in SQLite."""
    return time.astimezone(dt.UTC).replace(tzinfo=None).strftime("%Y-%m-%d %H:%M:%S.%f")
