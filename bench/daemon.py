"""A real daemon under measurement: started, listened to, sampled, stopped."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_START_SECONDS: Final = 120
_SAMPLED: Final = 0.5  # seconds between two looks at the memory, which go through all processes
REAL: Final = ("docsorter", "run")
STUBBED: Final = ("bench.stub_daemon",)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and its descendants have used up so far.

    Attributes:
        resident: Resident memory of all of them, bytes.
        resident_own: Of the first alone.
        cpu: CPU seconds of all, those included that have ended and were waited for.
    """

    resident: int
    resident_own: int
    cpu: float


class MeasuredDaemon:
    """Runs a daemon and knows when it was ready, how much memory and how much work it took.

    Args:
        workspace: A workspace made by `docsorter init`.
        scratch: Where the notify socket and the log go.
        module: What to start, as of `python -m`.
        cores: Numbers of the cores it may use; all of ours by default.
    """

    def __init__(
        self,
        workspace: Path,
        scratch: Path,
        module: Collection[str] = REAL,
        cores: Collection[int] = (),
    ) -> None:
        self._command = [sys.executable, "-m", *module, str(workspace)]
        self._scratch = scratch
        self._cores = set(cores) or os.sched_getaffinity(0)
        self.ready_seconds = 0.0
        self.peak_tree = 0

    def __enter__(self) -> Self:
        address = self._scratch / "notify"
        address.unlink(missing_ok=True)
        ours = os.sched_getaffinity(0)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(str(address))
            listener.settimeout(_START_SECONDS)
            began = time.monotonic()
            os.sched_setaffinity(0, self._cores)  # children inherit it
            try:
                with (self._scratch / "daemon.log").open("ab") as log:
                    self._process = subprocess.Popen(
                        self._command,
                        stdout=log,
                        stderr=log,
                        env={**os.environ, "NOTIFY_SOCKET": str(address)},
                    )
            finally:
                os.sched_setaffinity(0, ours)
            try:
                while b"READY=1" not in listener.recv(4096):
                    pass
            except TimeoutError:
                self._process.kill()
                raise
            self.ready_seconds = time.monotonic() - began
        self._stop = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._sampler.join()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(_START_SECONDS)

    @property
    def pid(self) -> int:
        """Number of the daemon's process."""
        return self._process.pid

    @property
    def peak_own(self) -> int:
        """Greatest resident memory of the daemon itself, bytes (VmHWM)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return next(int(row.split()[1]) for row in status.splitlines() if "VmHWM" in row) * 1024

    def usage(self) -> Usage:
        """Return what it has used up so far."""
        return usage_of(self.pid)

    def _sample(self) -> None:
        while not self._stop.wait(_SAMPLED):
            self.peak_tree = max(self.peak_tree, self.usage().resident)


def usage_of(root: int) -> Usage:
    """Return what a process and its descendants have used up so far (proc(5), stat and statm)."""
    parents: dict[int, int] = {}
    resident: dict[int, int] = {}
    cpu: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            pages = (entry / "statm").read_text(encoding="ascii").split()[1]
        except OSError:
            continue
        words = stat.rsplit(")", 1)[1].split()
        parents[int(entry.name)] = int(words[1])
        cpu[int(entry.name)] = sum(map(int, words[11:15]))
        resident[int(entry.name)] = int(pages) * _PAGE
    family = [pid for pid in parents if _descends(pid, root, parents)]
    return Usage(
        sum(resident[pid] for pid in family),
        resident.get(root, 0),
        sum(cpu[pid] for pid in family) / _TICKS,
    )


def _descends(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid not in {root, 0, 1}:
        pid = parents.get(pid, 0)
    return pid == root
