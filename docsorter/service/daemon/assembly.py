"""Everything a running docsorter is made of, opened in the right order; what the store has due."""

import datetime as dt
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.mover import Mover
from docsorter.deliver.names import parse_template
from docsorter.deliver.recovery import RecoveryReport, recover
from docsorter.documents import Move, Place
from docsorter.errors import StoreError
from docsorter.filesystem import Disk
from docsorter.resources import usable_cores
from docsorter.service.daemon.pipeline import Pipeline
from docsorter.service.engine import SwitchingEngine, open_engine
from docsorter.service.learning.candidates import ShadowEvaluation
from docsorter.service.promise.controller import AutonomyController
from docsorter.service.promise.scanner_hold import ScannerHold
from docsorter.service.workspace.layout import (
    migrate_workspace,
    open_workspace_store,
    prepare_private,
)
from docsorter.service.workspace.roots import MOUNTS_FILE, MountMemory, check_roots
from docsorter.store import Store
from docsorter.store.location import locate

_LONGEST_RETRY = 600.0
_INTERRUPTED_AFTER = dt.timedelta(seconds=2)
_ORPHANED_AFTER = dt.timedelta(seconds=60)


def longest_wait(configuration: Configuration, clock: Clock) -> dt.datetime:
    """Return as late as anything that was put off just now could be due; hours, not days."""
    settings = configuration.settings
    seconds = max(
        _LONGEST_RETRY,
        settings.intake.slow_rest_seconds,
        settings.review.lease_seconds,
        settings.review.skip_seconds,
    )
    return clock.now() + dt.timedelta(seconds=seconds)


def due_moves(store: Store, now: dt.datetime, *, resuming: bool = False) -> list[Move]:
    """Return planned moves to take up: put off until now, or left by a process that was killed.

    Args:
        store: Knows the moves.
        now: The time.
        resuming: After a pause, what it interrupted is taken up at once.

    A move of a live process is safe: the mover's locks let only one carry it out.
    """
    before = now - (_INTERRUPTED_AFTER if resuming else _ORPHANED_AFTER)
    # A plan from the future is one from before the clock was set back.
    after = now + _ORPHANED_AFTER
    if not store.moves.any_planned(due_at=now, planned_before=before, planned_after=after):
        return []
    put_off = store.moves.planned(due_at=now)
    older = store.moves.planned(planned_before=before)
    older += store.moves.planned(planned_after=after)
    orphans = (move for move in older if store.documents.get(move.document_id).next_try_at is None)
    return [*put_off, *orphans]


_EVERY: Final = 0.5  # seconds between questions while much happens
_AT_ONCE: Final = 50  # documents that are remembered


class DueWork:
    """Remembers which spooled documents are due; belongs to the thread that ticks.

    What others write into the store is noticed at most half a second later than it could be.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._asked_at = float("-inf")
        self._stale = True
        self._moves: list[Move] = []
        self._documents: deque[int] = deque()
        self._is_all = True

    def ask_soon(self) -> None:
        """Ask the store at the next refresh in any case: something is known to have changed."""
        self._asked_at = float("-inf")

    def refresh(self, has: Callable[[int], bool], *, resuming: bool) -> bool:
        """Ask the store if it is time to, or if more is known to be there.

        Args:
            has: Whether a document is being worked on already.
            resuming: After a pause, what it interrupted is taken up at once.

        Returns:
            Whether it asked.

        Raises:
            StoreError: The database fails; it is asked again at the next refresh.
        """
        now = self._clock.monotonic()
        if now < self._asked_at + _EVERY and (self._documents or self._is_all) and not resuming:
            self._stale = True
            return False
        wall = self._clock.now()
        self._moves = due_moves(self._store, wall, resuming=resuming)
        found = self._store.documents.due(_AT_ONCE, wall)
        self._documents = deque(document.id for document in found if not has(document.id))
        self._is_all = len(found) < _AT_ONCE
        self._asked_at, self._stale = now, False
        return True

    def take_moves(self) -> list[Move]:
        """Return the planned moves to take up, once."""
        moves, self._moves = self._moves, []
        return moves

    def next_document(self) -> int | None:
        """Return the number of a document to work on, the oldest first; None without one."""
        return self._documents.popleft() if self._documents else None

    def seconds(self) -> float | None:
        """Return for how long nothing of this can be due; None when nothing waits.

        Raises:
            StoreError: The database fails.
        """
        if self._stale:
            return max(0.0, self._asked_at + _EVERY - self._clock.monotonic())
        due = self._store.documents.next_due_time()
        return None if due is None else (due - self._clock.now()).total_seconds()


@dataclass(frozen=True, slots=True)
class Assembly:
    """The parts that the daemon and `sort` share."""

    configuration: Configuration
    store: Store
    mover: Mover
    engine: SwitchingEngine
    pipeline: Pipeline
    due: DueWork
    autonomy: AutonomyController
    recovered: RecoveryReport
    workers: int

    def close(self) -> None:
        """End the page reader and close the database."""
        self.engine.close()
        self.store.close()


def open_mover(configuration: Configuration, store: Store, clock: Clock) -> Mover:
    """Return what moves bytes between the places of a workspace."""
    roots = {place: configuration.root(place) for place in Place}
    return Mover(store, Disk(), roots, configuration.settings, clock)


def _refuse_lost_database(configuration: Configuration) -> None:
    """Refuse to begin with an empty database where docsorter has run with another one.

    Raises:
        StoreError: It is gone, with all that it knew.
    """
    path = locate(configuration.store_url, configuration.state).path
    has_run = (configuration.state / MOUNTS_FILE).exists()
    if path is None or not has_run or (path.is_file() and path.stat().st_size):
        return
    raise StoreError(
        f"the database {path} is gone, though docsorter has run here",
        remedy="put it back, or: docsorter restore BACKUP; docsorter init makes an empty one",
    )


def assemble(configuration: Configuration, clock: Clock | None = None) -> Assembly:
    """Open a workspace for work: migrate, recover, load the model.

    The caller holds the workspace's lock.

    Raises:
        DocsorterError: Something it stands on is missing or damaged, with the remedy.
    """
    clock = clock or SystemClock()
    settings = configuration.settings
    check_roots(configuration)
    _refuse_lost_database(configuration)
    mounts = MountMemory(configuration)
    mounts.check()
    prepare_private(configuration)
    migrate_workspace(configuration, clock)
    parse_template(settings.deliver.template)  # refused at the start, not at the first document
    with ExitStack() as opened:
        store = opened.enter_context(open_workspace_store(configuration, clock))
        mover = open_mover(configuration, store, clock)
        # The clock may have been set while nothing ran.
        store.documents.clamp_retries(longest_wait(configuration, clock))
        recovered = recover(store, mover)
        workers = settings.service.workers or usable_cores()
        engine = SwitchingEngine(open_engine(configuration, workers), settings, workers)
        opened.callback(engine.close)
        autonomy = _autonomy(configuration, store, engine, clock)
        scanner_hold = ScannerHold(configuration.state, store, settings.drift.probation_checks)
        pipeline = Pipeline(
            engine,
            mover,
            settings,
            autonomy=autonomy,
            scanner_hold=scanner_hold,
            check_mounts=mounts.check,
        )
        opened.pop_all()
    return Assembly(
        configuration=configuration,
        store=store,
        mover=mover,
        engine=engine,
        pipeline=pipeline,
        due=DueWork(store, clock),
        autonomy=autonomy,
        recovered=recovered,
        workers=workers,
    )


def _autonomy(
    configuration: Configuration, store: Store, engine: SwitchingEngine, clock: Clock
) -> AutonomyController:
    settings = configuration.settings
    rehearsing = ShadowEvaluation(configuration, store, clock)
    autonomy = AutonomyController(
        store, settings.decide, settings.promise, clock, shadow_share=rehearsing.share
    )
    if autonomy.is_earned:  # checks may have been settled while nothing ran
        autonomy.state(engine.model.rule_key, engine.card.name)
    return autonomy
