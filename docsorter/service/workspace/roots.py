"""Are the folders of a workspace there, writable, with room, and still the ones they were?

An unmounted share leaves its mount point behind: an empty folder that takes every document and
hides it as soon as the share is back. So where each folder was mounted is written down.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.documents import Place, ReasonCode
from docsorter.errors import EnvironmentFaultError
from docsorter.filesystem import UNKNOWN, Disk, environment_reason, file_system, out_of_inodes

MOUNTS_FILE: Final = "mounts.json"
# The inbox is left out: a full one is mended by going on.
_FILLED: Final = (Place.SPOOL, Place.SORTED, Place.REVIEW, Place.REJECTED)
_EVERY: Final = 0.5  # seconds between close checks while the roots stay the same folders


def check_roots(configuration: Configuration) -> None:
    """Refuse to go on when a root is missing: an unmounted share must not look empty."""
    for place in Place:
        root = configuration.root(place)
        with _naming(place, root):
            if not root.is_dir():
                raise EnvironmentFaultError(
                    f"the {place} folder {root} is gone",
                    remedy="mount it again, or run docsorter init on the workspace to make it anew",
                    code=ReasonCode.STORAGE_GONE,
                )
            if not os.access(root, os.W_OK | os.X_OK):
                # access(2) says EROFS and EACCES alike; only the first is no matter of rights
                raise _read_only(place, root) or EnvironmentFaultError(
                    f"no permission to write to the {place} folder {root}",
                    remedy="give the daemon's user write permission",
                    code=ReasonCode.NO_PERMISSION,
                )


def check_space(configuration: Configuration) -> None:
    """Refuse to take more in than there is room for."""
    least = configuration.settings.service.min_free_mb
    for place in _FILLED:
        root = configuration.root(place)
        with _naming(place, root):
            free = shutil.disk_usage(root).free / 2**20
            no_inodes = out_of_inodes(root)
        if free < least or no_inodes:
            left = "no inodes left" if no_inodes else f"only {free:.0f} MB free"
            remedy = (
                "remove files there; each takes an inode, however small"
                if no_inodes
                else "make room, or lower service.min_free_mb"
            )
            raise EnvironmentFaultError(
                f"{left} for the {place} folder {root}", remedy=remedy, code=ReasonCode.DISK_FULL
            )


class MountMemory:
    """Remembers where each root was mounted, also over a restart.

    Args:
        configuration: The workspace.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._file = configuration.state / MOUNTS_FILE
        self._roots = {place: configuration.root(place) for place in Place}
        self._asked = [(place, os.fspath(root)) for place, root in self._roots.items()]
        self._seen: dict[Place, tuple[int, int]] = {}

    def is_unchanged(self) -> bool:
        """Say whether every root is the folder it was at the last check; one stat(2) per root."""
        try:
            return all(_identity(root) == self._seen.get(place) for place, root in self._asked)
        except OSError:
            return False

    def check(self) -> None:
        """Compare the mounts with those of before; costs one stat(2) per root while all is well.

        Raises:
            EnvironmentFaultError: What was mounted at a root is not mounted any more.
        """
        seen = {}
        for place, root in self._roots.items():
            with _naming(place, root):
                seen[place] = _identity(root)
        if seen == self._seen:
            return
        now = {place: file_system(root).mount_point for place, root in self._roots.items()}
        known = self._known()
        for place, root in self._roots.items():
            before = known.get(str(root), "")
            if len(now[place]) < len(before) and Path(os.path.realpath(root)).is_relative_to(
                before
            ):
                raise EnvironmentFaultError(
                    f"the {place} folder {root} was mounted at {before}, and nothing is mounted"
                    " there now",
                    remedy="mount it again; if it was moved on purpose, remove"
                    f" {self._file} and restart",
                    code=ReasonCode.STORAGE_GONE,
                )
        self._remember({str(self._roots[p]): point for p, point in now.items() if point}, known)
        self._seen = seen

    def _known(self) -> dict[str, str]:
        try:
            content = json.loads(self._file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(content, dict):
            return {}
        return {str(root): point for root, point in content.items() if isinstance(point, str)}

    def _remember(self, now: dict[str, str], known: dict[str, str]) -> None:
        if UNKNOWN in now.values() or now == known:
            return
        try:
            Disk().write_durably(self._file, json.dumps(now, indent=1).encode(), 0o640)
        except OSError as error:
            raise EnvironmentFaultError(
                f"cannot write {self._file}: {environment_reason(error).text}",
                remedy="free some space, or give the daemon's user permission to write there",
            ) from error


def _identity(root: Path | str) -> tuple[int, int]:
    """Tell one folder from another; not by the device alone, two mounts of one disk share it."""
    status = os.stat(root)  # noqa: PTH116 -- a Path is dearer than the question, asked every tick
    return status.st_dev, status.st_ino


@contextmanager
def _naming(place: Place, root: Path) -> Iterator[None]:
    """A dead share answers every question with an error: say of which folder."""
    try:
        yield
    except OSError as error:
        raise EnvironmentFaultError(
            f"the {place} folder {root} does not answer: {environment_reason(error).text}",
            remedy="mount it again, or repair the disk or the share",
        ) from error


def _read_only(place: Place, root: Path) -> EnvironmentFaultError | None:
    if not os.statvfs(root).f_flag & os.ST_RDONLY:
        return None
    return EnvironmentFaultError(
        f"the {place} folder {root} is on a file system that is mounted read-only",
        remedy="find the cause with dmesg, then: mount -o remount,rw",
        code=ReasonCode.READ_ONLY,
    )


class RootWatch:
    """Refuses to go on with roots that are gone, replaced, closed to us or full.

    That each root is the folder it was is asked every time, for a share that is not mounted would
    swallow documents. Rights and room are asked twice a second at most: without them a delivery
    fails by itself, and nothing is lost.

    Args:
        configuration: The workspace.
        clock: For the time between two close checks.
    """

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        self._configuration = configuration
        self._clock = clock
        self._mounts = MountMemory(configuration)
        self._checked_at = float("-inf")

    def check(self, *, closely: bool = False) -> None:
        """Check the roots.

        Args:
            closely: Ask for everything, e.g. to learn whether what failed works again.

        Raises:
            EnvironmentFaultError: Why no document may be taken or delivered now.
        """
        now = self._clock.monotonic()
        if not closely and now < self._checked_at + _EVERY and self._mounts.is_unchanged():
            return
        self._checked_at = float("-inf")  # after a failure the next check is a close one
        check_roots(self._configuration)
        self._mounts.check()
        check_space(self._configuration)
        self._checked_at = now
