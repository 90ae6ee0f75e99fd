"""Reads the inbox: whether it is there, which regular files are in it, their size and time.

A share that is gone for a moment must not be taken for an inbox that was emptied
(ocrmypdf-auto#21). The walk is a generator that can be left and resumed, so that 100,000 waiting
files cost bounded work at a time. Nothing is followed or opened: `lstat` only.
"""

import errno
import os
import stat
from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from docsorter.clock import Clock
from docsorter.documents import Reason, ReasonCode
from docsorter.errors import EnvironmentFaultError
from docsorter.filesystem import environment_reason
from docsorter.intake.ignore import IgnoreRules

GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""What the system answers when a name is no longer there."""

_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISCHR, "a character device"),
)
_MOST_SKIPPED = 1000


@dataclass(frozen=True, slots=True)
class Observation:
    """A regular file at one observation.

    Attributes:
        path: Relative to the inbox, forward slashes; bytes that are no UTF-8 are surrogates.
        size: Bytes.
        mtime_ns: Modification time, nanoseconds since the epoch.
        inode: Inode number.
        device: Device number; for comparing two observations only, never for "same mount".
    """

    path: str
    size: int
    mtime_ns: int
    inode: int
    device: int

    @property
    def source(self) -> str:
        """The sub-folder it arrived in, "" for the inbox itself."""
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The file name."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class SkippedEntry:
    """Something in the inbox that is left alone."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that stays in the inbox for now.

    Attributes:
        path: Relative to the inbox.
        reason: Why.
        since: When it began to wait or was last written to, seconds since the epoch.
    """

    path: str
    reason: Reason
    since: float


@dataclass(frozen=True, slots=True)
class ScanStep:
    """What one step of a walk has seen."""

    observations: tuple[Observation, ...]
    finished: bool


class Scanner:
    """Walks one inbox again and again.

    Args:
        root: The inbox.
        ignore: What to leave alone.
        clock: For the time budget.
        recursive: Whether to enter sub-folders (also other mounts).
        private: Name of the claim directory directly inside the inbox; it is never entered.
    """

    def __init__(
        self,
        root: Path,
        ignore: "IgnoreRules",
        clock: Clock,
        *,
        recursive: bool = True,
        private: str = ".docsorter",
    ) -> None:
        self._guard = _RootGuard(root, private)
        self._root = os.fspath(root)  # joined as text: a Path per file would cost more than lstat
        self._ignore = ignore
        self._clock = clock
        self._recursive = recursive
        self._private = private
        self._walk: Generator[Observation | None, None, None] | None = None
        self._known: set[SkippedEntry] = set()
        self._skipped: set[SkippedEntry] = set()
        self._new: list[SkippedEntry] = []
        self._entered: set[int] = set()
        self._left: dict[str, WaitingFile] = {}
        self.folders: frozenset[int] = frozenset()
        """Inode numbers of the sub-folders that the last complete walk found."""
        self.left: tuple[WaitingFile, ...] = ()
        """What the last complete walk left alone and somebody may wait for, 1000 at most."""

    @property
    def walking(self) -> bool:
        """Whether a walk is under way."""
        return self._walk is not None

    def step(self, max_entries: int = 2000, max_seconds: float = 0.1) -> ScanStep:
        """Begin a walk or go on with it, for so many directory entries or so long at most.

        Raises:
            EnvironmentFaultError: The inbox itself cannot be read; the walk is given up.
        """
        try:
            if self._walk is None:
                self._guard.check()
                self._skipped = set()
                self._entered = set()
                self._left = {}
                self._walk = self._entries()
            return self._advance(max_entries, self._clock.monotonic() + max_seconds)
        except BaseException:
            self.close()
            raise

    def observe(self, paths: Iterable[str]) -> list[Observation]:
        """Observe single files again; those that are gone or no longer regular are left out.

        Raises:
            EnvironmentFaultError: The inbox itself cannot be read.
        """
        self._guard.check()
        seen = []
        for path in paths:
            try:
                status = os.lstat(f"{self._root}/{path}")
            except OSError:
                continue  # the next walk tells whether it is gone for good
            if stat.S_ISREG(status.st_mode):
                seen.append(_observation(path, status))
        return seen

    def take_skipped(self) -> tuple[SkippedEntry, ...]:
        """Return what was skipped and not returned yet; each is returned once while it lasts."""
        new = tuple(self._new)
        self._new.clear()
        return new

    def close(self) -> None:
        """Give up a walk that is under way."""
        if self._walk is not None:
            self._walk.close()
            self._walk = None

    def _advance(self, max_entries: int, until: float) -> ScanStep:
        assert self._walk is not None
        found: list[Observation] = []
        for count, observation in enumerate(self._walk, start=1):
            if observation is not None:
                found.append(observation)
            if count >= max_entries or self._clock.monotonic() >= until:
                return ScanStep(tuple(found), finished=False)
        self.close()
        self._known = self._skipped
        self.folders = frozenset(self._entered)
        self.left = tuple(self._left.values())
        return ScanStep(tuple(found), finished=True)

    def _entries(self) -> Generator[Observation | None, None, None]:
        """Yield a file, or None for an entry that is none."""
        folders = [""]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(f"{self._root}/{folder}" if folder else self._root) as listing:
                    for entry in listing:
                        path = f"{folder}/{entry.name}" if folder else entry.name
                        yield self._entry(path, entry, folders)
            except OSError as error:
                if not folder:
                    raise self._guard.fault(error) from error
                self._unreadable(folder, error)

    def _entry(self, path: str, entry: os.DirEntry[str], folders: list[str]) -> Observation | None:
        if path == self._private:
            return None
        if self._ignore.matches(path):
            self._unfinished(path, entry)
            return None
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            self._unreadable(path, error)
            return None
        if stat.S_ISREG(status.st_mode):
            return _observation(path, status)
        if stat.S_ISDIR(status.st_mode):
            if self._recursive:
                folders.append(path)
                self._entered.add(status.st_ino)
            return None
        kind = next((text for test, text in _KINDS if test(status.st_mode)), "no regular file")
        reason = Reason(ReasonCode.UNSUPPORTED, f"{kind}, only regular files are sorted")
        self._report(path, reason, status.st_mtime)
        return None

    def _unfinished(self, path: str, entry: os.DirEntry[str]) -> None:
        """Note a file whose name says that its writer is not done."""
        whose = self._ignore.writer(path)
        if not whose or len(self._left) >= _MOST_SKIPPED:
            return
        with suppress(OSError):  # it may get its final name meanwhile
            since = entry.stat(follow_symlinks=False).st_mtime
            reason = Reason(ReasonCode.BUSY, f"unfinished, by its name ({whose})")
            self._left[path] = WaitingFile(path, reason, since)

    def _unreadable(self, path: str, error: OSError) -> None:
        if error.errno not in GONE:  # files may go between two observations
            reason = environment_reason(error)
            text = f"cannot be read, {reason.text}"
            now = self._clock.now().timestamp()
            since = next((file.since for file in self.left if file.path == path), now)
            self._report(path, Reason(reason.code, text), since)

    def _report(self, path: str, reason: Reason, since: float) -> None:
        entry = SkippedEntry(path, reason.text)
        if len(self._skipped) >= _MOST_SKIPPED or entry in self._skipped:
            return
        self._skipped.add(entry)
        self._left[path] = WaitingFile(path, reason, since)
        if entry not in self._known:
            self._new.append(entry)


def _observation(path: str, status: os.stat_result) -> Observation:
    return Observation(path, status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev)


class _RootGuard:
    """Tells an inbox that is gone from one that is empty."""

    def __init__(self, root: Path, private: str) -> None:
        self._root = root
        self._private = root / private
        self._device: int | None = None  # of the root while the claim directory was in it

    def check(self) -> None:
        """Make sure that the inbox can be asked and is the one it was.

        Raises:
            EnvironmentFaultError: It is not.
        """
        try:
            device = self._root.stat().st_dev
            has_private = self._has_private()
        except OSError as error:
            raise self.fault(error) from error
        if self._device not in {None, device} and not has_private:
            # An unmounted share leaves its mount point behind: an empty folder of another disk.
            raise EnvironmentFaultError(
                f"the inbox is gone: {self._root} is another, empty file system now",
                remedy="mount the share again; if the inbox was replaced on purpose, restart",
            )
        if has_private:
            self._device = device

    def fault(self, error: OSError) -> EnvironmentFaultError:
        """Say in words that the inbox cannot be read."""
        return inbox_gone(self._root, error)

    def _has_private(self) -> bool:
        try:
            self._private.lstat()
        except FileNotFoundError:
            return False
        return True  # any other answer is an error: an inbox that may not be entered says EACCES


def inbox_gone(root: Path, error: OSError) -> EnvironmentFaultError:
    """Say that the inbox itself cannot be read, which is never the same as being empty."""
    gone = error.errno in GONE
    text = f"there is no folder {root}" if gone else environment_reason(error).text
    return EnvironmentFaultError(
        f"the inbox is gone: {text}", remedy="mount or create it again, or mend its permissions"
    )
