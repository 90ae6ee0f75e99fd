"""`docsorter backup`: what cannot be made again, in one file, checked after it was written.

In it: the database, the settings, the models of the state folder and which one is promoted. Not in
it: the documents. They are plain files in folders that every backup program knows.
"""

import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import FILE_NAME, Configuration
from docsorter.deliver.permissions import permissions
from docsorter.documents import Place
from docsorter.errors import EnvironmentFaultError, StoreError
from docsorter.model.bundle import CARD
from docsorter.model.promotion import FILE_NAME as PROMOTED_FILE
from docsorter.model.promotion import PromotionFile
from docsorter.service.archive import (
    DATABASE,
    MODELS,
    SETTINGS,
    Manifest,
    read_manifest,
    write_archive,
)
from docsorter.store import Store
from docsorter.surroundings import environment_reason

PREFIX: Final = "docsorter-backup-"
_NAME: Final = re.compile(rf"{PREFIX}\d{{8}}T\d{{6}}Z(-\d+)?\.tar")


def make_backup(
    configuration: Configuration,
    store: Store,
    *,
    actor: str,
    target: Path | None = None,
    keep: int | None = None,
    clock: Clock | None = None,
) -> tuple[Path, Manifest]:
    """Back a workspace up while it is in use.

    Args:
        configuration: The workspace.
        store: Its database.
        actor: Who asks, for the log.
        target: The file, or a folder for one with the time in its name; None means `backups` in
            the state folder.
        keep: Afterwards keep so many of the backups with a time in their name in that folder.
        clock: Dates it.

    Returns:
        The file and what is in it; it was read back and every checksum compared.

    Raises:
        ConflictError: There is a file of that name.
        UsageError: The database is a server's, which has its own tools.
        StoreError: The database, or its copy, is damaged.
        EnvironmentFaultError: The backup cannot be written.
    """
    now = (clock or SystemClock()).now()
    folder = configuration.state / "backups"
    if target is not None and not target.is_dir():
        file = target.absolute()
    else:
        folder = folder if target is None else target.absolute()
        file = _free(folder / f"{PREFIX}{now:%Y%m%dT%H%M%SZ}.tar")
    with scratch(configuration) as private:
        copy = store.backup(private / DATABASE)
        manifest = Manifest(
            schema_version=schema_of(copy),
            made_at=now,
            rows=row_counts(copy),
            promoted=_promoted(configuration),
        )
        files = {DATABASE: copy, **_files(configuration)}
        mode = permissions(configuration.settings)[Place.SPOOL].file_mode
        made = write_archive(file, files, manifest, mode=mode)
    store.add_event("backed_up", actor=actor, detail={"file": str(file), "rows": made.rows})
    if keep is not None:
        prune(file.parent, keep)
    return file, made


@contextmanager
def scratch(configuration: Configuration) -> Iterator[Path]:
    """Give a private folder on the disk of the state; it is gone afterwards.

    Raises:
        EnvironmentFaultError: There is no room or no permission for one.
    """
    try:
        folder = tempfile.TemporaryDirectory(dir=configuration.state, prefix=".care-")
    except OSError as error:
        raise EnvironmentFaultError(
            f"the state folder cannot be written to: {environment_reason(error).text}",
            remedy="free some space, or run this as the daemon's user or one of its group",
        ) from error
    with folder as name:
        yield Path(name)


def row_counts(database: Path) -> dict[str, int]:
    """Return how many rows each table of a database file has.

    Raises:
        StoreError: It is damaged.
    """
    with _reading(database) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
            for (name,) in sorted(names)
        }


def schema_of(database: Path) -> str:
    """Return the revision of a database file.

    Raises:
        StoreError: It is damaged, or none of ours.
    """
    with _reading(database) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return "" if row is None else str(row[0])


def backups_in(folder: Path) -> list[Path]:
    """Return the backups with a time in their name, the oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def prune(folder: Path, keep: int) -> list[Path]:
    """Remove the oldest backups with a time in their name, all but the newest few.

    Returns:
        Those that were removed; a file that is no backup of ours is never touched.
    """
    removed = []
    for path in backups_in(folder)[: -keep or None]:
        try:
            read_manifest(path)
        except StoreError:
            continue
        path.unlink(missing_ok=True)
        removed.append(path)
    return removed


def _files(configuration: Configuration) -> dict[str, Path]:
    files = {SETTINGS: configuration.workspace / FILE_NAME}
    models = configuration.state / MODELS
    if (models / PROMOTED_FILE).is_file():
        files[f"{MODELS}/{PROMOTED_FILE}"] = models / PROMOTED_FILE
    if models.is_dir():
        for bundle in sorted(path for path in models.iterdir() if (path / CARD).is_file()):
            if bundle.name.startswith("."):
                continue
            for path in sorted(bundle.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    files[f"{MODELS}/{path.relative_to(models).as_posix()}"] = path
    return files


def _promoted(configuration: Configuration) -> str:
    if not (configuration.state / MODELS / PROMOTED_FILE).is_file():
        return ""
    current = PromotionFile(configuration.state / MODELS).read().current
    return "" if current is None else current.bundle


def _free(path: Path) -> Path:
    """Return the path, numbered when two backups are made in one second."""
    for number in range(2, 1000):
        if not path.exists():
            return path
        path = path.with_name(f"{path.name.split('Z')[0]}Z-{number}.tar")
    return path


@contextmanager
def _reading(database: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise StoreError(
            f"the copy {database.name} is damaged: {error}", remedy="make another backup"
        ) from error
