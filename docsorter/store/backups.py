"""Copies of a SQLite database: made while it is in use, verified, published whole or not at all.

A copy must not remember what was forgotten since: `scrub` and `scrub_copy` see to that.
"""

import datetime as dt
import os
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from docsorter.errors import ConflictError, EnvironmentFaultError
from docsorter.filesystem import Disk
from docsorter.store.database import damaged, translated

FORGOTTEN = "(forgotten)"
"""Stands where the name was."""

ForgottenDocument = tuple[int, dt.datetime]
"""Number and arrival of a document: numbers alone may be given again after a restore."""

_NAME = re.compile(r"docsorter-\w+-\d{8}T\d{12}\.db")
# Plain SQL over the columns of the first schema, for a copy may be of any version.
_WIPES = (
    (
        f"UPDATE documents SET name = '{FORGOTTEN}', path = '', source = '', producer = '',"  # noqa: S608
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
# The indexes keep what was removed until they are merged.
_INDEXES = "SELECT name FROM sqlite_master WHERE name IN ('document_names', 'document_words')"
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


def copy_database(source: Path, target: Path, *, busy_seconds: float) -> None:
    """Copy a database in use (VACUUM INTO), check the copy and give it its name.

    Raises:
        ConflictError: There is a file of that name.
        StoreError: The database, or its copy, is damaged.
        EnvironmentFaultError: The copy cannot be written.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        # SQLite fills an empty file, which thus is closed to strangers from the beginning.
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        part.chmod(source.stat().st_mode & 0o777)
        with translated(str(source)), closing(_open(source, busy_seconds)) as connection:
            connection.execute("VACUUM INTO ?", (str(part),))
        findings = check(part)
        if findings:
            raise damaged(str(part), findings[0])
        _publish(part, target)
    except FileExistsError as error:
        raise ConflictError(
            f"{target} exists already", remedy="choose another name; backups replace nothing"
        ) from error
    except OSError as error:
        raise EnvironmentFaultError(
            f"the backup {target} cannot be written: {error.strerror}",
            remedy="make its folder, let this user write to it, free space",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def check(path: Path, *, busy_seconds: float = 30.0) -> list[str]:
    """Return what SQLite finds wrong with a database file: nothing when it is sound."""
    with translated(str(path)), closing(_open(path, busy_seconds)) as connection:
        pages = [line for (line,) in connection.execute("PRAGMA integrity_check")]
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    findings = [] if pages == ["ok"] else pages
    return findings + [f"row {row} of {table} refers to nothing" for table, row, *_ in broken]


def prune(directory: Path, keep: int) -> None:
    """Remove the oldest backups made before migrations, all but the newest few."""
    made = sorted(
        (file for file in directory.iterdir() if _NAME.fullmatch(file.name)),
        key=lambda file: file.name.rpartition("-")[2],
    )
    for file in made[:-keep]:
        file.unlink(missing_ok=True)


def scrub(path: Path, forgotten: Iterable[ForgottenDocument], now: dt.datetime) -> int:
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
        indexes = [name for (name,) in database.execute(_INDEXES)]
        for number in known:
            _forget(database, number, stamp)
            if "document_words" in indexes:
                database.execute("DELETE FROM document_words WHERE rowid = ?", (number,))
        for index in indexes if known else ():
            database.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")  # noqa: S608
        database.execute("COMMIT")
        if known:
            database.execute("VACUUM")
    return len(known)


def scrub_copy(path: Path, forgotten: Iterable[ForgottenDocument], now: dt.datetime) -> int:
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


def _open(path: Path, busy_seconds: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)


def _publish(part: Path, target: Path) -> None:
    disk = Disk()
    disk.sync_file(part)
    if disk.rename_noreplace(part, target):  # both names are the same file now
        disk.unlink(part)
    disk.sync_directory(target.parent)


def _knows(database: sqlite3.Connection, number: int, at: dt.datetime) -> bool:
    row = database.execute(
        "SELECT name != ? FROM documents WHERE id = ? AND arrived_at = ?",
        (FORGOTTEN, number, _stamp(at)),
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
