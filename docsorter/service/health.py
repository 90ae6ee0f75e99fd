"""What the daemon says of itself, as one small file that `status` and health checks read."""

import datetime as dt
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

FILE_NAME = "health.json"
_STALE_SECONDS = 90.0


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
        settling: Files in the inbox that are not complete yet.
        busy: Of those, held by somebody else, each with the reason.
        in_flight: Documents being looked at.
        model: Name of the model bundle.
        paused: Why nothing is taken in just now, "" when all is well.
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
    settling: int = 0
    busy: tuple[str, ...] = ()
    in_flight: int = 0
    model: str = ""
    paused: str = ""
    done: int = 0

    def is_stale(self, now: dt.datetime) -> bool:
        """Whether a daemon that calls itself running has said nothing for too long."""
        return self.state != "stopped" and (now - self.beat_at).total_seconds() > _STALE_SECONDS


def write(state: Path, health: Health, mode: int) -> None:
    """Replace the heartbeat; it is not flushed, since a stale one after a power cut is right."""
    part = state / f".{FILE_NAME}.part"
    part.write_text(health.model_dump_json(), encoding="utf-8")
    part.chmod(mode)
    part.rename(state / FILE_NAME)


def read(state: Path) -> Health | None:
    """Return the last heartbeat, None when there is none or it is not readable as one."""
    try:
        return Health.model_validate_json((state / FILE_NAME).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValidationError):
        return None
