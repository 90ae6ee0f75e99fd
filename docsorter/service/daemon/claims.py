"""Keeps the watch on the inbox, and claims complete files out of it, durably one by one."""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from docsorter.clock import Clock
from docsorter.deliver.mover import Mover
from docsorter.deliver.transfer import FileChangedError, FileGoneError, PlanPoint
from docsorter.documents import Document, Move, Reason, ReasonCode
from docsorter.errors import ConflictError, EnvironmentFaultError
from docsorter.intake.inbox import Inbox
from docsorter.intake.scan import Observation
from docsorter.intake.watch import EVENTS, FolderSource
from docsorter.service.daemon.pipeline import ACTOR, fault_reason
from docsorter.service.workspace.process import LOGGER
from docsorter.store import Arrival, Store

_LOG = logging.getLogger(LOGGER)
_CHANGED = Reason(ReasonCode.CHANGED, "it changed between the last scan and the claim")


@dataclass(frozen=True, slots=True)
class PlannedClaim:
    """A claim that is written down and not carried out yet."""

    seen: Observation
    document: Document
    move: Move


class ClaimQueue:
    """Claims what the inbox hands out, keeping what it did not get to yet.

    Everything but `carry` belongs to the one thread that ticks the inbox; `carry` may copy a large
    file over a slow share, so it is a worker's, and what came of it is told to the inbox later.
    """

    def __init__(self, inbox: Inbox, store: Store, mover: Mover) -> None:
        self._inbox = inbox
        self._store = store
        self._mover = mover
        self._ready: dict[str, Observation] = {}
        self._claimed: set[str] = set()
        self._given_up: dict[str, int] = {}  # path -> its document, to be claimed again
        self._news: deque[Callable[[], None]] = deque()

    def add(self, observations: Iterable[Observation]) -> None:
        """Remember files that are complete, to be claimed in the order they were written.

        A newer observation of the same file replaces the older. What was seen while a claim of
        that path is under way may be the file that it takes: were it kept, it would be claimed a
        second time when it is gone. What is there afterwards, the inbox offers again.
        """
        new = (seen for seen in observations if seen.path not in self._claimed)
        ordered = sorted(new, key=lambda seen: seen.mtime_ns)
        self._ready.update((seen.path, seen) for seen in ordered)

    @property
    def backlog(self) -> int:
        """Complete files that are not claimed yet."""
        return len(self._ready)

    def plan_next(self) -> PlannedClaim | None:
        """Write down the claim of one file; None when there is nothing to claim under its name.

        It may have waited here for minutes, so it is looked at again: a file that is gone gets no
        number, and one that changed rests again. Nor is it claimed while an earlier claim, of a
        process that was killed or of one that could not be taken back, is not carried out.

        Raises:
            EnvironmentFaultError: The inbox cannot be read; the file stays remembered.
            StoreError: The database fails; the file stays remembered.
        """
        seen = next(iter(self._ready.values()))
        again = self._given_up.get(seen.path)
        if not self._inbox.confirm(seen):
            del self._ready[seen.path]
            return None
        arrival = Arrival(seen.name, seen.source, seen.path, seen.size, seen.mtime_ns)
        try:
            with self._mover.step(PlanPoint.CLAIM_PLANNED):
                document, move = self._store.documents.plan_claim(arrival, actor=ACTOR, again=again)
        except ConflictError:
            del self._ready[seen.path]
            return None
        del self._ready[seen.path]
        self._given_up.pop(seen.path, None)
        self._claimed.add(seen.path)
        return PlannedClaim(seen, document, move)

    def carry(self, claim: PlannedClaim) -> Document | None:
        """Take the file into the spool; None when it has to wait or is gone. Any thread.

        Raises:
            EnvironmentFaultError: Not even the claim can be taken back; recovery finds it.
        """
        try:
            return self._carry(claim)
        finally:
            self._news.append(lambda: self._claimed.discard(claim.seen.path))

    def _carry(self, claim: PlannedClaim) -> Document | None:
        seen = claim.seen
        document = None
        try:
            document = self._mover.complete(claim.move, actor=ACTOR, inode=seen.inode)
        except FileGoneError:
            self._mover.abandon(claim.move, actor=ACTOR, reason=ReasonCode.MISSING)
        except FileChangedError:
            self._mover.abandon(claim.move, actor=ACTOR, reason=ReasonCode.CHANGED)
            self._news.append(lambda: self._put_off(claim, _CHANGED))
            return None
        except EnvironmentFaultError as error:
            reason = fault_reason(error)
            self._mover.abandon(claim.move, actor=ACTOR, reason=reason.code)
            self._news.append(lambda: self._put_off(claim, reason))
            _LOG.warning("%s stays in the inbox for now: %s", seen.path, error.message)
            return None
        self._news.append(lambda: self._inbox.forget(seen.path, seen))
        return document

    def _put_off(self, claim: PlannedClaim, reason: Reason) -> None:
        self._given_up[claim.seen.path] = claim.document.id
        self._inbox.defer(claim.seen.path, reason)

    def tell_inbox(self) -> None:
        """Hand what became of carried claims on to the inbox."""
        while self._news:
            self._news.popleft()()


_AGAIN_SECONDS = 60.0  # before a watch that fell short is set up anew


class WatchSupervisor:
    """Supervises one intake source."""

    def __init__(self, source: FolderSource, inbox: Inbox, clock: Clock) -> None:
        self._source = source
        self._inbox = inbox
        self._clock = clock
        self._said = ""
        self._checked = inbox.last_rescan
        self._again_at = self._clock.monotonic() + _AGAIN_SECONDS
        self._take_over()

    def tick(self) -> None:
        """Do what is due.

        Raises:
            EnvironmentFaultError: The inbox cannot be opened.
        """
        if not self._source.healthy():
            _LOG.warning("the watcher stopped; starting it again")
            self._rebuild()
        elif self._source.worth_another_try and self._clock.monotonic() >= self._again_at:
            self._rebuild()
        if self._checked != self._inbox.last_rescan:
            self._checked = self._inbox.last_rescan
            if self._source.compare(self._inbox.folders):
                self._inbox.request_rescan()
            self._take_over()

    def _rebuild(self) -> None:
        self._again_at = self._clock.monotonic() + _AGAIN_SECONDS
        self._source.rebuild()
        self._inbox.request_rescan()
        self._take_over()

    def _take_over(self) -> None:
        self._inbox.interval = self._source.interval
        note = self._source.note
        if note and note != self._said:
            _LOG.warning("%s", note)
        elif self._said and not note and self._source.backend == EVENTS:
            _LOG.info("the inbox is watched completely again")
        self._said = note
