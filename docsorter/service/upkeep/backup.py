"""`docsorter backup`: what cannot be made again, in one archive, checked after it was written.

Plain tar, so that any system can look into it; read back by our own rules (regular files that the
list names, nothing else), so that a hostile archive can put nothing anywhere else.

In it: the database, the settings, the models of the state folder and which one is promoted. Not in
it: the documents. They are plain files in folders that every backup program knows.
"""

import datetime as dt
import hashlib
import io
import os
import re
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from docsorter import __version__
from docsorter.clock import Clock, SystemClock
from docsorter.configuration import FILE_NAME, Configuration
from docsorter.deliver.permissions import permissions
from docsorter.documents import Place
from docsorter.errors import ConflictError, EnvironmentFaultError, StoreError
from docsorter.filesystem import Disk, environment_reason
from docsorter.model.bundle import CARD
from docsorter.model.registry import FILE_NAME as PROMOTED_FILE
from docsorter.model.registry import PromotionFile
from docsorter.store import Store

MANIFEST: Final = "manifest.json"
DATABASE: Final = "docsorter.db"
SETTINGS: Final = "docsorter.toml"
MODELS: Final = "models"
_LARGEST_MANIFEST = 16 * 2**20
_CHUNK = 2**20
_AGAIN = "take another backup; docsorter backup checks each one it makes"
PREFIX: Final = "docsorter-backup-"
_NAME: Final = re.compile(rf"{PREFIX}\d{{8}}T\d{{6}}Z(-\d+)?\.tar")


class ArchiveMember(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    size: int
    sha256: str


class BackupManifest(BaseModel):
    """What a backup holds.

    Attributes:
        schema_version: Revision of the database in it, "" when it is a server's and not in it.
        rows: Rows per table, counted in the copy.
        promoted: Name of the model in use, "" for a pinned one.
        members: Every other file of the archive.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: Literal[1] = 1
    docsorter: str = __version__
    schema_version: str
    made_at: AwareDatetime
    rows: dict[str, int]
    promoted: str = ""
    members: tuple[ArchiveMember, ...] = ()


def make_backup(
    configuration: Configuration,
    store: Store,
    *,
    actor: str,
    target: Path | None = None,
    keep: int | None = None,
    clock: Clock | None = None,
) -> tuple[Path, BackupManifest]:
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
        copy = store.upkeep.backup(private / DATABASE)
        manifest = BackupManifest(
            schema_version=schema_of(copy),
            made_at=now,
            rows=row_counts(copy),
            promoted=_promoted(configuration),
        )
        files = {DATABASE: copy, **_files(configuration)}
        mode = permissions(configuration.settings)[Place.SPOOL].file_mode
        made = write_archive(file, files, manifest, mode=mode)
    store.documents.add_event(
        "backed_up", actor=actor, detail={"file": str(file), "rows": made.rows}
    )
    if keep is not None:
        prune(file.parent, keep)
    return file, made


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


def write_archive(
    target: Path,
    files: Mapping[str, Path],
    manifest: BackupManifest,
    *,
    mode: int,
    replace: bool = False,
) -> BackupManifest:
    """Write files and their list into an archive that appears whole or not at all, and check it.

    Args:
        target: Its path.
        files: Name in the archive -> file.
        manifest: What is known already; its members are filled in.
        mode: Permission bits, whatever the umask.
        replace: Replace an archive that is there (after forgetting in it).

    Raises:
        ConflictError: There is a file of that name.
        EnvironmentFaultError: It cannot be written.
    """
    part = target.with_name(f".{target.name}.part")
    disk = Disk()
    try:
        members = tuple(_member(name, path) for name, path in sorted(files.items()))
        whole = manifest.model_copy(update={"members": members})
        disk.unlink(part)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        with os.fdopen(os.open(part, flags, 0o600), "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            _write(stream, files, whole)
            stream.flush()
            os.fsync(stream.fileno())
        read_archive(part, None)
        if replace:
            disk.rename(part, target)
        elif disk.rename_noreplace(part, target):
            disk.unlink(part)
        disk.sync_directory(target.parent)
    except FileExistsError as error:
        raise ConflictError(
            f"{target} exists already", remedy="choose another name; backups replace nothing"
        ) from error
    except OSError as error:
        raise EnvironmentFaultError(
            f"the backup {target} cannot be written: {environment_reason(error).text}",
            remedy="make its folder, let this user write to it, free space",
        ) from error
    else:
        return whole
    finally:
        part.unlink(missing_ok=True)


def read_archive(path: Path, target: Path | None) -> BackupManifest:
    """Check every byte of an archive, and unpack it into a folder.

    Args:
        path: The archive.
        target: An empty private folder; None only checks.

    Raises:
        StoreError: It is no backup, incomplete, changed, or holds what no backup holds.
        EnvironmentFaultError: It cannot be read, or what is in it not be written.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            manifest = _manifest(archive, path)
            wanted = {member.name: member for member in manifest.members}
            while (info := archive.next()) is not None:
                member = wanted.pop(info.name, None)
                if member is None or not info.isreg() or info.size != member.size:
                    raise _damaged(path, f"it holds {info.name!r}, which its list does not name so")
                _unpack(archive, info, member, path, target)
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(path, str(error)) from error
    except OSError as error:
        raise EnvironmentFaultError(
            f"the backup {path} cannot be unpacked: {environment_reason(error).text}",
            remedy="check its name, its permissions and the free space",
        ) from error
    if wanted:
        raise _damaged(path, f"{min(wanted)} is missing")
    return manifest


def read_manifest(path: Path) -> BackupManifest:
    """Return what an archive says of itself, without checking the rest."""
    try:
        with tarfile.open(path, "r:") as archive:
            return _manifest(archive, path)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise _damaged(path, str(error)) from error


def _write(stream: io.BufferedWriter, files: Mapping[str, Path], manifest: BackupManifest) -> None:
    with tarfile.open(fileobj=stream, mode="w:", format=tarfile.PAX_FORMAT) as archive:
        text = manifest.model_dump_json(indent=1).encode()
        archive.addfile(_info(MANIFEST, len(text), manifest.made_at), io.BytesIO(text))
        for member in manifest.members:
            with files[member.name].open("rb") as source:
                archive.addfile(_info(member.name, member.size, manifest.made_at), source)


def _info(name: str, size: int, at: dt.datetime) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(at.timestamp())
    return info


def _member(name: str, path: Path) -> ArchiveMember:
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return ArchiveMember(name=name, size=path.stat().st_size, sha256=sha256)


def _manifest(archive: tarfile.TarFile, path: Path) -> BackupManifest:
    info = archive.next()
    stream = archive.extractfile(info) if info is not None and info.isreg() else None
    if info is None or info.name != MANIFEST or stream is None or info.size > _LARGEST_MANIFEST:
        raise _damaged(path, f"it does not begin with {MANIFEST}")
    try:
        manifest = BackupManifest.model_validate_json(stream.read())
    except ValidationError as error:
        raise _damaged(path, f"its list cannot be read: {error.errors()[0]['msg']}") from error
    for member in manifest.members:
        if not _allowed(member.name):
            raise _damaged(path, f"it names {member.name!r}, which no backup holds")
    return manifest


def _allowed(name: str) -> bool:
    pure = PurePosixPath(name)
    if name in {DATABASE, SETTINGS}:
        return True
    within = len(pure.parts) > 1 and pure.parts[0] == MODELS and str(pure) == name
    return within and not pure.is_absolute() and ".." not in pure.parts and "\0" not in name


def _unpack(
    archive: tarfile.TarFile,
    info: tarfile.TarInfo,
    member: ArchiveMember,
    path: Path,
    target: Path | None,
) -> None:
    stream = archive.extractfile(info)
    assert stream is not None, "a regular file has bytes"
    digest = hashlib.sha256()
    writer = None
    try:
        if target is not None:
            file = target / member.name
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
            writer = os.fdopen(os.open(file, flags, 0o600), "wb")
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            if writer is not None:
                writer.write(chunk)
    finally:
        if writer is not None:
            writer.close()
    if digest.hexdigest() != member.sha256:
        raise _damaged(path, f"{member.name} was changed")


def _damaged(path: Path, what: str) -> StoreError:
    return StoreError(f"{path} is no whole backup: {what}", remedy=_AGAIN)


@contextmanager
def scratch(configuration: Configuration) -> Iterator[Path]:
    """Give a private folder on the disk of the state; it is gone afterwards."""
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
    """Return how many rows each table of a database file has."""
    with _reading(database) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
            for (name,) in sorted(names)
        }


def schema_of(database: Path) -> str:
    """Return the revision of a database file."""
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


@contextmanager
def _reading(database: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise StoreError(
            f"the copy {database.name} is damaged: {error}", remedy="make another backup"
        ) from error
