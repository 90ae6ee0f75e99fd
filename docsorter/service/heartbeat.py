"""Writes the heartbeat file and pings the service manager, only when everything moved."""

import os
from pathlib import Path
from typing import Literal

from docsorter import __version__
from docsorter.clock import Clock
from docsorter.intake.inbox import Inbox
from docsorter.intake.watch import IntakeSource
from docsorter.service.health import Health, write
from docsorter.service.notify import Notifier
from docsorter.service.workers import Workers

_EVERY = 30.0  # seconds between writes while nothing but the time changes
_AT_MOST = 0.5  # seconds between writes while much changes


class Heartbeat:
    """The daemon's word about itself.

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
        self._last: Health | None = None
        self._model = ""
        self._parts: tuple[IntakeSource, Inbox, Workers] | None = None
        self._started_at = clock.now()
        self._ready_seconds: float | None = None
        self._pending = False

    def ready(self, model: str, source: IntakeSource, inbox: Inbox, workers: Workers) -> None:
        """Remember what to report on, and tell the service manager that start-up is over."""
        self._model = model
        self._parts = (source, inbox, workers)
        self._ready_seconds = self._clock.monotonic() - self._began
        self.beat("running")
        self._notifier.ready(f"watching, model {model}")

    def beat(
        self, state: Literal["running", "paused", "draining", "stopped"], paused: str = ""
    ) -> None:
        """Write the heartbeat when it is due, and ping when watcher, workers and store moved.

        A pause is no reason to be restarted: the surroundings fail, not the daemon.
        """
        now = self._clock.monotonic()
        if state in {"running", "paused"}:
            self._ping(now)
        health = self._health(state, paused)
        changed = self._last is None or _essence(health) != _essence(self._last)
        forced = self._last is None or health.state != self._last.state
        wait = _AT_MOST if changed else _EVERY
        if forced or now - self._written_at >= wait:
            self._write(health, now)
            self._pending = False
        else:
            self._pending = changed

    def next_write(self) -> float:
        """Return seconds until there is something to write, not counting what happens till then."""
        wait = _AT_MOST if self._pending else _EVERY
        return max(0.0, self._written_at + wait - self._clock.monotonic())

    def _write(self, health: Health, now: float) -> None:
        try:
            write(self._state, health, self._mode)
        except OSError:  # a full disk is reported by the pause; the beat itself may be skipped
            return
        if self._last is None or self._last.paused != health.paused:
            self._notifier.status(health.paused or f"watching, model {health.model}")
        self._last, self._written_at = health, now

    def _ping(self, now: float) -> None:
        seconds = self._notifier.ping_seconds
        if seconds is None or now - self._pinged_at < seconds * 0.9:
            return
        if self._parts is not None:
            source, _, workers = self._parts
            if not source.healthy() or workers.longest() > self._stuck_seconds:
                return
        self._pinged_at = now
        self._notifier.ping()

    def _health(
        self, state: Literal["running", "paused", "draining", "stopped"], paused: str
    ) -> Health:
        health = Health(
            pid=os.getpid(),
            version=__version__,
            state=state,
            started_at=self._started_at,
            beat_at=self._clock.now(),
            ready_seconds=self._ready_seconds,
            model=self._model,
            paused=paused,
        )
        if self._parts is None:
            return health
        source, inbox, workers = self._parts
        waiting = inbox.waiting()
        polling = f"{source.backend}, every {source.interval:g} s" if source.note else ""
        return health.model_copy(
            update={
                "last_rescan_at": inbox.last_rescan,
                "watcher": polling or source.backend,
                "settling": waiting.count,
                "busy": tuple(f"{file.path}: {file.reason.text}" for file in waiting.busy),
                "in_flight": workers.busy,
                "done": workers.done,
            }
        )


def _essence(health: Health) -> tuple[object, ...]:
    return (health.state, health.paused, health.settling, health.in_flight, health.done)
