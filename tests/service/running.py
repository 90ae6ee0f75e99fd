"""A real daemon in a process of its own, for tests that wait on what it does."""

import os
import select
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from docsorter.configuration import Configuration
from docsorter.documents import Document, Place, State
from docsorter.store import Store
from tests import forge
from tests.patience import Patience, wait_until

__all__ = ["FINAL", "RunningDaemon", "every_file", "finished", "wait_until"]
START: Final = 60.0  # seconds of its own time, most of it imports
FINAL = frozenset({State.SORTED, State.REVIEW, State.REJECTED})


class RunningDaemon:
    """Starts `docsorter run`, waits until it is ready, and ends it with the test.

    Args:
        workspace: A workspace made by `init`.
        scratch: Where its log and its notify socket go.
    """

    def __init__(self, workspace: Path, scratch: Path) -> None:
        self._workspace = workspace
        self._log = scratch / "daemon.log"
        self._address = scratch / "n"

    def __enter__(self) -> Self:
        self._address.unlink(missing_ok=True)
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(str(self._address))
        with self._log.open("ab") as log:
            self.process = forge.start(
                ["run", str(self._workspace)],
                stdout=log,
                stderr=log,
                env={
                    **os.environ,
                    "NOTIFY_SOCKET": str(self._address),
                    "WATCHDOG_USEC": "2000000",
                    "PYTHONPATH": str(Path.cwd()),
                },
            )
        self.wait_for_notice(b"READY=1")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        self.notices.close()

    @property
    def log(self) -> str:
        """What it said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait_for_notice(self, text: bytes) -> None:
        """Block until the service manager is told `text`."""
        patience = Patience(self.process.pid, idle=START)
        while not (why := patience.over()):
            readable, _, _ = select.select([self.notices], [], [], 0.2)
            if readable and text in self.notices.recv(4096):
                return
            assert self.process.poll() is None, f"the daemon ended: {self.log}"
        raise AssertionError(f"no {text!r}: {why}: {self.log}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code.

        Raises:
            AssertionError: It does not end.
        """
        self.process.send_signal(number)
        wait_until(lambda: self.process.poll() is not None, "its end", said=lambda: self.log)
        return self.process.wait()


def finished(store: Store, count: int) -> Callable[[], list[Document] | None]:
    """Return a condition: `count` documents have reached a folder."""

    def look() -> list[Document] | None:
        documents = [d for d in store.documents.find(limit=1000) if d.state in FINAL]
        return documents if len(documents) >= count else None

    return look


def every_file(configuration: Configuration) -> dict[Place, list[Path]]:
    """Return all document files under each root, without sidecars and lock files."""
    found = {}
    for place in Place:
        root = configuration.root(place)
        files = [p for p in root.rglob("*") if p.is_file() and not p.name.startswith(".")]
        found[place] = sorted(
            p for p in files if not (p.suffix == ".json" and p.with_suffix("").exists())
        )
    return found
