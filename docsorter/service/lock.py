"""One process at a time moves documents through a workspace: flock(2) on a file in the state."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from docsorter.errors import AlreadyRunningError, EnvironmentFaultError
from docsorter.surroundings import environment_reason


class WorkspaceLock:
    """Exclusive while held; the kernel frees it when the process ends, however it ends.

    Args:
        state: State directory of the workspace.
    """

    def __init__(self, state: Path) -> None:
        self._path = state / "daemon.lock"
        self._descriptor = -1

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
