"""Where the database is: its URL, the file system beneath it, and who may touch the file."""

import grp
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from docsorter.errors import DependencyError, SettingsError, StoreError
from docsorter.filesystem import MOUNTINFO, UNKNOWN, longest_match, parse_mounts

# SQLite's shared memory and locks do not work across these; a file was corrupted "within one
# minute" (LESSONS 67: Sonarr#1886, linkding#679).
_REFUSED = frozenset(
    {
        *("nfs", "nfs3", "nfs4", "cifs", "smb2", "smb3", "smbfs", "ncpfs", "afs", "ceph", "coda"),
        *("glusterfs", "lustre", "gpfs", "beegfs", "orangefs", "ocfs2", "gfs2", "davfs"),
        *("9p", "v9fs", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "drvfs"),
    }
)
_SERVER: Final = "postgresql+psycopg"
_EITHER: Final = f"leave it empty for SQLite, or write {_SERVER}://user@host/name"


@dataclass(frozen=True, slots=True)
class Location:
    """A database, found.

    Attributes:
        url: Complete SQLAlchemy URL.
        path: The SQLite file, None for a database server.
    """

    url: URL
    path: Path | None


def locate(url: str, state_dir: Path) -> Location:
    """Resolve a store URL; a relative SQLite path is relative to the state folder.

    Raises:
        SettingsError: The URL is no SQLAlchemy URL, names a database in memory, or one that is
            neither SQLite nor PostgreSQL.
        DependencyError: The library that speaks with PostgreSQL is not installed.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError("store.url is not a database URL", remedy=_EITHER) from error
    if parsed.get_backend_name() == "postgresql":
        return Location(_of_a_server(parsed), None)
    if parsed.get_backend_name() != "sqlite":
        raise SettingsError(
            f"store.url names a database of the kind {parsed.get_backend_name()}", remedy=_EITHER
        )
    if not parsed.database or parsed.database == ":memory:" or parsed.query:
        raise SettingsError(
            f"store.url {url!r} does not name a plain database file",
            remedy="write sqlite:///file.db without anything behind it, or leave store.url empty",
        )
    path = state_dir.absolute() / parsed.database
    return Location(parsed.set(database=str(path)), path)


def _of_a_server(url: URL) -> URL:
    if url.drivername not in {"postgresql", _SERVER}:
        raise SettingsError(f"store.url asks for {url.drivername}", remedy=_EITHER)
    if importlib.util.find_spec("psycopg") is None:
        raise DependencyError(
            "store.url names a PostgreSQL server, and psycopg is not installed",
            remedy='pip install "docsorter[postgresql]"',
        )
    return url.set(drivername=_SERVER)


def file_system(directory: Path, mounts: Path = MOUNTINFO) -> str:
    """Return the type of the file system that holds a directory, "" when nobody can say."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    kind = longest_match(parse_mounts(lines), directory.resolve()).kind
    return "" if kind == UNKNOWN else kind


def refuse_shared_storage(path: Path, mounts: Path = MOUNTINFO) -> None:
    """Refuse a SQLite file where its locks do not hold.

    Raises:
        StoreError: The file system is a network or virtual one.
    """
    kind = file_system(path.parent, mounts)
    if kind in _REFUSED or kind.startswith("fuse."):
        raise StoreError(
            f"the database {path} is on a {kind} file system, where SQLite loses data",
            remedy="put places.state on a local disk; inbox, sorted, review and rejected may stay",
        )


def grant(path: Path, group: str) -> None:
    """Give the database files their mode, whatever the umask: 0660 with a group, else 0600.

    SQLite gives new `-wal` and `-shm` files the mode of the database; those that exist are set
    here. Files of another user are left alone: only the owner can change them.

    Raises:
        SettingsError: There is no such group, or this user may not give files to it.
    """
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        try:
            if file.stat().st_uid != os.geteuid():
                continue
            if group:
                os.chown(file, -1, _group_id(group))
            file.chmod(_mode(group))
        except FileNotFoundError:
            continue
        except PermissionError as error:
            raise SettingsError(
                f"{file} cannot be given to the group {group!r}",
                remedy="run docsorter as a member of that group",
            ) from error


def create(path: Path, group: str) -> None:
    """Create the empty database file, closed to strangers from its first moment."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(
            f"the database {path} cannot be created: {error.strerror}",
            remedy="make the state folder and let this user write to it",
        ) from error
    grant(path, group)


def _mode(group: str) -> int:
    return 0o660 if group else 0o600


def _group_id(group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise SettingsError(
            f"there is no Unix group {group!r}",
            remedy=f"create it with: groupadd {group}; or change service.group",
        ) from error
