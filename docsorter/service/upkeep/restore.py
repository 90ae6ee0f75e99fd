"""`docsorter restore`: put a backup in the place of the database, while nothing runs.

What is there is set aside and never lost; what was forgotten since the backup stays forgotten;
numbers that were given since are not given again.
"""

import datetime as dt
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import FILE_NAME, Configuration
from docsorter.deliver.permissions import Permissions, permissions
from docsorter.deliver.sidecar import SUFFIX, document_of
from docsorter.documents import Place
from docsorter.errors import (
    DocsorterError,
    EnvironmentFaultError,
    StoreError,
    UsageError,
)
from docsorter.filesystem import Disk, environment_reason
from docsorter.model.bundle import CARD
from docsorter.model.registry import FILE_NAME as PROMOTED_FILE
from docsorter.model.registry import add_bundle
from docsorter.service.upkeep.backup import (
    DATABASE,
    MODELS,
    SETTINGS,
    BackupManifest,
    read_archive,
    row_counts,
    schema_of,
    scratch,
)
from docsorter.service.upkeep.forget import read_ledger
from docsorter.service.workspace.layout import migrate_workspace, open_workspace_store
from docsorter.service.workspace.process import WorkspaceLock
from docsorter.store.backups import ForgottenDocument, check, scrub
from docsorter.store.location import grant
from docsorter.store.tables import SCHEMA_VERSION

_SQLITE = b"SQLite format 3\0"
_SPOOLED = re.compile(r"(\d+)(\.\w+)?")


@dataclass(slots=True)
class RestoreReport:
    """What was restored.

    Attributes:
        made_at: When the backup was made; None for a plain database file, which does not say.
        set_aside: Where the database is that was there before; None when there was none.
        forgotten: Documents that the backup knew and that stay forgotten.
        notes: What was left as it is, one line each.
    """

    made_at: dt.datetime | None
    rows: dict[str, int]
    set_aside: Path | None = None
    forgotten: int = 0
    models: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Before:
    """What the database that is replaced knew and the backup may not."""

    forgotten: tuple[ForgottenDocument, ...]
    numbers: tuple[int, int]


def restore_backup(
    configuration: Configuration, backup: Path, *, actor: str, clock: Clock | None = None
) -> RestoreReport:
    """Put a backup in place: one made by `docsorter backup`, or a copy made before a migration.

    Raises:
        AlreadyRunningError: The daemon runs.
        UsageError: The database is a server's.
        StoreError: The backup is damaged, none of ours, or newer than this version.
        EnvironmentFaultError: Something cannot be read or written; the database is the old one.
    """
    clock = clock or SystemClock()
    database = _database(configuration)
    with WorkspaceLock(configuration.state), scratch(configuration) as private, _naming_backup():
        manifest = _unpack(backup, private)
        copy = private / DATABASE
        _refuse_unfit(backup, copy, manifest)
        rows = row_counts(copy)
        before = _before(configuration, clock)
        report = RestoreReport(None if manifest is None else manifest.made_at, rows)
        report.forgotten = scrub(copy, before.forgotten, clock.now())
        report.set_aside = _set_aside(configuration, database, clock.now())
        _put(copy, database, configuration)
        restore_models(configuration, private, report)
        compare_settings(configuration, private, report)
        migrate_workspace(configuration, clock)
        with open_workspace_store(configuration, clock) as store:
            store.upkeep.raise_numbers(*before.numbers)
            detail: dict[str, object] = {
                "made_at": None if report.made_at is None else report.made_at.isoformat(),
                "rows": rows,
                "forgotten": report.forgotten,
            }
            store.documents.add_event("restored", actor=actor, detail=detail)
    return report


def _database(configuration: Configuration) -> Path:
    if configuration.settings.store.url:
        raise UsageError(
            "docsorter restores the SQLite database of the state folder only",
            remedy="use the tools of the server, or copy the file to where store.url says",
        )
    return configuration.state / DATABASE


def _unpack(backup: Path, private: Path) -> BackupManifest | None:
    with backup.open("rb") as stream:
        is_database = stream.read(len(_SQLITE)) == _SQLITE
    if is_database:
        Disk().copy_durably(backup, private / DATABASE)
        return None
    manifest = read_archive(backup, private)
    if not (private / DATABASE).is_file():
        raise StoreError(f"{backup} holds no database", remedy="choose another backup")
    return manifest


def _refuse_unfit(backup: Path, copy: Path, manifest: BackupManifest | None) -> None:
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
            f"the database in {backup} has other rows than its list names",
            remedy="choose another backup",
        )


def _before(configuration: Configuration, clock: Clock) -> _Before:
    forgotten = set(read_ledger(configuration.state))
    numbers = (_greatest_on_disk(configuration), 0)
    try:
        with open_workspace_store(configuration, clock) as store:
            forgotten.update(store.upkeep.forgotten())
            numbers = store.upkeep.numbers()
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


def restore_models(configuration: Configuration, private: Path, report: RestoreReport) -> None:
    """Take in the models that are missing here, each checked as `model add` checks it."""
    models, found = configuration.state / MODELS, private / MODELS
    if not found.is_dir():
        return
    allowed = permissions(configuration.settings)[Place.SPOOL]
    for bundle in sorted(path for path in found.iterdir() if (path / CARD).is_file()):
        try:
            added = add_bundle(
                bundle,
                models,
                bundle.name,
                dir_mode=allowed.dir_mode,
                file_mode=allowed.file_mode,
            )
        except DocsorterError as error:
            report.notes.append(f"model {bundle.name}: {error.message}")
        else:
            report.models += [bundle.name] if added.is_new else []
    pointer = found / PROMOTED_FILE
    if pointer.is_file():
        _restore_pointer(pointer, models / PROMOTED_FILE, allowed, report)


def _restore_pointer(
    source: Path, target: Path, allowed: Permissions, report: RestoreReport
) -> None:
    if not target.exists():
        Disk().write_durably(target, source.read_bytes(), allowed.file_mode)
    elif target.read_bytes() != source.read_bytes():
        report.notes.append("the promoted model stays as it is: docsorter model list")


def compare_settings(configuration: Configuration, private: Path, report: RestoreReport) -> None:
    """Put the settings of the backup into the folder of backups where they differ."""
    saved, current = private / SETTINGS, configuration.workspace / FILE_NAME
    if saved.is_file() and saved.read_bytes() != current.read_bytes():
        beside = configuration.state / "backups" / f"{FILE_NAME}.restored"
        mode = permissions(configuration.settings)[Place.SPOOL].file_mode
        Disk().write_durably(beside, saved.read_bytes(), mode)
        report.notes.append(f"the settings of the backup differ; they are in {beside}")


@contextmanager
def _naming_backup() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentFaultError(
            f"the backup cannot be restored: {environment_reason(error).text}",
            remedy="check its name, its permissions and the free space",
        ) from error
