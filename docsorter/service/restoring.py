"""`docsorter restore`: put a backup in the place of the database, while nothing runs.

What is there is set aside and never lost; what was forgotten since the backup stays forgotten;
numbers that were given since are not given again.
"""

import datetime as dt
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.sidecar import SUFFIX, document_of
from docsorter.disk import Disk
from docsorter.documents import Place
from docsorter.errors import (
    DocsorterError,
    EnvironmentFaultError,
    StoreError,
    UsageError,
)
from docsorter.service.archive import DATABASE, Manifest, read_archive
from docsorter.service.backing_up import row_counts, schema_of, scratch
from docsorter.service.bringing_back import Restored, bring_models, compare_settings
from docsorter.service.ledger import read_ledger
from docsorter.service.lock import WorkspaceLock
from docsorter.service.migration import migrate_workspace, open_workspace_store
from docsorter.store.backups import check
from docsorter.store.location import grant
from docsorter.store.scrubbing import Forgotten, scrub
from docsorter.store.tables import SCHEMA_VERSION
from docsorter.surroundings import environment_reason

_SQLITE = b"SQLite format 3\0"
_SPOOLED = re.compile(r"(\d+)(\.\w+)?")


@dataclass(frozen=True, slots=True)
class _Before:
    """What the database that is replaced knew and the backup may not."""

    forgotten: tuple[Forgotten, ...]
    numbers: tuple[int, int]


def restore_backup(
    configuration: Configuration, backup: Path, *, actor: str, clock: Clock | None = None
) -> Restored:
    """Put a backup in place: one made by `docsorter backup`, or a copy made before a migration.

    Args:
        configuration: The workspace, made by `init` when it is a new machine.
        backup: The file.
        actor: Who asks, for the log.
        clock: Dates it.

    Raises:
        AlreadyRunningError: The daemon runs.
        UsageError: The database is a server's.
        StoreError: The backup is damaged, none of ours, or newer than this version.
        EnvironmentFaultError: Something cannot be read or written; the database is the old one.
    """
    clock = clock or SystemClock()
    database = _database(configuration)
    with WorkspaceLock(configuration.state), scratch(configuration) as private, _said():
        manifest = _unpack(backup, private)
        copy = private / DATABASE
        _refuse_unfit(backup, copy, manifest)
        rows = row_counts(copy)
        before = _before(configuration, clock)
        report = Restored(None if manifest is None else manifest.made_at, rows)
        report.forgotten = scrub(copy, before.forgotten, clock.now())
        report.set_aside = _set_aside(configuration, database, clock.now())
        _put(copy, database, configuration)
        bring_models(configuration, private, report)
        compare_settings(configuration, private, report)
        migrate_workspace(configuration, clock)
        with open_workspace_store(configuration, clock) as store:
            store.raise_numbers(*before.numbers)
            detail: dict[str, object] = {
                "made_at": None if report.made_at is None else report.made_at.isoformat(),
                "rows": rows,
                "forgotten": report.forgotten,
            }
            store.add_event("restored", actor=actor, detail=detail)
    return report


def _database(configuration: Configuration) -> Path:
    if configuration.settings.store.url:
        raise UsageError(
            "docsorter restores the SQLite database of the state folder only",
            remedy="use the tools of the server, or copy the file to where store.url says",
        )
    return configuration.state / DATABASE


def _unpack(backup: Path, private: Path) -> Manifest | None:
    with backup.open("rb") as stream:
        is_database = stream.read(len(_SQLITE)) == _SQLITE
    if is_database:
        Disk().copy_durably(backup, private / DATABASE)
        return None
    manifest = read_archive(backup, private)
    if not (private / DATABASE).is_file():
        raise StoreError(f"{backup} holds no database", remedy="choose another backup")
    return manifest


def _refuse_unfit(backup: Path, copy: Path, manifest: Manifest | None) -> None:
    version = schema_of(copy)
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"the backup {backup} is newer ({version}) than this docsorter ({SCHEMA_VERSION})",
            remedy="install the version that made it, then restore it",
        )
    findings = check(copy)
    if findings:
        raise StoreError(
            f"the database in {backup} is damaged: {findings[0]}", remedy="choose another backup"
        )
    if manifest is not None and row_counts(copy) != manifest.rows:
        raise StoreError(
            f"the database in {backup} has other rows than its list says",
            remedy="choose another backup",
        )


def _before(configuration: Configuration, clock: Clock) -> _Before:
    forgotten = set(read_ledger(configuration.state))
    numbers = (_greatest_on_disk(configuration), 0)
    try:
        with open_workspace_store(configuration, clock) as store:
            forgotten.update(store.forgotten())
            numbers = store.numbers()
    except DocsorterError:
        pass  # missing or damaged: that may be why somebody restores
    return _Before(tuple(sorted(forgotten)), numbers)


def _greatest_on_disk(configuration: Configuration) -> int:
    """Return the greatest number that a sidecar or a spooled file speaks of."""
    greatest = 0
    for path in configuration.root(Place.SPOOL).glob("*"):
        if match := _SPOOLED.fullmatch(path.name):
            greatest = max(greatest, int(match[1][:15]))
    for place in (Place.SORTED, Place.REJECTED):
        for path in configuration.root(place).rglob(f"*{SUFFIX}"):
            greatest = max(greatest, document_of(path) or 0)
    return greatest


def _set_aside(configuration: Configuration, database: Path, now: dt.datetime) -> Path | None:
    """Keep the old database under another name, its unmerged changes too."""
    if not database.exists():
        return None
    aside = configuration.state / "backups" / f"replaced-{now:%Y%m%dT%H%M%S%f}.db"
    for suffix in ("", "-wal"):
        file = Path(f"{database}{suffix}")
        if file.exists():
            os.link(file, f"{aside}{suffix}")
    Disk().sync_directory(aside.parent)
    return aside


def _put(copy: Path, database: Path, configuration: Configuration) -> None:
    disk = Disk()
    disk.sync_file(copy)
    for suffix in ("-wal", "-shm"):  # of the old one; it is set aside with its database
        disk.unlink(Path(f"{database}{suffix}"))
    disk.rename(copy, database)
    disk.sync_directory(database.parent)
    grant(database, configuration.settings.service.group)


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentFaultError(
            f"the backup cannot be restored: {environment_reason(error).text}",
            remedy="check its name, its permissions and the free space",
        ) from error
