"""What of the inbox is not watched, and how to say so.

watchdog leaves a sub-folder out without a word when the kernel refuses to watch it; the kernel
itself says what is watched (proc_pid_fdinfo(5), "inotify").
"""

import errno
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from docsorter.intake.limits import is_watch_limit, watch_tip

_FDS = Path("/proc/self/fd")
_FDINFO = Path("/proc/self/fdinfo")
_WATCH = re.compile(r"^inotify wd:\w+ ino:([0-9a-f]+)", re.MULTILINE)


def missed_folders(root: tuple[int, int] | None, folders: Collection[int]) -> frozenset[int]:
    """Return the folders that are not watched; none as well where that cannot be told.

    Args:
        root: Device and inode of the inbox itself, which is watched.
        folders: Inode numbers of its sub-folders.
    """
    watched = watched_inodes()
    if root is None or root[1] not in watched:
        return frozenset()  # this file system numbers its watches in another way (some overlays)
    return frozenset(inode for inode in folders if inode not in watched)


def watched_inodes() -> set[int]:
    """Return the inode numbers of everything this process watches."""
    found: set[int] = set()
    with suppress(OSError):
        for link in _FDS.iterdir():
            with suppress(OSError):
                if str(link.readlink()) == "anon_inode:inotify":
                    text = (_FDINFO / link.name).read_text(encoding="ascii")
                    found.update(int(inode, 16) for inode in _WATCH.findall(text))
    return found


def left_out(count: int) -> str:
    """Say in one line that sub-folders are not watched, and what to do."""
    folders = "1 sub-folder is" if count == 1 else f"{count} sub-folders are"
    tip = watch_tip(OSError(errno.ENOSPC, "")).partition("TIP: ")[2]
    return f"{folders} not watched and read at intervals instead; TIP: {tip}"


def cannot_watch(error: OSError | RuntimeError) -> str:
    """Say in one line why the inbox is read at intervals."""
    if isinstance(error, OSError) and is_watch_limit(error):
        return watch_tip(error)
    said = error.strerror if isinstance(error, OSError) else None
    return f"the inbox cannot be watched: {said or error}; it is read at intervals instead"
