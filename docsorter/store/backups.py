"""Copies of a SQLite database: made while it is in use, verified, published whole or not at all."""

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from docsorter.errors import ConflictError, EnvironmentFaultError
from docsorter.filesystem import Disk
from docsorter.store.faults import damaged, translated

_NAME = re.compile(r"docsorter-\w+-\d{8}T\d{12}\.db")


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


def _open(path: Path, busy_seconds: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)


def _publish(part: Path, target: Path) -> None:
    disk = Disk()
    disk.sync_file(part)
    if disk.rename_noreplace(part, target):  # both names are the same file now
        disk.unlink(part)
    disk.sync_directory(target.parent)
