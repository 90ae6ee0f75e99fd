"""The state machine that says when a file is at rest, for the inbox; it does no I/O of its own.

Only change that was seen counts, measured with a clock that never jumps: neither an mtime in the
future nor one that a copying program has set years back says anything about the writer. Files
found at start-up go the same way (paperless-ngx `_process_existing_files` did not); a backlog
rests side by side, so it waits once and not once per file.
"""

import heapq
import itertools
import math
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from docsorter.clock import Clock
from docsorter.documents import Reason, ReasonCode
from docsorter.intake.completeness import End, EndCheck
from docsorter.intake.scan import Observation

RETRY_FIRST_SECONDS = 2.0
RETRY_FACTOR = 1.15
RETRY_MOST_SECONDS = 600.0
HAND_OUT_SECONDS = 60.0
"""A file that was handed out and is still there is offered again after this long."""
WAITING_MOST = 1000
"""Files that are named, of those that wait."""
_LONG = 60.0  # seconds after which it is worth a word that a file is still being written
_NEVER = math.inf
_BUSY = Reason(ReasonCode.BUSY, "the file is busy")
_EMPTY = Reason(ReasonCode.EMPTY, "it has no bytes yet")
_WRITTEN = Reason(ReasonCode.CHANGED, "it is still being written")
_FINGERPRINT = struct.Struct("=4Q")
_SIGNED = struct.Struct("=q")
_64_BITS = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that waits longer than files do that come to rest.

    Attributes:
        path: Relative to the inbox.
        reason: Why.
        seconds: For how long.
        is_empty: Whether it has no bytes; then it waits until something is written.
        mtime_ns: When it was last written to.
    """

    path: str
    reason: Reason
    seconds: float
    is_empty: bool
    mtime_ns: int


class Settler:
    """Decides from repeated observations which files are complete.

    A file is complete when its size, mtime and inode have not changed between two observations at
    least `rest_seconds` apart; `slow_rest_seconds` when the end of its format is missing.

    Args:
        rest_seconds: Rest of a file whose format end is there, or that has none.
        slow_rest_seconds: Rest of a file whose format end is missing; at least `rest_seconds`.
        clock: Only its monotonic time is used.
        check: Checks the end of a file, given its relative path; asked once it has rested.
        inodes: Whether another inode number means another file. Not on network file systems, where
            the client may invent a new one each time (mount.cifs(8), "noserverino").
    """

    def __init__(
        self,
        rest_seconds: float,
        slow_rest_seconds: float,
        clock: Clock,
        check: Callable[[str], EndCheck],
        *,
        inodes: bool = True,
    ) -> None:
        self._inodes = inodes
        self._rest = rest_seconds
        self._slow_rest = max(rest_seconds, slow_rest_seconds)
        self._clock = clock
        self._check = check
        self._records: dict[str, _Record] = {}
        self._heap: list[tuple[float, str]] = []
        self._pass = 1

    def __len__(self) -> int:
        return len(self._records)

    def note(self, observations: Iterable[Observation]) -> None:
        """Record what was just seen of some files without checking their end; cheap."""
        now = self._clock.monotonic()
        for seen in observations:
            self._observe(seen, now)

    def feed(self, observations: Iterable[Observation]) -> list[Observation]:
        """Record what was just seen of some files; return those that are complete.

        A file is returned once; again only if it changes, is deferred, or is still there
        `HAND_OUT_SECONDS` later.
        """
        now = self._clock.monotonic()
        ready = []
        for seen in observations:
            record = self._observe(seen, now)
            if now >= record.due and self._rested(seen, record, now):
                ready.append(seen)
        return ready

    def end_pass(self) -> None:
        """Say that every file of the inbox was fed once since the last call: forget the others."""
        gone = [path for path, record in self._records.items() if record.seen != self._pass]
        for path in gone:
            del self._records[path]
        self._pass += 1

    def due(self, limit: int) -> list[str]:
        """Return paths to check again now, the longest due first."""
        now = self._clock.monotonic()
        found: list[str] = []
        kept: list[tuple[float, str]] = []
        while self._heap and self._heap[0][0] <= now and len(found) < limit:
            entry = heapq.heappop(self._heap)
            if self._is_current(entry):
                found.append(entry[1])
                kept.append(entry)
        for entry in kept:  # it stays due until it is fed, deferred or forgotten
            heapq.heappush(self._heap, entry)
        return found

    def next_due(self) -> float | None:
        """Return the monotonic time of the next check; None when only a new event can help."""
        while self._heap and not self._is_current(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def defer(self, path: str, reason: Reason) -> None:
        """Try a file again later, each time 1.15 times later, at most after ten minutes."""
        record = self._records.get(path)
        if record is None or record.empty:
            return
        wait = min(RETRY_MOST_SECONDS, RETRY_FIRST_SECONDS * RETRY_FACTOR**record.attempts)
        record.attempts = min(record.attempts + 1, 1000)
        record.reason = reason
        rested = record.since + self._rest  # it may have changed since it was handed out
        self._schedule(path, record, max(rested, self._clock.monotonic() + wait))

    def confirm(self, seen: Observation, again: Observation) -> bool:
        """Record a file that was seen again; return whether it has not changed."""
        self._observe(again, self._clock.monotonic())
        return self._fingerprint_of(seen) == self._fingerprint_of(again)

    def forget(self, path: str, seen: Observation | None = None) -> None:
        """Stop waiting for a file: it was claimed, or is gone.

        Args:
            path: Its path.
            seen: How it was; a record of another file under the same name stays.
        """
        record = self._records.get(path)
        if record is not None and (
            seen is None or record.fingerprint == self._fingerprint_of(seen)
        ):
            del self._records[path]

    def waiting(self, most: int = WAITING_MOST) -> list[Waiting]:
        """Return the files that wait for more than their rest, each with its reason.

        Those are without bytes, busy, or still being written after a minute.

        Args:
            most: Files that are returned at most.
        """
        now = self._clock.monotonic()
        reasons = (
            (path, record, self._held_up(record, now)) for path, record in self._records.items()
        )
        found = (
            Waiting(path, reason, now - record.first_seen, record.empty, record.mtime_ns)
            for path, record, reason in reasons
            if reason is not None
        )
        return list(itertools.islice(found, most))

    def _held_up(self, record: "_Record", now: float) -> Reason | None:
        if record.empty:
            return _EMPTY
        if record.reason is not None:
            return record.reason
        writing = now - record.first_seen > _LONG and now < record.since + self._slow_rest
        return _WRITTEN if writing else None

    def _observe(self, seen: Observation, now: float) -> "_Record":
        record = self._records.get(seen.path)
        if record is None:
            record = self._records[seen.path] = _Record(now)
        record.seen = self._pass
        fingerprint = self._fingerprint_of(seen)
        if record.fingerprint != fingerprint:
            self._changed(seen.path, record, fingerprint, now)
        return record

    def _changed(self, path: str, record: "_Record", fingerprint: bytes, now: float) -> None:
        record.fingerprint = fingerprint
        record.since = now
        record.attempts = 0
        record.reason = None
        self._schedule(path, record, _NEVER if record.empty else now + self._rest)

    def _rested(self, seen: Observation, record: "_Record", now: float) -> bool:
        """Check the end of a file that has rested; return whether it is complete."""
        found = self._check(seen.path)
        if found.end is End.GONE:
            self.forget(seen.path)
            return False
        if found.end is End.BUSY:
            self.defer(seen.path, found.reason or _BUSY)
            return False
        if (found.size, found.mtime_ns) != (seen.size, seen.mtime_ns):
            changed = self._fingerprint(seen, found.size, found.mtime_ns)
            self._changed(seen.path, record, changed, now)
            return False
        if found.end is End.MISSING and now < record.since + self._slow_rest:
            record.reason = None
            self._schedule(seen.path, record, record.since + self._slow_rest)
            return False
        record.reason = None
        self._schedule(seen.path, record, now + HAND_OUT_SECONDS)
        return True

    def _schedule(self, path: str, record: "_Record", due: float) -> None:
        record.due = due
        if due != _NEVER:
            heapq.heappush(self._heap, (due, path))
        if len(self._heap) > 2 * len(self._records) + 64:
            self._heap = [(r.due, p) for p, r in self._records.items() if r.due != _NEVER]
            heapq.heapify(self._heap)

    def _fingerprint(self, seen: Observation, size: int, mtime_ns: int) -> bytes:
        """Pack what must not change; an mtime may be before 1970 or after 2262."""
        identity = (seen.inode, seen.device) if self._inodes else (0, 0)
        return _FINGERPRINT.pack(size, mtime_ns & _64_BITS, *identity)

    def _fingerprint_of(self, seen: Observation) -> bytes:
        return self._fingerprint(seen, seen.size, seen.mtime_ns)

    def _is_current(self, entry: tuple[float, str]) -> bool:
        record = self._records.get(entry[1])
        return record is not None and record.due == entry[0]


class _Record:
    """What is known of one file; small, as there may be 100,000 of them."""

    __slots__ = ("attempts", "due", "fingerprint", "first_seen", "reason", "seen", "since")

    def __init__(self, now: float) -> None:
        self.first_seen = now
        self.fingerprint = b""
        self.since = now  # when this size, mtime and inode were first seen
        self.due = _NEVER  # when to check again
        self.attempts = 0
        self.reason: Reason | None = None
        self.seen = 0  # number of the pass that saw it last

    @property
    def empty(self) -> bool:
        return not any(self.fingerprint[:8])

    @property
    def mtime_ns(self) -> int:
        """Modification time; one before 1970 or after 2262 wraps around."""
        return int(_SIGNED.unpack_from(self.fingerprint, 8)[0])
