"""Waiting until the running daemon uses a promoted model, or says why it does not."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.service import health
from docsorter.service.lock import WorkspaceLock

_POLL_SECONDS = 0.1


class Uptake(StrEnum):
    """What became of a promotion in the daemon."""

    USED = "used"
    REFUSED = "refused"
    NO_DAEMON = "no daemon"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the waiting ended.

    Attributes:
        uptake: What became of it.
        seconds: How long it took.
        text: For REFUSED why, else "".
    """

    uptake: Uptake
    seconds: float
    text: str = ""


def wait_for_daemon(
    configuration: Configuration,
    fingerprint: str,
    *,
    patience: float = 60.0,
    clock: Clock | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Wait until the heartbeat tells of a model.

    Args:
        configuration: The workspace.
        fingerprint: Of the model that was promoted.
        patience: Seconds to wait at most.
        clock: To tell how long it takes.
        pause: Sleeps.
    """
    clock = clock or SystemClock()
    began = clock.monotonic()
    lock = WorkspaceLock(configuration.state)
    while True:
        seconds = clock.monotonic() - began
        if lock.holder() is None:
            return Outcome(Uptake.NO_DAEMON, seconds)
        beat = health.read(configuration.state)
        if beat is not None and beat.fingerprint == fingerprint:
            return Outcome(Uptake.USED, seconds)
        if beat is not None and beat.refused == fingerprint:
            return Outcome(Uptake.REFUSED, seconds, beat.model_trouble)
        if seconds > patience:
            return Outcome(Uptake.SILENT, seconds)
        pause(_POLL_SECONDS)
