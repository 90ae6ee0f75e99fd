"""What the daemon says of itself, as one small file that `status` and health checks read."""

import datetime as dt
import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

FILE_NAME = "health.json"
_STALE_SECONDS = 90.0
_BLOCK = 4096  # bytes; spaces behind JSON mean nothing


class Health(BaseModel):
    """A heartbeat.

    Attributes:
        pid: Process of the daemon.
        version: Of docsorter.
        state: starting, running, paused (the surroundings fail), draining or stopped.
        started_at: When the process began.
        beat_at: When this was written.
        ready_seconds: From process start to ready, None before.
        last_rescan_at: When the inbox was last read completely.
        watcher: How files are noticed, e.g. "inotify" or "polling every 5 s".
        watch_note: What the watch falls short of, and the remedy; "" when all is well.
        settling: Files in the inbox that are not complete yet.
        busy: Of those, held by somebody else, each with the reason.
        in_flight: Documents being looked at.
        model: Name of the model in use.
        fingerprint: SHA-256 of its bundle's SHA256SUMS.
        refused: The same of a promoted model that could not be put to use.
        model_trouble: Why not, "" when the promoted model is in use.
        paused: Why nothing is taken in just now, "" when all is well.
        paused_reason: The same as a code of docs/reasons.md.
        remedy: What to do about it.
        done: Documents that got their verdict since the start.
    """

    model_config = ConfigDict(extra="ignore")

    pid: int
    version: str
    state: Literal["starting", "running", "paused", "draining", "stopped"]
    started_at: AwareDatetime
    beat_at: AwareDatetime
    ready_seconds: float | None = None
    last_rescan_at: AwareDatetime | None = None
    watcher: str = ""
    watch_note: str = ""
    settling: int = 0
    busy: tuple[str, ...] = ()
    in_flight: int = 0
    model: str = ""
    fingerprint: str = ""
    refused: str = ""
    model_trouble: str = ""
    paused: str = ""
    paused_reason: str = ""
    remedy: str = ""
    done: int = 0

    def is_stale(self, now: dt.datetime) -> bool:
        """Whether a daemon that calls itself running has said nothing for too long.

        A beat from the future is none: the clock was set back, and a daemon that lives beats again.
        """
        age = abs((now - self.beat_at).total_seconds())
        return self.state != "stopped" and age > _STALE_SECONDS


def write(state: Path, health: Health, mode: int) -> None:
    """Replace the heartbeat; it is not flushed, since a stale one after a power cut is right.

    On a full disk it is written over the old one, in the blocks that are there already: that is
    when it is needed most.

    Raises:
        OSError: Not even that can be done.
    """
    text = health.model_dump_json().encode().ljust(_BLOCK)
    part = state / f".{FILE_NAME}.part"
    try:
        part.write_bytes(text)
        part.chmod(mode)
        part.rename(state / FILE_NAME)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        descriptor = os.open(state / FILE_NAME, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.pwrite(descriptor, text[:_BLOCK], 0)
        finally:
            os.close(descriptor)


def read(state: Path) -> Health | None:
    """Return the last heartbeat, None when there is none or it is not readable as one."""
    try:
        return Health.model_validate_json((state / FILE_NAME).read_bytes())
    except (OSError, ValidationError):
        return None
