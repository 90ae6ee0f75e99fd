"""One inbox for the daemon: rescans, rechecks of waiting files, and the files that are complete."""

import datetime as dt
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from docsorter.clock import Clock
from docsorter.documents import Reason, ReasonCode
from docsorter.errors import EnvironmentFaultError
from docsorter.filesystem import is_network_or_virtual
from docsorter.intake.completeness import End, EndCheck, check_end
from docsorter.intake.ignore import CONTROL_FILES, IgnoreRules
from docsorter.intake.scan import Observation, Scanner, SkippedEntry, WaitingFile
from docsorter.intake.settling import WAITING_MOST, Settler, Waiting
from docsorter.settings import IntakeSettings

_ENTRIES = 2000  # directory entries in one tick
_SECONDS = 0.1
_SHARE = 4.0  # rescans on request take a fifth of the time at most


class Inbox:
    """Says which files are complete, a bounded amount of work per tick.

    A rescan of everything happens at the first tick, `interval` seconds after the last one, and
    when asked for; in between only files that are due are checked again.

    Args:
        root: The inbox.
        settings: Rest times, rescan interval, ignore patterns.
        clock: Wall clock for `last_rescan`, monotonic time for everything else.
        private: Name of the claim directory directly inside the inbox.
        check: Checks the end of a file; without it `check_end`, which on a local file system
            also asks whether anybody still has the file open for writing.
    """

    def __init__(
        self,
        root: Path,
        settings: IntakeSettings,
        clock: Clock,
        *,
        private: str = ".docsorter",
        check: Callable[[Path], EndCheck] | None = None,
    ) -> None:
        local = not is_network_or_virtual(root)
        check = check or partial(check_end, detect_writers=local)
        self.interval = settings.rescan_seconds
        """Seconds between full rescans; shorter when nothing tells of changes."""
        self.last_rescan: dt.datetime | None = None
        """When a full rescan last came to its end."""
        self.rescan_took = 0.0
        """Seconds of reading in the last full rescan; more than `interval` is worth a warning."""
        self._clock = clock
        self._scanner = Scanner(
            root,
            IgnoreRules(settings.ignore),
            clock,
            recursive=settings.recursive,
            private=private,
        )
        self._settler = Settler(
            settings.rest_seconds,
            settings.slow_rest_seconds,
            clock,
            lambda path: _unfinished(root / path) or check(root / path),
            inodes=local,
        )
        self._asked = threading.Event()
        self._began = self._next_scan = self._rested_at = clock.monotonic()
        self._spent = 0.0

    def request_rescan(self) -> None:
        """Ask for a full rescan; safe from any thread, and only once while one is under way."""
        self._asked.set()

    def tick(self, limit: int = 500) -> tuple[Observation, ...]:
        """Do a bounded piece of work; return files that are complete now.

        Whoever claims one calls `forget`, whoever fails to claim it `defer`. The claim has to
        compare size and mtime again.

        Args:
            limit: Files that are checked at most; 0 goes on rescanning but hands out nothing.

        Raises:
            EnvironmentFaultError: The inbox cannot be read. Nothing is forgotten; try again later.
        """
        try:
            if self._scanner.walking or self._scan_at() <= self._clock.monotonic():
                self._scan()
            return tuple(self._recheck(limit))
        except EnvironmentFaultError:
            self._rested_at = self._clock.monotonic()
            self._asked.set()  # no tick may pass for a success until a rescan is one
            raise

    def next_due(self, *, rescans_only: bool = False) -> float:
        """Return the monotonic time of the next work; not later than now when there is some.

        Args:
            rescans_only: Leave out rechecks, for whoever calls `tick(0)` at present.
        """
        if self._scanner.walking:
            return self._clock.monotonic()
        recheck_at = None if rescans_only else self._settler.next_due()
        return self._scan_at() if recheck_at is None else min(self._scan_at(), recheck_at)

    def defer(self, path: str, reason: Reason) -> None:
        """Offer a file again later: it could not be claimed."""
        self._settler.defer(path, reason)

    def confirm(self, seen: Observation) -> bool:
        """Say whether a file is still there as it was seen, right before its claim.

        One that is gone is forgotten, one that changed rests again.

        Raises:
            EnvironmentFaultError: The inbox cannot be read.
        """
        found = self._scanner.observe([seen.path])
        if not found:
            self._settler.forget(seen.path)
            return False
        return self._settler.confirm(seen, found[0])

    def forget(self, path: str, seen: Observation | None = None) -> None:
        """Stop waiting for a file: it was claimed, or is gone.

        Args:
            path: Its path in the inbox.
            seen: How it was; another file that has come under this name since goes on waiting.
        """
        self._settler.forget(path, seen)

    @property
    def settling(self) -> int:
        """Regular files that are in the inbox, at rest or not."""
        return len(self._settler)

    def waiting(self) -> tuple[WaitingFile, ...]:
        """Return what stays in the inbox for now, longest first, 1000 files at most.

        Files that come to rest, or are at rest and have not had their turn, are not among them.
        """
        now = self._clock.now().timestamp()
        held_up = [_waiting_file(file, now) for file in self._settler.waiting()]
        by_age = sorted([*held_up, *self._scanner.left], key=lambda file: (file.since, file.path))
        return tuple(by_age[:WAITING_MOST])

    @property
    def folders(self) -> frozenset[int]:
        """Inode numbers of the sub-folders that the last complete rescan found."""
        return self._scanner.folders

    def take_skipped(self) -> tuple[SkippedEntry, ...]:
        """Return links, pipes and the like that were found since the last call."""
        return self._scanner.take_skipped()

    def close(self) -> None:
        """Give up a rescan that is under way."""
        self._scanner.close()

    def _scan_at(self) -> float:
        asked = self._asked.is_set()
        return min(self._rested_at, self._next_scan) if asked else self._next_scan

    def _recheck(self, limit: int) -> list[Observation]:
        due = self._settler.due(limit)
        if not due:
            return []
        seen = self._scanner.observe(due)
        for path in set(due).difference(observation.path for observation in seen):
            self._settler.forget(path)  # should it be there after all, the next rescan finds it
        return self._settler.feed(seen)

    def _scan(self) -> None:
        began = self._clock.monotonic()
        if not self._scanner.walking:
            self._asked.clear()  # what changes behind the walk asks for another one
            self._began, self._spent = began, 0.0
        part = self._scanner.step(_ENTRIES, _SECONDS)
        self._settler.note(part.observations)
        now = self._clock.monotonic()
        self._spent += now - began
        if part.finished:
            self._settler.end_pass()
            self.last_rescan = self._clock.now()
            self.rescan_took = self._spent
            # Reading a huge inbox again and again would leave no time for the documents.
            self._next_scan = max(self._began + self.interval, now + self._spent)
            self._rested_at = now + _SHARE * self._spent


def _unfinished(path: Path) -> EndCheck | None:
    """Say that a file is not whole, which the program that writes it says by another file."""
    for suffix, whose in CONTROL_FILES:
        if os.path.lexists(f"{path}{suffix}"):
            text = f"unfinished: {path.name}{suffix} is beside it ({whose})"
            return EndCheck(End.BUSY, reason=Reason(ReasonCode.BUSY, text))
    return None


def _waiting_file(file: Waiting, now: float) -> WaitingFile:
    """Date a file that waits; one without bytes waits since it was made, whoever ran then."""
    since = now - file.seconds
    if file.is_empty and file.mtime_ns > 0:
        since = min(since, file.mtime_ns / 1e9)
    return WaitingFile(file.path, file.reason, since)
