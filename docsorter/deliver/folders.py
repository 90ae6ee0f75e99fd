"""Folders under a root: made on the way, never left through a link, pruned when empty."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path, PurePosixPath

from docsorter.deliver.permissions import Permissions
from docsorter.disk import Disk
from docsorter.errors import WorkspaceError


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
