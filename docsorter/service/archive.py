"""A backup as one file: a tar archive whose first member lists every other with its SHA-256.

Plain tar, so that any system can look into it; read back by our own rules (regular files that the
list names, nothing else), so that a hostile archive can put nothing anywhere else.
"""

import datetime as dt
import hashlib
import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from docsorter import __version__
from docsorter.disk import Disk
from docsorter.errors import ConflictError, EnvironmentFaultError, StoreError
from docsorter.surroundings import environment_reason

MANIFEST: Final = "manifest.json"
DATABASE: Final = "docsorter.db"
SETTINGS: Final = "docsorter.toml"
MODELS: Final = "models"
_LARGEST_MANIFEST = 16 * 2**20
_CHUNK = 2**20
_AGAIN = "take another backup; docsorter backup checks each one it makes"


class Member(BaseModel):
    """One file of a backup.

    Attributes:
        name: Path in the archive.
        size: Bytes.
        sha256: Hex digest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    size: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds.

    Attributes:
        format_version: Of this list.
        docsorter: Version that made it.
        schema_version: Revision of the database in it, "" when it is a server's and not in it.
        made_at: When.
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
    members: tuple[Member, ...] = ()


def write_archive(
    target: Path, files: Mapping[str, Path], manifest: Manifest, *, mode: int, replace: bool = False
) -> Manifest:
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


def read_archive(path: Path, target: Path | None) -> Manifest:
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


def read_manifest(path: Path) -> Manifest:
    """Return what an archive says of itself, without checking the rest.

    Raises:
        StoreError: It is no backup of ours.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            return _manifest(archive, path)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise _damaged(path, str(error)) from error


def _write(stream: io.BufferedWriter, files: Mapping[str, Path], manifest: Manifest) -> None:
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


def _member(name: str, path: Path) -> Member:
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return Member(name=name, size=path.stat().st_size, sha256=sha256)


def _manifest(archive: tarfile.TarFile, path: Path) -> Manifest:
    info = archive.next()
    stream = archive.extractfile(info) if info is not None and info.isreg() else None
    if info is None or info.name != MANIFEST or stream is None or info.size > _LARGEST_MANIFEST:
        raise _damaged(path, f"it does not begin with {MANIFEST}")
    try:
        manifest = Manifest.model_validate_json(stream.read())
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
    member: Member,
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
