"""The daemon: wakes, rescans, claims, hands out work, and says how it is."""

import logging
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from docsorter import __version__
from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.permissions import permissions
from docsorter.deliver.recovery import recover
from docsorter.documents import Place
from docsorter.errors import EnvironmentFaultError, StoreError
from docsorter.intake.inbox import Inbox
from docsorter.intake.watch import FolderSource
from docsorter.service.assembly import Assembly, assemble, promise_of
from docsorter.service.claims import Claimer
from docsorter.service.heartbeat import Heartbeat
from docsorter.service.lock import WorkspaceLock
from docsorter.service.log import LOGGER
from docsorter.service.notify import Notifier
from docsorter.service.unfinished import due_moves
from docsorter.service.workers import Workers
from docsorter.service.workspace import check_roots, free_megabytes

_LOG = logging.getLogger(LOGGER)
_RETRY_SECONDS = 5.0
_LONGEST_SLEEP = 30.0
_BACKLOG = 500  # complete files remembered before they are claimed; the rest stays in the inbox


class Daemon:
    """Watches one workspace until it is told to stop.

    Args:
        configuration: The workspace.
        clock: For deadlines.
        notifier: The service manager.
    """

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        self._configuration = configuration
        self._clock = clock or SystemClock()
        self._notifier = notifier or Notifier()
        self._wake = threading.Event()
        self._stopping = False
        self._paused = ""
        self._heartbeat = Heartbeat(
            configuration.state,
            permissions(configuration.settings)[Place.SPOOL].file_mode,
            self._clock,
            self._notifier,
            stuck_seconds=2 * configuration.settings.pages.time_limit_seconds + 60,
        )

    def stop(self) -> None:
        """Ask for a drain: finish what was begun, take nothing new. Safe in a signal handler."""
        self._stopping = True
        self._wake.set()

    def run(self, *, on_ready: Callable[[], None] = lambda: None) -> None:
        """Work until `stop`; returns when everything that was begun is finished.

        Args:
            on_ready: Called once, when the inbox is watched and the model answers.

        Raises:
            DocsorterError: It cannot start, with the remedy.
        """
        with WorkspaceLock(self._configuration.state):
            assembly = assemble(self._configuration, self._clock)
            try:
                self._work(assembly, on_ready)
            finally:
                self._heartbeat.beat("stopped")
                assembly.close()

    def install_signals(self) -> None:
        """SIGTERM and SIGINT drain; a second one ends at once, which loses nothing."""

        def handle(number: int, frame: FrameType | None) -> None:
            del frame
            if self._stopping:
                raise SystemExit(128 + number)
            self.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, handle)

    def _work(self, assembly: Assembly, on_ready: Callable[[], None]) -> None:
        settings = self._configuration.settings
        root = self._configuration.root(Place.INBOX)
        inbox = Inbox(root, settings.intake, self._clock)

        def woken() -> None:
            inbox.request_rescan()
            self._wake.set()

        source = FolderSource(root, settings.intake, woken)
        source.start()
        inbox.interval = source.interval
        claimer = Claimer(inbox, assembly.store, assembly.mover)
        workers = Workers(assembly.pipeline, assembly.workers, self._wake.set, self._clock)
        self._heartbeat.ready(assembly.engine.card.name, source, inbox, workers)
        self._log_start(assembly, root, source)
        on_ready()
        try:
            while not self._stopping:
                self._wake.clear()
                self._step(assembly, inbox, source, claimer, workers)
                if not self._stopping:
                    self._wake.wait(self._sleep(assembly, inbox, claimer, workers))
        finally:
            self._notifier.stopping()
            self._heartbeat.beat("draining")
            source.stop()
            inbox.close()
            workers.drain()
            _LOG.info("stopped; %d documents got their verdict", workers.done)

    def _log_start(self, assembly: Assembly, root: Path, source: FolderSource) -> None:
        report = assembly.recovered
        if report.completed or report.withdrawn or report.missing:
            _LOG.info(
                "recovered: %d moves finished, %d withdrawn, %d missing",
                len(report.completed),
                len(report.withdrawn),
                len(report.missing),
            )
        if source.note:
            _LOG.warning("%s", source.note)
        _LOG.info("docsorter %s watches %s (%s)", __version__, root, source.backend)
        _LOG.info("model %s: %s", assembly.engine.card.name, promise_of(assembly.engine.card))

    def _step(
        self,
        assembly: Assembly,
        inbox: Inbox,
        source: FolderSource,
        claimer: Claimer,
        workers: Workers,
    ) -> None:
        """One tick; trouble with the surroundings pauses the intake and is tried again."""
        try:
            check_roots(self._configuration)
            self._check_space()
            if not source.healthy():
                _LOG.warning("the watcher stopped; starting it again")
                source.rebuild()
                inbox.interval = source.interval
                inbox.request_rescan()
            claimer.tell_inbox()
            claimer.add(inbox.tick(max(0, _BACKLOG - claimer.backlog)))
            for oddity in inbox.take_oddities():
                _LOG.warning("left alone in the inbox: %s: %s", oddity.path, oddity.text)
            self._hand_out(assembly, claimer, workers)
            self._resume("")
        except (EnvironmentFaultError, StoreError) as error:
            self._resume(error.message)
        self._heartbeat.beat("paused" if self._paused else "running", self._paused)

    def _hand_out(self, assembly: Assembly, claimer: Claimer, workers: Workers) -> None:
        trouble = workers.take_trouble()
        if trouble:
            raise EnvironmentFaultError(trouble)
        store, now = assembly.store, self._clock.now()
        unfinished = due_moves(store, now)
        if unfinished:
            recover(store, assembly.mover, moves=unfinished)
        for document in store.due_documents(workers.capacity + workers.busy, now):
            workers.submit(document.id)
        while workers.capacity and claimer.backlog and not self._stopping:
            claim = claimer.plan_next()
            if claim is not None:
                workers.submit(claim.document.id, partial(claimer.carry, claim))

    def _check_space(self) -> None:
        least = self._configuration.settings.service.min_free_mb
        for place in Place:
            root = self._configuration.root(place)
            free = free_megabytes(root)
            if free < least:
                raise EnvironmentFaultError(
                    f"only {free:.0f} MB free for the {place} folder {root}",
                    remedy="make room, or lower service.min_free_mb",
                )

    def _resume(self, paused: str) -> None:
        if paused and not self._paused:
            _LOG.error("paused, nothing is lost: %s", paused)
        elif self._paused and not paused:
            _LOG.info("works again")
        self._paused = paused

    def _sleep(self, assembly: Assembly, inbox: Inbox, claimer: Claimer, workers: Workers) -> float:
        """Return for how long nothing can be due, in seconds."""
        if self._paused:
            return _RETRY_SECONDS
        if claimer.backlog and workers.capacity:
            return 0.0
        until_scan = inbox.next_due() - self._clock.monotonic()
        waits = [_LONGEST_SLEEP, until_scan, self._heartbeat.next_write()]
        due = assembly.store.next_due_time()
        if due is not None:
            waits.append((due - self._clock.now()).total_seconds())
        if self._notifier.ping_seconds is not None:
            waits.append(self._notifier.ping_seconds)
        return max(0.0, min(waits))
