"""Writes the health file and pings the service manager, only when everything moved."""

import datetime as dt
import itertools
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from docsorter import __version__
from docsorter.clock import Clock
from docsorter.documents import Reason, ReasonCode
from docsorter.errors import DocsorterError, EnvironmentFaultError, StoreError
from docsorter.filesystem import environment_reason
from docsorter.intake.inbox import Inbox
from docsorter.intake.scan import WaitingFile
from docsorter.intake.watch import FolderSource
from docsorter.service.daemon.pipeline import Workers, fault_reason
from docsorter.service.systemd import Notifier
from docsorter.service.workspace.process import LOGGER, Health, WaitingInInbox, write_health

_LOG = logging.getLogger(LOGGER)
_EVERY = 30.0  # seconds between writes while nothing but the time changes
_AT_MOST = 0.5  # seconds between writes while much changes
_BUSY_SHOWN = 20
_OF_ITSELF = frozenset({ReasonCode.EMPTY, ReasonCode.UNSUPPORTED})  # nobody holds such a file


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of the whole daemon.

    Attributes:
        reason: Why.
        remedy: What an administrator can do, "" when nothing.
    """

    reason: Reason
    remedy: str = ""


def pause_of(error: DocsorterError | OSError) -> Pause:
    """Return the pause that a failing disk, share or database calls for."""
    if isinstance(error, OSError):
        return Pause(environment_reason(error), "it goes on by itself once that is mended")
    if isinstance(error, EnvironmentFaultError):
        return Pause(Reason(fault_reason(error).code, error.message), error.remedy)
    code = ReasonCode.DATABASE if isinstance(error, StoreError) else ReasonCode.INTERNAL
    return Pause(Reason(code, error.message), error.remedy)


class Pauses:
    """Remembers the pause that is on, and says once when it begins and when it ends."""

    def __init__(self) -> None:
        self.now: Pause | None = None

    def begin(self, pause: Pause) -> None:
        """Pause; another reason than before is said as well."""
        if self.now is None or self.now.reason.code is not pause.reason.code:
            _LOG.error("paused, nothing is lost: %s; %s", pause.reason.text, pause.remedy)
        self.now = pause

    def end(self) -> None:
        """Go on."""
        if self.now is not None:
            _LOG.info("works again")
        self.now = None


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What the health file says of the model; see `docsorter.service.workspace.process.Health`."""

    name: str = ""
    fingerprint: str = ""
    refused: str = ""
    trouble: str = ""


class Heartbeat:
    """Tells the health file and the service manager how the daemon is.

    Args:
        state: State directory.
        mode: Permission bits of the file.
        clock: For the times written down.
        notifier: The service manager.
        stuck_seconds: A document that takes longer than this stops the pings.
    """

    def __init__(
        self, state: Path, mode: int, clock: Clock, notifier: Notifier, *, stuck_seconds: float
    ) -> None:
        self._state = state
        self._mode = mode
        self._clock = clock
        self._notifier = notifier
        self._stuck_seconds = stuck_seconds
        self._began = clock.monotonic()
        self._written_at = float("-inf")
        self._pinged_at = float("-inf")
        self._counted_at = float("-inf")
        self._said: object = None
        self._last: Health | None = None
        self._model = ModelStatus()
        self._parts: tuple[FolderSource, Inbox, Workers] | None = None
        self._started_at = clock.now()
        self._ready_seconds: float | None = None
        self._pending = False
        self._told = ""
        self.settings_note = ""
        """What is to be said of settings that are not in use."""

    def ready(
        self, model: ModelStatus, source: FolderSource, inbox: Inbox, workers: Workers
    ) -> None:
        """Remember what to report on, and tell the service manager that start-up is over."""
        self._model = model
        self._parts = (source, inbox, workers)
        self._ready_seconds = self._clock.monotonic() - self._began
        self.beat("running")
        self._notifier.ready(self._told)

    def set_model(self, model: ModelStatus) -> None:
        """Remember that another model is in use, or that one could not be put to use."""
        self._model = model

    def beat(
        self,
        state: Literal["running", "paused", "draining", "stopped"],
        pause: Pause | None = None,
        *,
        count: bool = False,
    ) -> None:
        """Write the heartbeat when it is due, and ping when watcher, workers and store moved.

        A pause is no reason to be restarted: a disk or a share fails, not the daemon.

        Args:
            state: What the daemon does.
            pause: Why it waits, if it does.
            count: The store was asked just now, so that what waits may be counted as well: two
                rhythms of half a second would keep waking the daemon for each other.
        """
        now = self._clock.monotonic()
        if state in {"running", "paused"}:
            self._ping(now, paused=state == "paused")
        word = (state, pause, self._model, self.settings_note)
        if not count and self._is_early(now, word):
            return
        self._said, self._counted_at = word, now
        health = self._health(state, pause)
        self._tell(health)
        changed = self._last is None or _essence(health) != _essence(self._last)
        forced = self._last is None or health.state != self._last.state
        wait = _AT_MOST if changed else _EVERY
        if forced or now - self._written_at >= wait:
            self._write(health, now)
            self._pending = False
        else:
            self._pending = changed

    def _is_early(self, now: float, word: object) -> bool:
        """Whether there is nothing new to say but numbers, and those were counted just now.

        Counting what waits takes longer the more there is, and a busy daemon beats often.
        """
        if word == self._said and now < self._counted_at + _AT_MOST:
            self._pending = True
            return True
        return False

    def next_write(self) -> float:
        """Return seconds until there is something to write, not counting what happens till then.

        What came too early to be counted is written once it may be counted, not before: a loop
        that sleeps for so long would otherwise not sleep at all.
        """
        due = self._written_at + _EVERY
        if self._pending:
            due = max(self._written_at, self._counted_at) + _AT_MOST
        return max(0.0, due - self._clock.monotonic())

    def _write(self, health: Health, now: float) -> None:
        try:
            write_health(self._state, health, self._mode)
        except OSError:  # the state folder is gone or read-only: an old beat says so by its age
            return
        self._last, self._written_at = health, now

    def _tell(self, health: Health) -> None:
        """Tell the service manager when the word changes, whether or not it can be written down."""
        word = _status_line(health)
        if self._parts is not None and word != self._told:
            self._notifier.status(word)
            self._told = word

    def _ping(self, now: float, *, paused: bool) -> None:
        seconds = self._notifier.ping_seconds
        if seconds is None or now - self._pinged_at < seconds * 0.9:
            return
        if self._parts is not None:
            source, _, workers = self._parts
            watched = paused or source.healthy()  # an inbox that is gone cannot be watched
            if not watched or workers.longest() > self._stuck_seconds:
                return
        self._pinged_at = now
        self._notifier.ping()

    def _health(
        self, state: Literal["running", "paused", "draining", "stopped"], pause: Pause | None
    ) -> Health:
        health = Health(
            pid=os.getpid(),
            version=__version__,
            state=state,
            started_at=self._started_at,
            beat_at=self._clock.now(),
            ready_seconds=self._ready_seconds,
            model=self._model.name,
            fingerprint=self._model.fingerprint,
            refused=self._model.refused,
            model_trouble=self._model.trouble,
            paused="" if pause is None else pause.reason.text,
            paused_reason="" if pause is None else pause.reason.code.value,
            remedy="" if pause is None else pause.remedy,
            settings_note=self.settings_note,
        )
        if self._parts is None:
            return health
        source, inbox, workers = self._parts
        waiting = tuple(_in_inbox(file) for file in inbox.waiting())
        polling = f"{source.backend}, every {source.interval:g} s" if source.note else ""
        return health.model_copy(
            update={
                "last_rescan_at": inbox.last_rescan,
                "watcher": polling or source.backend,
                "watch_note": source.note,
                "settling": inbox.settling,
                "waiting": waiting,
                "busy": _busy(waiting),
                "in_flight": workers.busy,
                "done": workers.done,
            }
        )


def _in_inbox(file: WaitingFile) -> WaitingInInbox:
    return WaitingInInbox(
        path=_readable(file.path),
        reason=file.reason.code.value,
        text=_readable(file.reason.text),
        # Whole seconds, or the same file would be news with every beat.
        since=dt.datetime.fromtimestamp(round(file.since), dt.UTC),
    )


def _readable(text: str) -> str:
    """Show bytes of a name that are no UTF-8 as escapes: JSON could not hold them."""
    return text.encode("utf-8", "backslashreplace").decode()


def _busy(waiting: tuple[WaitingInInbox, ...]) -> tuple[str, ...]:
    held = (f"{file.path}: {file.text}" for file in waiting if file.reason not in _OF_ITSELF)
    return tuple(itertools.islice(held, _BUSY_SHOWN))


def _essence(health: Health) -> tuple[object, ...]:
    return (
        *(health.state, health.paused, health.settling, health.in_flight, health.done),
        *(health.fingerprint, health.refused, health.model_trouble),
        *(health.watcher, health.watch_note, health.waiting, health.settings_note),
    )


def _status_line(health: Health) -> str:
    trouble = f"; {health.model_trouble}" if health.model_trouble else ""
    note = f"; {health.settings_note}" if health.settings_note else ""
    return health.paused or f"watching, model {health.model}{trouble}{note}"
