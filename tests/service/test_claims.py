import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.deliver.transfer import FileChangedError, FileGoneError
from docsorter.documents import Place, State
from docsorter.errors import ConflictError
from docsorter.filesystem import Disk
from docsorter.intake.inbox import Inbox
from docsorter.service.daemon.claims import ClaimQueue, PlannedClaim
from docsorter.settings import IntakeSettings
from docsorter.store import Arrival
from tests.service.desk import Desk


@pytest.fixture
def inbox(configuration: Configuration, clock: ManualClock) -> Inbox:
    root = configuration.root(Place.INBOX)
    return Inbox(root, configuration.settings.intake, clock)


@pytest.fixture
def claimer(desk: Desk, inbox: Inbox) -> ClaimQueue:
    return ClaimQueue(inbox, desk.store, desk.mover)


def drop(desk: Desk, inbox: Inbox, claimer: ClaimQueue, name: str) -> Path:
    """Put a file into the inbox and let it rest until it is handed out."""
    file = desk.configuration.root(Place.INBOX) / name
    file.write_bytes(b"invoice 0.99")
    inbox.request_rescan()
    for _ in range(3):
        claimer.add(inbox.tick())
        desk.clock.advance(20)
    assert claimer.backlog == 1
    return file


def test_a_complete_file_goes_from_the_inbox_to_the_spool(
    desk: Desk, inbox: Inbox, claimer: ClaimQueue
) -> None:
    file = drop(desk, inbox, claimer, "a.pdf")
    claim = claimer.plan_next()
    assert claim is not None
    document = claimer.carry(claim)
    claimer.tell_inbox()
    assert document is not None
    assert document.state is State.SPOOLED
    assert desk.path(document).read_bytes() == b"invoice 0.99"
    assert not file.exists()
    assert inbox.settling == 0


def test_a_file_that_was_taken_away_before_the_claim_is_withdrawn_quietly(
    desk: Desk, inbox: Inbox, claimer: ClaimQueue
) -> None:
    file = drop(desk, inbox, claimer, "a.pdf")
    claim = claimer.plan_next()
    assert claim is not None
    file.unlink()
    assert claimer.carry(claim) is None
    claimer.tell_inbox()
    assert desk.store.documents.get(claim.document.id).state is State.WITHDRAWN
    assert inbox.settling == 0


def test_a_file_that_changed_before_the_claim_stays_in_the_inbox_and_is_offered_again(
    desk: Desk, inbox: Inbox, claimer: ClaimQueue
) -> None:
    file = drop(desk, inbox, claimer, "a.pdf")
    claim = claimer.plan_next()
    assert claim is not None
    file.write_bytes(b"invoice 0.99 and a second page")
    assert claimer.carry(claim) is None
    claimer.tell_inbox()
    assert file.read_bytes() == b"invoice 0.99 and a second page"
    inbox.request_rescan()
    for _ in range(4):
        desk.clock.advance(20)
        claimer.add(inbox.tick())
    assert claimer.backlog == 1
    following = claimer.plan_next()
    assert following is not None
    assert following.document.id == claim.document.id


def test_a_file_whose_claim_still_runs_is_not_claimed_twice(
    desk: Desk, inbox: Inbox, claimer: ClaimQueue
) -> None:
    drop(desk, inbox, claimer, "a.pdf")
    claim = claimer.plan_next()
    assert claim is not None
    desk.clock.advance(120)
    claimer.add(inbox.tick())  # its worker has not got to it yet, so it is still in the inbox
    assert claimer.backlog == 0
    claimer.carry(claim)
    claimer.tell_inbox()
    desk.clock.advance(120)
    claimer.add(inbox.tick())
    assert claimer.backlog == 0
    assert desk.store.documents.count() == 1


def test_a_file_that_is_gone_when_its_turn_comes_gets_no_number(
    desk: Desk, inbox: Inbox, claimer: ClaimQueue
) -> None:
    drop(desk, inbox, claimer, "a.pdf").unlink()
    assert claimer.plan_next() is None
    assert (claimer.backlog, desk.store.documents.count()) == (0, 0)
    assert inbox.settling == 0


def test_a_file_that_changed_before_its_turn_rests_again_and_gets_no_number_yet(
    desk: Desk, inbox: Inbox, claimer: ClaimQueue
) -> None:
    file = drop(desk, inbox, claimer, "a.pdf")
    file.write_bytes(b"invoice 0.99 and a second page")
    assert claimer.plan_next() is None
    assert (claimer.backlog, desk.store.documents.count()) == (0, 0)
    claimer.add(inbox.tick())
    assert claimer.backlog == 0
    desk.clock.advance(20)
    claimer.add(inbox.tick())
    assert claimer.backlog == 1


def test_a_new_file_under_a_name_that_is_just_being_claimed_is_claimed_after_it(
    desk: Desk, inbox: Inbox, claimer: ClaimQueue
) -> None:
    file = drop(desk, inbox, claimer, "scan.pdf")
    claim = claimer.plan_next()
    assert claim is not None
    claimer.carry(claim)
    file.write_bytes(b"letter 0.99")
    inbox.request_rescan()
    claimer.add(inbox.tick())  # before the inbox is told
    claimer.tell_inbox()
    desk.clock.advance(20)
    claimer.add(inbox.tick())
    following = claimer.plan_next()
    assert following is not None
    document = claimer.carry(following)
    assert document is not None
    assert desk.path(document).read_bytes() == b"letter 0.99"


def test_a_file_that_is_tried_often_has_one_number(
    desk: Desk, inbox: Inbox, claimer: ClaimQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(desk, inbox, claimer, "a.pdf")

    def refuse(*_: object) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(Disk, "rename_exclusive", refuse)
        for _ in range(5):
            claim = claimer.plan_next()
            assert claim is not None
            assert claimer.carry(claim) is None
            claimer.tell_inbox()
            for _ in range(3):
                desk.clock.advance(20)
                claimer.add(inbox.tick())
            assert claimer.backlog == 1
    assert desk.store.documents.counts().states[State.WITHDRAWN] == 1
    claim = claimer.plan_next()
    assert claim is not None
    document = claimer.carry(claim)
    assert document is not None
    assert (document.id, document.state) == (1, State.SPOOLED)
    counts = desk.store.documents.counts()
    assert (counts.total, counts.states[State.WITHDRAWN]) == (1, 0)
    assert desk.store.upkeep.integrity_check() == []


class Claims:
    """Plans claims and takes files as store and mover do, without their database and disk flushes.

    Attributes:
        taken: The contents of files that were taken.
        vain: Claims that found nothing to take.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._planned: set[str] = set()
        self.documents = self
        self.taken: list[bytes] = []
        self.vain = 0

    @contextmanager
    def step(self, _point: object) -> Iterator[None]:
        yield

    def plan_claim(self, arrival: Arrival, *, actor: str, again: int | None) -> tuple[object, str]:
        assert (actor, again) == ("daemon", None)
        if arrival.path in self._planned:
            raise ConflictError("planned already")
        self._planned.add(arrival.path)
        return object(), arrival.path

    def complete(self, move: str, *, actor: str, inode: int) -> object:
        file = self._root / move
        if not file.exists():
            raise FileGoneError(actor)
        if file.stat().st_ino != inode:
            raise FileChangedError(actor)
        self.taken.append(file.read_bytes())
        file.unlink()
        self._planned.remove(move)
        return object()

    def abandon(self, move: str, *, actor: str, reason: str) -> None:
        assert actor == "daemon"
        assert reason
        self._planned.remove(move)
        self.vain += 1


class Office(RuleBasedStateMachine):
    """Writers, rescans, claims and workers in any order, none of whom takes a file away."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._root = Path(self._folder.name)
        self._clock = ManualClock()
        self._inbox = Inbox(self._root, IntakeSettings(), self._clock)
        step = self._inbox._scanner.step
        self._inbox._scanner.step = lambda *_: step(1)  # type: ignore[method-assign] # entry by entry
        self._claims = Claims(self._root)
        stand_in = cast("Any", self._claims)
        self._queue = ClaimQueue(self._inbox, stand_in, stand_in)
        self._under_way: list[PlannedClaim] = []
        self._written: list[bytes] = []

    def teardown(self) -> None:
        """Let all go quiet: every file that was written was taken once."""
        try:
            for _ in range(60):
                while self._under_way:
                    self.a_worker_carries_a_claim(0)
                self.the_daemon_reads_the_inbox(1)
                while self._queue.backlog:
                    self.the_daemon_plans_a_claim()
                self._clock.advance(5.0)
            assert sorted(self._claims.taken) == sorted(self._written)
            assert self._claims.vain == 0
            assert self._inbox.settling == 0
        finally:
            self._inbox.close()
            self._folder.cleanup()

    @rule(name=st.sampled_from(["a.txt", "b.txt"]), rests=st.booleans())
    def somebody_drops_a_file(self, name: str, rests: bool) -> None:  # noqa: FBT001 -- drawn
        if (self._root / name).exists():
            return
        self._written.append(b"%d" % len(self._written))
        (self._root / name).write_bytes(self._written[-1])
        self._inbox.request_rescan()
        if rests:
            self.the_daemon_reads_the_inbox(8)
            self._clock.advance(3.0)
            self.the_daemon_reads_the_inbox(8)

    @rule(seconds=st.sampled_from([0.5, 3.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self._clock.advance(seconds)

    @rule(ticks=st.sampled_from([1, 8]))
    def the_daemon_reads_the_inbox(self, ticks: int) -> None:
        for _ in range(ticks):
            self._queue.tell_inbox()
            self._queue.add(self._inbox.tick())

    @rule()
    def the_daemon_plans_a_claim(self) -> None:
        claim = self._queue.plan_next() if self._queue.backlog else None
        if claim is not None:
            self._under_way.append(claim)

    @rule(which=st.integers(0, 3))
    def a_worker_carries_a_claim(self, which: int) -> None:
        if self._under_way:
            self._queue.carry(self._under_way.pop(which % len(self._under_way)))


Office.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAnyOrderOfClaims = Office.TestCase
