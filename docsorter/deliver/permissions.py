"""Modes and groups of what is put into each place, and the folders made on the way."""

import errno
import grp
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from docsorter.documents import Place
from docsorter.errors import SettingsError, WorkspaceError
from docsorter.filesystem import Disk
from docsorter.settings import Settings

_UNFINISHED = 0o1700
"""Mode of a folder between its making and its permissions: closed, and nobody else's choice."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What files and new folders of a place are given.

    Attributes:
        file_mode: Permission bits of documents and sidecars.
        dir_mode: Permission bits of folders made on the way.
        gid: Number of the group, -1 to leave it as it comes.
    """

    file_mode: int
    dir_mode: int
    gid: int = -1

    def fit(self, status: os.stat_result) -> bool:
        """Say whether a file has this mode and group already."""
        return status.st_mode & 0o7777 == self.file_mode and self.gid in {-1, status.st_gid}

    def apply(self, descriptor: int) -> None:
        """Give an open file its group and mode; the mode comes last, for chown clears bits.

        Raises:
            PermissionError: It is not ours, or we are not in that group.
        """
        status = os.fstat(descriptor)
        if self.gid not in {-1, status.st_gid}:
            os.fchown(descriptor, -1, self.gid)
        if not self.fit(os.fstat(descriptor)):
            os.fchmod(descriptor, self.file_mode)

    def make_folder(self, folder: Path) -> None:
        """Make a folder that is closed to everybody else until it has its group and mode.

        One that a kill left in between is recognized by its sticky bit, and finished.

        Raises:
            FileExistsError: It is there, and none of those.
            OSError: What the system says.
        """
        try:
            folder.mkdir(_UNFINISHED)
        except FileExistsError:
            status = folder.lstat()
            left = stat.S_ISDIR(status.st_mode) and status.st_mode & 0o1777 == _UNFINISHED
            if not left or status.st_uid != os.geteuid():
                raise
        self.apply_to_folder(folder)

    def apply_to_folder(self, folder: Path) -> None:
        """Give a folder that was made just now its group and mode.

        Raises:
            PermissionError: We are not in that group.
        """
        if self.gid >= 0:
            os.chown(folder, -1, self.gid)
        folder.chmod(self.dir_mode)


def permissions(settings: Settings) -> Mapping[Place, Permissions]:
    """Return the permissions of every place.

    Sorted documents follow the `deliver` settings; what people work on belongs to the group of
    reviewers, or to the daemon alone when there is none.

    Raises:
        SettingsError: A group does not exist.
    """
    reviewers = group_id("service.group", settings.service.group)
    if settings.service.group:
        private = shared = Permissions(0o660, 0o2770, reviewers)
    else:
        private, shared = Permissions(0o600, 0o700), Permissions(0o640, 0o750)
    deliver = settings.deliver
    delivered = Permissions(
        int(deliver.file_mode, 8),
        int(deliver.dir_mode, 8),
        group_id("deliver.group", deliver.group),
    )
    if settings.service.group:
        # An answer delivers at once, as the reviewer, into folders that a colleague made.
        delivered = replace(
            delivered,
            dir_mode=delivered.dir_mode | 0o2070,
            gid=reviewers if delivered.gid < 0 else delivered.gid,
        )
    return {
        Place.INBOX: shared,
        Place.SPOOL: private,
        Place.SORTED: delivered,
        Place.REVIEW: shared,
        Place.REJECTED: shared,
    }


def group_id(setting: str, name: str) -> int:
    """Return the number of a Unix group, -1 for no name.

    Raises:
        SettingsError: There is no such group.
    """
    if not name:
        return -1
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise SettingsError(
            f"{setting}: there is no Unix group {name!r}", remedy=f"make it with: groupadd {name}"
        ) from error


def locate(root: Path, relative: str) -> Path:
    """Return `relative` under `root`.

    Raises:
        WorkspaceError: The path is absolute, empty or climbs out of its root.
    """
    pure = PurePosixPath(relative)
    if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\0" in relative:
        raise WorkspaceError(
            f"the path {relative!r} leaves its root {root}",
            remedy="the database was changed by hand or is damaged; restore a backup",
        )
    return root.joinpath(*pure.parts)


def require_root(root: Path) -> None:
    """Refuse to go on without a root: a share that is not mounted must not be made anew.

    Raises:
        OSError: ENODEV, the root is no folder.
    """
    if not root.is_dir():
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), str(root))


def ensure_folder(root: Path, folder: Path, permissions: Permissions, disk: Disk) -> None:
    """Make the folders between `root` and `folder` that are missing, and flush their names.

    Raises:
        OSError: ENODEV without the root; ENOTDIR when a link or a file is in the way; or what the
            system says.
    """
    require_root(root)
    current = root
    for part in folder.relative_to(root).parts:
        parent, current = current, current / part
        with suppress(FileExistsError):
            permissions.make_folder(current)
            disk.sync_directory(parent)
        if not stat.S_ISDIR(current.lstat().st_mode):
            raise OSError(errno.ENOTDIR, "a link or a file is where a folder must be", str(current))


def prune(root: Path, folder: Path) -> None:
    """Remove `folder` and the folders above it while they are empty; never `root` itself."""
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:
            return  # not empty, or somebody else's: it stays
        folder = folder.parent
