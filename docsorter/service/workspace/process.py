"""What a running daemon leaves for others to see: its lock, its log and its health file."""

import datetime as dt
import fcntl
import json
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self, TextIO

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from docsorter.errors import AlreadyRunningError, EnvironmentFaultError
from docsorter.filesystem import environment_reason

LOGGER = "docsorter"
Progress = Callable[[str, int, int], None]
"""Told (stage, done, total) by long work; may raise to stop it between two steps."""

HEALTH_FILE = "health.json"
_STALE_SECONDS = 90.0
_BLOCK = 4096  # bytes; spaces behind JSON mean nothing


def silent(_stage: str, _done: int, _total: int) -> None:
    """Show nothing: the progress of work that nobody watches."""


class WorkspaceLock:
    """Exclusive while held; the kernel frees it when the process ends, however it ends."""

    def __init__(self, state: Path) -> None:
        self._path = state / "daemon.lock"
        self._descriptor = -1

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            AlreadyRunningError: Another process holds it; the message names its number.
            EnvironmentFaultError: The state folder is gone, full, read-only or not ours.
        """
        try:
            self._acquire()
        except OSError as error:
            raise EnvironmentFaultError(
                f"cannot lock the workspace: {environment_reason(error).text}",
                remedy="mount the state folder, make room, or let the daemon's user write there",
            ) from error

    def _acquire(self) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise AlreadyRunningError(
                f"docsorter already runs on this workspace (process {self.holder() or 'unknown'})",
                remedy="docsorter status shows what it does; stop it before starting another",
            ) from error
        self._descriptor = descriptor
        try:
            # Written over and not emptied first: a full disk has room for what is there already.
            os.pwrite(descriptor, f"{os.getpid():<10}\n".encode(), 0)
        except OSError:
            self.release()
            raise

    def release(self) -> None:
        """Give it back; harmless when not held."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def holder(self) -> int | None:
        """Return the process that holds the lock, None when nobody does or it cannot be told."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, PermissionError):
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.read(descriptor, 20).strip()
            return int(text) if text.isdigit() else None
        finally:
            os.close(descriptor)
        return None


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True)


class _TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # A file name may hold a newline; a log line must stay one line.
        return super().format(record).replace("\r", "\\r").replace("\n", "\\n  ")


def configure_logging(
    level: str, style: Literal["text", "json"], stream: TextIO = sys.stderr
) -> logging.Logger:
    """Set up the program's logger; calling it again replaces the handler."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        _JsonLines() if style == "json" else _TextLines("%(asctime)s %(levelname)-7s %(message)s")
    )
    logger = logging.getLogger(LOGGER)
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False
    # watchdog warns of its own threads while they are being stopped.
    logging.getLogger("watchdog").setLevel(logging.ERROR)
    return logger


class WaitingInInbox(BaseModel):
    """A file that stays in the inbox for now: why, as a code of docs/use/reasons.md, since when."""

    path: str
    reason: str
    text: str
    since: AwareDatetime


class Health(BaseModel):
    """A heartbeat.

    Attributes:
        state: starting, running, paused (something around it fails), draining or stopped.
        ready_seconds: From process start to ready, None before.
        watcher: How files are noticed, e.g. "inotify" or "polling every 5 s".
        watch_note: What the watch falls short of, and the remedy; "" when all is well.
        waiting: Files that stay in the inbox for now, the longest first; 1000 at most.
        busy: The first of them that are held by somebody else, each with the reason.
        in_flight: Documents being inspected.
        fingerprint: SHA-256 of its bundle's SHA256SUMS.
        refused: The same of a promoted model that could not be put to use.
        model_trouble: Why not, "" when the promoted model is in use.
        paused: Why nothing is taken in just now, "" when all is well.
        paused_reason: The same as a code of docs/use/reasons.md.
        settings_note: What is to be said of settings that are not in use, "" when all are.
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
    waiting: tuple[WaitingInInbox, ...] = ()
    busy: tuple[str, ...] = ()
    in_flight: int = 0
    model: str = ""
    fingerprint: str = ""
    refused: str = ""
    model_trouble: str = ""
    paused: str = ""
    paused_reason: str = ""
    remedy: str = ""
    settings_note: str = ""
    done: int = 0

    def is_stale(self, now: dt.datetime) -> bool:
        """Whether a daemon that calls itself running has not reported for too long.

        A beat from the future is none: the clock was set back, and a daemon that lives beats again.
        """
        age = abs((now - self.beat_at).total_seconds())
        return self.state != "stopped" and age > _STALE_SECONDS


def write_health(state: Path, health: Health, mode: int) -> None:
    """Replace the heartbeat; it is not flushed, since a stale one after a power cut is right.

    On a full disk it is written over the old one, in the blocks that are there already: that is
    when it is needed most.
    """
    text = health.model_dump_json().encode().ljust(_BLOCK)
    part = state / f".{HEALTH_FILE}.part"
    try:
        part.write_bytes(text)
        part.chmod(mode)
        part.rename(state / HEALTH_FILE)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        descriptor = os.open(state / HEALTH_FILE, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if len(text) > _BLOCK:
                text = health.model_copy(update={"waiting": ()}).model_dump_json().encode()
            os.pwrite(descriptor, text.ljust(_BLOCK)[:_BLOCK], 0)
        finally:
            os.close(descriptor)


def read_health(state: Path) -> Health | None:
    """Return the last heartbeat, None when there is none or it is not readable as one."""
    try:
        return Health.model_validate_json((state / HEALTH_FILE).read_bytes())
    except (OSError, ValidationError):
        return None
