"""The daemon: wakes, rescans, claims, hands out work, and says how it is."""

import logging
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

from docsorter import __version__
from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.configuration import load as load_configuration
from docsorter.deliver.permissions import permissions
from docsorter.deliver.recovery import recover
from docsorter.documents import Place
from docsorter.errors import DocsorterError, EnvironmentFaultError, StoreError
from docsorter.intake.inbox import Inbox
from docsorter.intake.watch import FolderSource
from docsorter.service.daemon import model_switch
from docsorter.service.daemon.assembly import Assembly, assemble, longest_wait
from docsorter.service.daemon.claims import ClaimQueue, WatchSupervisor
from docsorter.service.daemon.heartbeat import Heartbeat, Pauses, pause_of
from docsorter.service.daemon.model_switch import ModelSwitch, PromotionWatch
from docsorter.service.daemon.pipeline import ROUNDS, Workers, threads_for
from docsorter.service.daemon.settings_watch import SettingsWatch
from docsorter.service.systemd import Notifier
from docsorter.service.upkeep.maintenance import MaintenanceThread
from docsorter.service.workspace.process import LOGGER, WorkspaceLock, configure_logging
from docsorter.service.workspace.roots import RootWatch
from docsorter.store import Store

_LOG = logging.getLogger(LOGGER)


def announce(assembly: Assembly, root: Path, backend: str) -> None:
    """Log what had to be recovered, what is watched, and how far the model is to be trusted."""
    report = assembly.recovered
    if report.completed or report.withdrawn or report.missing:
        _LOG.info(
            "recovered: %d moves finished, %d withdrawn, %d missing",
            len(report.completed),
            len(report.withdrawn),
            len(report.missing),
        )
    _LOG.info("docsorter %s watches %s (%s)", __version__, root, backend)
    model, autonomy = assembly.engine.model, assembly.autonomy
    said = autonomy.summary(model.rule_key, model.card.name, model.statement)
    _LOG.info("model %s: %s", model.card.name, said)


def _nothing() -> None:
    """Whoever waited for the start was told."""


_NOTICED = 5.0  # seconds; time servers slew less than this between two ticks
# Seconds; once is not enough, as a worker may write down a wait that it worked out before the jump.
_AFTER_A_JUMP = (0.0, 10.0, 60.0, 240.0)


class ClockWatch:
    """Notices that the wall clock was set, and shortens the waits that became too long by it."""

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        self._configuration = configuration
        self._clock = clock
        self._apart = self._difference()
        self._clamp_at: list[float] = []

    def tick(self, assembly: Assembly) -> None:
        """Look whether the clock was set, and shorten what waits when it is time to."""
        jump = self.jumped()
        if jump:
            _LOG.warning("the clock was set by %+.0f s; nothing waits longer for that", jump)
            self._clamp_at = [self._clock.monotonic() + after for after in _AFTER_A_JUMP]
        if self._clamp_at and self._clock.monotonic() >= self._clamp_at[0]:
            del self._clamp_at[0]
            assembly.store.documents.clamp_retries(longest_wait(self._configuration, self._clock))
            assembly.due.ask_soon()

    def jumped(self) -> float:
        """Return by how many seconds the wall clock was set since the last call, 0.0 for not."""
        before, self._apart = self._apart, self._difference()
        jump = self._apart - before
        return jump if abs(jump) >= _NOTICED else 0.0

    def _difference(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()


class Rescue:
    """Refuses to go on without the database, and saves what a deleted one still holds.

    Args:
        configuration: The workspace.
        clock: For the name of the copy.
    """

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        self._folder = configuration.state / "backups"
        self._clock = clock
        self._copy: Path | None = None
        self._has_tried = False

    def check(self, store: Store, *, idle: bool) -> None:
        """Look whether the database is the file that was opened; one stat(2) while it is.

        Args:
            store: Whose database.
            idle: Nothing is under way that would be written to it yet, so that a copy is complete.

        Raises:
            StoreError: It is not; the remedy names the copy, if one could be made.
        """
        try:
            store.database.refuse_replaced()
        except StoreError as error:
            if idle and not self._has_tried:
                self._has_tried, self._copy = True, self._save(store)
            if self._copy is None:
                raise
            remedy = error.remedy.replace("BACKUP", f"{self._copy} (what it held)")
            raise StoreError(error.message, remedy=remedy) from error
        self._has_tried, self._copy = False, None

    def _save(self, store: Store) -> Path | None:
        path = self._folder / f"rescued-{self._clock.now():%Y%m%dT%H%M%S%f}.db"
        try:
            store.upkeep.rescue(path)
        except (DocsorterError, OSError) as error:
            _LOG.warning("no copy could be made of what the database held: %s", error)
            return None
        _LOG.warning("what the database held was saved to %s", path)
        return path


_RETRY_SECONDS = 5.0
_LONGEST_SLEEP = 30.0
_PEEK_SECONDS = 2.0  # how soon a sleeping daemon notices what nothing tells it of
_BACKLOG = 500  # complete files remembered before they are claimed; the rest stays in the inbox


class Daemon:
    """Watches one workspace until it is told to stop.

    Args:
        configuration: The settings to begin with.
        clock: The time.
        notifier: The service manager.
        load: Reads the settings again when they are to be reloaded; without it, without flags.
    """

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock | None = None,
        notifier: Notifier | None = None,
        *,
        load: Callable[[], Configuration] | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._notifier = notifier or Notifier()
        self._load = load or partial(load_configuration, configuration.workspace)
        self._wake = threading.Event()
        self._stopping = False
        self._is_asked_to_reload = False
        self._next: Configuration | None = None
        self._use(configuration)

    def _use(self, configuration: Configuration) -> None:
        """Begin anew with these settings."""
        self._configuration = configuration
        self._settings = SettingsWatch(configuration, self._load)
        self._rescue = Rescue(configuration, self._clock)
        self._pauses = Pauses()
        self._roots = RootWatch(configuration, self._clock)
        self._clock_watch = ClockWatch(configuration, self._clock)
        self._heartbeat = Heartbeat(
            configuration.state,
            permissions(configuration.settings)[Place.SPOOL].file_mode,
            self._clock,
            self._notifier,
            stuck_seconds=ROUNDS * configuration.settings.pages.time_limit_seconds + 60,
        )

    def stop(self) -> None:
        """Ask for a drain: finish what was begun, take nothing new. Safe in a signal handler."""
        self._stopping = True
        self._wake.set()

    def reload(self) -> None:
        """Ask for the settings to be read again and used, if they are right; signal-safe."""
        self._is_asked_to_reload = True
        self._wake.set()

    def run(self, *, on_ready: Callable[[], None] = lambda: None) -> None:
        """Work until `stop`; returns when everything that was begun is finished.

        Args:
            on_ready: Called once, when the inbox is watched and the model answers.

        Raises:
            DocsorterError: It cannot start, with the remedy.
        """
        model_switch.share_one_heap()
        with WorkspaceLock(self._configuration.state):
            assembly = self._assemble()
            while True:
                try:
                    self._work(assembly, on_ready)
                finally:
                    self._heartbeat.beat("draining" if self._next else "stopped")
                    assembly.close()
                if self._next is None:
                    return
                assembly, on_ready = self._reassemble(self._next), _nothing

    def _assemble(self) -> Assembly:
        try:
            return assemble(self._configuration, self._clock)
        except DocsorterError as error:
            self._notifier.status(f"cannot start: {error}")
            raise

    def _reassemble(self, wanted: Configuration) -> Assembly:
        """Go on with other settings, or with those before where these do not work."""
        before, self._next = self._configuration, None
        try:
            self._use(wanted)
            assembly = self._assemble()
        except DocsorterError as error:
            self._use(before)
            self._settings.refuse(error)
            return self._assemble()
        service = wanted.settings.service
        configure_logging(service.log_level, service.log_format)
        _LOG.info("the settings were reloaded")
        return assembly

    def install_signals(self) -> None:
        """SIGTERM and SIGINT drain, a second one ends at once, which loses nothing; SIGHUP reloads.

        A terminal that is closed sends SIGHUP too: then the daemon that runs in it ends.
        """
        in_terminal = sys.stderr.isatty()

        def handle(number: int, frame: FrameType | None) -> None:
            del frame
            if self._stopping:
                raise SystemExit(128 + number)
            self.stop()

        def hang_up(number: int, frame: FrameType | None) -> None:
            if in_terminal and not sys.stderr.isatty():
                handle(number, frame)
            else:
                self.reload()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, handle)
        signal.signal(signal.SIGHUP, hang_up)

    def _work(self, assembly: Assembly, on_ready: Callable[[], None]) -> None:
        parts = _start(self._configuration, assembly, self._clock, self._wake)
        model = assembly.engine.model.bundle.runtime_file
        self._heartbeat.ready(parts.models.status, parts.source, parts.inbox, parts.workers)
        announce(assembly, self._configuration.root(Place.INBOX), parts.source.backend)
        model_switch.freeze_startup(model)
        on_ready()
        try:
            while not self._stopping and not (self._next is not None and not parts.workers.busy):
                self._wake.clear()
                self._follow_settings()
                self._step(parts)
                idle = not (parts.workers.busy or parts.claims.backlog or self._pauses.now)
                parts.maintenance.tick(idle=idle)
                parts.memory.tick(parts.workers.done, idle=idle)
                if not self._stopping:
                    self._doze(self._sleep(parts), parts)
        finally:
            if self._stopping:
                self._next = None
                self._notifier.stopping()
            self._heartbeat.beat("draining")
            parts.close()
            if self._next is None:
                _LOG.info("stopped; %d documents got their verdict", parts.workers.done)

    def _follow_settings(self) -> None:
        """Notice a changed file; when asked to reload, finish what was begun and use it."""
        self._settings.tick()
        if self._is_asked_to_reload and self._next is None:
            self._is_asked_to_reload = False
            self._next = self._settings.take()
            if self._next is not None:
                self._notifier.reloading()
        self._heartbeat.settings_note = self._settings.note

    def _step(self, parts: "Parts") -> None:
        """One tick; a failing disk, share or database pauses the intake and is tried again."""
        assembly, claims, inbox, models = parts.assembly, parts.claims, parts.inbox, parts.models
        asked = False
        try:
            self._check_environment(parts)
            models.tick()
            assembly.autonomy.tick()
            self._heartbeat.set_model(models.status)
            parts.watch.tick()
            claims.tell_inbox()
            claims.add(inbox.tick(max(0, _BACKLOG - claims.backlog)))
            for skipped in inbox.take_skipped():
                _LOG.warning("left alone in the inbox: %s: %s", skipped.path, skipped.text)
            asked = self._hand_out(parts)
            self._pauses.end()
        except (EnvironmentFaultError, StoreError, OSError) as error:
            self._pauses.begin(pause_of(error))
        pause = self._pauses.now
        self._heartbeat.beat("paused" if pause else "running", pause, count=asked)

    def _check_environment(self, parts: "Parts") -> None:
        """Look whether what failed before works again, and whether the clock was set."""
        assembly = parts.assembly
        self._roots.check(closely=self._pauses.now is not None)
        self._rescue.check(assembly.store, idle=not parts.workers.busy)
        if self._pauses.now is not None:
            assembly.store.upkeep.check_writable()
        self._clock_watch.tick(assembly)

    def _hand_out(self, parts: "Parts") -> bool:
        """Give the workers what there is to do; return whether the store was asked for it."""
        assembly, claims, workers = parts.assembly, parts.claims, parts.workers
        trouble = workers.take_trouble()
        if trouble is not None:
            raise trouble
        due = assembly.due
        if self._next is not None:
            return False  # what was begun is finished, then it goes on with other settings
        asked = due.refresh(workers.has, resuming=self._pauses.now is not None)
        # What a worker carries just now looks like a move that was put off until a moment ago.
        unfinished = [move for move in due.take_moves() if not workers.has(move.document_id)]
        if unfinished:
            recover(assembly.store, assembly.mover, moves=unfinished)
            due.ask_soon()
        while workers.capacity and (document_id := due.next_document()) is not None:
            workers.submit(document_id)
        while workers.capacity and claims.backlog and not self._stopping:
            claim = claims.plan_next()
            if claim is not None:
                workers.submit(claim.document.id, partial(claims.carry, claim))
        return asked

    def _doze(self, seconds: float, parts: "Parts") -> None:
        """Sleep until woken, or a model is due, or somebody answered.

        Looks for the last two now and then: for answers once autonomy is earned, for a promotion
        where no event would tell of it.
        """
        autonomy = parts.assembly.autonomy
        quiet = seconds <= _PEEK_SECONDS or (not autonomy.is_earned and parts.promotions.tells())
        peek = seconds if quiet else _PEEK_SECONDS
        while seconds > 0 and not self._wake.wait(min(seconds, peek)):
            if parts.models.due() or autonomy.due():
                return
            seconds -= peek

    def _sleep(self, parts: "Parts") -> float:
        """Return for how long nothing can be due, in seconds."""
        if self._next is not None and not parts.workers.busy:
            return 0.0
        if self._pauses.now is not None or self._next is not None:
            return _RETRY_SECONDS
        if parts.claims.backlog and parts.workers.capacity:
            return 0.0
        until_scan = parts.inbox.next_due() - self._clock.monotonic()
        waits = [_LONGEST_SLEEP, until_scan, self._heartbeat.next_write()]
        try:
            until_due = parts.assembly.due.seconds()
        except (EnvironmentFaultError, StoreError):
            return 0.0  # the next tick meets it as well, and pauses
        if until_due is not None:
            waits.append(until_due)
        if self._notifier.ping_seconds is not None:
            waits.append(self._notifier.ping_seconds)
        return max(0.0, min(waits))


@dataclass(frozen=True, slots=True)
class Parts:
    """What works while a daemon runs: the parts that a tick goes through."""

    assembly: Assembly
    inbox: Inbox
    source: FolderSource
    watch: WatchSupervisor
    claims: ClaimQueue
    workers: Workers
    models: ModelSwitch
    promotions: PromotionWatch
    maintenance: MaintenanceThread
    memory: model_switch.MemoryRelease

    def close(self) -> None:
        """Take nothing new, finish what was begun, and end every thread."""
        self.source.stop()
        self.promotions.stop()
        self.inbox.close()
        self.workers.drain()
        self.models.close()
        self.maintenance.close()


def _start(
    configuration: Configuration, assembly: Assembly, clock: Clock, wake: threading.Event
) -> Parts:
    """Begin to watch the inbox and the models folder, and start the threads."""
    settings, store = configuration.settings, assembly.store
    root = configuration.root(Place.INBOX)
    inbox = Inbox(root, settings.intake, clock)

    def woken() -> None:
        inbox.request_rescan()
        wake.set()

    source = FolderSource(root, settings.intake, woken)
    source.start()
    promotions = PromotionWatch(configuration, wake.set)
    promotions.start()
    return Parts(
        assembly=assembly,
        inbox=inbox,
        source=source,
        watch=WatchSupervisor(source, inbox, clock),
        claims=ClaimQueue(inbox, store, assembly.mover),
        workers=Workers(assembly.pipeline, threads_for(assembly.workers), wake.set, clock),
        models=ModelSwitch(configuration, assembly.engine, store, clock, wake.set),
        promotions=promotions,
        maintenance=MaintenanceThread(configuration, store, clock),
        memory=model_switch.MemoryRelease(lambda: assembly.engine.model.bundle.runtime_file),
    )
