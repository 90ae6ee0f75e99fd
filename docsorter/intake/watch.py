"""Wakes the rescan: inotify through watchdog where it works, else only the poll interval.

Nothing here says which file changed; events are hints and get lost (watchdog#668, #1094, #577).

watchdog holds every "moved away" event back for half a second, to pair it with the "moved here"
that may follow, and everything behind it in its queue. Each claim is such an event and would delay
the wake-up by the next scan, so they are filtered out.

watchdog does not report that the kernel refused to watch a sub-folder; the kernel says what is
watched (proc_pid_fdinfo(5), "inotify").
"""

import errno
import os
import re
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import DEFAULT_OBSERVER_TIMEOUT, BaseObserver
from watchdog.observers.inotify import InotifyEmitter, InotifyObserver
from watchdog.utils import BaseThread

from docsorter.errors import EnvironmentFaultError
from docsorter.filesystem import file_system
from docsorter.intake.scan import inbox_gone
from docsorter.settings import IntakeSettings

_IN_MOVED_FROM = 0x40  # inotify(7)
_PROC = Path("/proc/sys/fs/inotify")
_FDS = Path("/proc/self/fd")
_FDINFO = Path("/proc/self/fdinfo")
_WATCH = re.compile(r"^inotify wd:\w+ ino:([0-9a-f]+)", re.MULTILINE)

EVENTS = "inotify"
POLLING = "polling"

# Arrivals only. Our own reading opens and closes folders and files: were those events listened to,
# every rescan would ask for the next one. Writing needs none: a growing file is checked when due.
_ARRIVALS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileMovedEvent,
    FileClosedEvent,
    DirCreatedEvent,
    DirMovedEvent,
]
_JOIN_SECONDS = 5.0
_starting = threading.Lock()  # so that threads which appear during a start belong to it


class _ArrivalEmitter(InotifyEmitter):
    def get_event_mask_from_filter(self) -> int:  # type: ignore[override] # a NewType of int
        """Return the events to listen to, without files that leave."""
        return int(super().get_event_mask_from_filter()) & ~_IN_MOVED_FROM


class ArrivalObserver(InotifyObserver):
    """An `InotifyObserver` without events of files that leave.

    A watchdog that keeps its emitter class elsewhere would only be slower, not wrong.
    """

    def __init__(self, *, timeout: float = DEFAULT_OBSERVER_TIMEOUT) -> None:
        super().__init__(timeout=timeout)
        self._emitter_class = _ArrivalEmitter


class FolderSource:
    """Says when to read the inbox: watches it with inotify, or leaves it to the poll interval.

    Attributes:
        backend: `EVENTS` or `POLLING`, for `status`.
        note: Why it polls, or what to do to get a better watch; "" when all is well.
        interval: Seconds between full rescans that go with it.
        worth_another_try: Whether the watch fell short of what was wanted, which may have been
            mended since.

    Args:
        root: The inbox.
        settings: `watch`, `recursive`, `rescan_seconds` and `poll_seconds`.
        wake: Called from a thread of the watcher; it may set a flag and nothing else.
        private: Name of the claim directory in the inbox; what arrives there wakes nobody.
        observer: Makes the watcher.
    """

    def __init__(
        self,
        root: Path,
        settings: IntakeSettings,
        wake: Callable[[], None],
        *,
        private: str = ".docsorter",
        observer: Callable[[], BaseObserver] = ArrivalObserver,
    ) -> None:
        self.backend = POLLING
        self.note = ""
        self.interval = settings.rescan_seconds
        self._root = root
        self._settings = settings
        self._wake = wake
        self._private = private
        self._make = observer
        self._observer: BaseObserver | None = None
        self._threads: list[threading.Thread] = []
        self._identity: tuple[int, int] | None = None
        self._missed: frozenset[int] = frozenset()
        self.worth_another_try = False

    def start(self) -> None:
        """Choose a backend and start it.

        Raises:
            EnvironmentFaultError: The inbox cannot be opened.
        """
        self._identity = self._open()
        self.note = self._reason_to_poll()
        self.worth_another_try = False
        self._missed = frozenset()
        if not self.note:
            try:
                self._watch()
            except (OSError, RuntimeError) as error:  # RuntimeError: no thread can be started
                self._dismantle()
                self.note = _cannot_watch(error)
                self.worth_another_try = True
        self.backend = POLLING if self.note else EVENTS
        self._set_interval()

    def compare(self, folders: Collection[int]) -> bool:
        """Compare what is watched with what is there; sub-folders may be left out without a word.

        Args:
            folders: Inode numbers of the inbox's sub-folders, as the last rescan found them.

        Returns:
            Whether to rescan and compare again soon: a folder is missed that may be just new.
        """
        if self.backend == POLLING or not self._settings.recursive:
            return False
        missed = _unwatched_folders(self._identity, folders)
        lasting = missed & self._missed  # a folder made just now is watched in a moment
        self._missed = missed
        self.worth_another_try = bool(lasting)
        self.note = _unwatched_note(len(lasting)) if lasting else ""
        self._set_interval()
        return bool(missed - lasting)

    def _set_interval(self) -> None:
        rescan, poll = self._settings.rescan_seconds, self._settings.poll_seconds
        self.interval = min(rescan, poll) if self.note else rescan

    def stop(self) -> None:
        """End all threads."""
        self._dismantle()
        self._identity = None

    def healthy(self) -> bool:
        """Say whether every thread lives (watchdog#663) and the folder is still the same one."""
        if self._identity is None or not all(thread.is_alive() for thread in self._threads):
            return False
        try:
            return self._open() == self._identity
        except EnvironmentFaultError:
            return False

    def rebuild(self) -> None:
        """Stop and start again, choosing anew: a share may have been mounted since.

        Raises:
            EnvironmentFaultError: The inbox cannot be opened.
        """
        self.stop()
        self.start()

    def _reason_to_poll(self) -> str:
        if self._settings.watch == "polling":
            return "polling is set"
        if self._settings.watch == "events":
            return ""
        found = file_system(self._root)
        if found.remote:
            return f"{found.kind} at {found.mount_point} tells nothing of changes made elsewhere"
        return ""

    def _open(self) -> tuple[int, int]:
        """Return the identity of the inbox; opening is also what needs the right to watch it."""
        try:
            descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise inbox_gone(self._root, error) from error
        try:
            status = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        return status.st_dev, status.st_ino

    def _watch(self) -> None:
        real = os.path.realpath(self._root)  # a link to the inbox would be watched as a link
        handler = _Waker(self._wake, f"{real}/{self._private}/")
        with _starting:
            before = set(threading.enumerate())
            try:
                self._observer = self._make()
                self._observer.schedule(
                    handler,
                    real,
                    recursive=self._settings.recursive,
                    event_filter=_ARRIVALS,
                )
                self._observer.start()
            finally:
                self._threads = [
                    thread
                    for thread in threading.enumerate()
                    if isinstance(thread, BaseThread) and thread not in before
                ]

    def _dismantle(self) -> None:
        observer, self._observer = self._observer, None
        threads, self._threads = self._threads, []
        if observer is not None:
            observer.stop()
        for thread in threads:
            thread.join(_JOIN_SECONDS)


class _Waker(FileSystemEventHandler):
    """Passes every arrival on as a wake-up.

    An exception here would end the watcher's thread (watchdog#427, #793), so there is nothing that
    could raise.
    """

    def __init__(self, wake: Callable[[], None], private: str) -> None:
        self._wake = wake
        self._private = private

    def dispatch(self, event: FileSystemEvent) -> None:
        arrived = event.dest_path or event.src_path
        if isinstance(arrived, str) and arrived.startswith(self._private):
            return  # our own claim
        self._wake()


@dataclass(frozen=True, slots=True)
class InotifyLimits:
    """Limits per user; None where the system does not say.

    Attributes:
        max_user_watches: Folders watched at the same time.
        max_user_instances: Watchers, about one per program.
        max_queued_events: Events kept before the kernel drops them.
    """

    max_user_watches: int | None
    max_user_instances: int | None
    max_queued_events: int | None


def inotify_limits(directory: Path = _PROC) -> InotifyLimits:
    """Read the limits of this machine."""
    return InotifyLimits(
        _number(directory / "max_user_watches"),
        _number(directory / "max_user_instances"),
        _number(directory / "max_queued_events"),
    )


def is_watch_limit(error: OSError) -> bool:
    """Say whether an error of setting up a watch means a limit, not a full disk."""
    return error.errno in {errno.ENOSPC, errno.EMFILE, errno.ENFILE}


def watch_tip(error: OSError, directory: Path = _PROC) -> str:
    """Say in one line how to lift the limit that was met (watchdog#155, #673)."""
    limits = inotify_limits(directory)
    if error.errno == errno.ENOSPC:
        name, current, at_least = "max_user_watches", limits.max_user_watches, 524288
    else:
        name, current, at_least = "max_user_instances", limits.max_user_instances, 512
    wanted = max(at_least, 2 * (current or 0))
    said = f" of {current}" if current is not None else ""
    return (
        f"the limit fs.inotify.{name}{said} is used up, so the inbox is read at intervals instead; "
        f"TIP: sudo sysctl -w fs.inotify.{name}={wanted}"
    )


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _unwatched_folders(root: tuple[int, int] | None, folders: Collection[int]) -> frozenset[int]:
    """Return the folders that are not watched; none as well where that cannot be told.

    Args:
        root: Device and inode of the inbox itself, which is watched.
        folders: Inode numbers of its sub-folders.
    """
    watched = _watched_inodes()
    if root is None or root[1] not in watched:
        return frozenset()  # this file system numbers its watches in another way (some overlays)
    return frozenset(inode for inode in folders if inode not in watched)


def _watched_inodes() -> set[int]:
    """Return the inode numbers of everything this process watches."""
    found: set[int] = set()
    with suppress(OSError):
        for link in _FDS.iterdir():
            with suppress(OSError):
                if str(link.readlink()) == "anon_inode:inotify":
                    text = (_FDINFO / link.name).read_text(encoding="ascii")
                    found.update(int(inode, 16) for inode in _WATCH.findall(text))
    return found


def _unwatched_note(count: int) -> str:
    """Say in one line that sub-folders are not watched, and what to do."""
    folders = "1 sub-folder is" if count == 1 else f"{count} sub-folders are"
    tip = watch_tip(OSError(errno.ENOSPC, "")).partition("TIP: ")[2]
    return f"{folders} not watched and read at intervals instead; TIP: {tip}"


def _cannot_watch(error: OSError | RuntimeError) -> str:
    """Say in one line why the inbox is read at intervals."""
    if isinstance(error, OSError) and is_watch_limit(error):
        return watch_tip(error)
    said = error.strerror if isinstance(error, OSError) else None
    return f"the inbox cannot be watched: {said or error}; it is read at intervals instead"
