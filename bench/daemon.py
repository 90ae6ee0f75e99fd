"""A real daemon under measurement: started, listened to, sampled, stopped."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_PAGE = os.sysconf("SC_PAGE_SIZE")


class MeasuredDaemon:
    """Runs `docsorter run` and knows when it was ready and how much memory it took.

    Args:
        workspace: A workspace made by `docsorter init`.
        scratch: Where the notify socket and the log go.
    """

    def __init__(self, workspace: Path, scratch: Path) -> None:
        self._workspace = workspace
        self._scratch = scratch
        self.ready_seconds = 0.0
        self.peak_tree = 0

    def __enter__(self) -> Self:
        address = self._scratch / "notify"
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(str(address))
            listener.settimeout(60)
            began = time.monotonic()
            with (self._scratch / "daemon.log").open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "docsorter", "run", str(self._workspace)],
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "NOTIFY_SOCKET": str(address)},
                )
            while b"READY=1" not in listener.recv(4096):
                pass
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
        self._process.wait(60)

    @property
    def peak_own(self) -> int:
        """Greatest resident memory of the daemon itself, bytes (VmHWM)."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return next(int(row.split()[1]) for row in status.splitlines() if "VmHWM" in row) * 1024

    def cpu_seconds(self) -> float:
        """Return the CPU time of the daemon and of the children it has waited for."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        ticks = [int(word) for word in stat.rsplit(")", 1)[1].split()[11:15]]
        return sum(ticks) / os.sysconf("SC_CLK_TCK")

    def _sample(self) -> None:
        while not self._stop.wait(0.05):
            self.peak_tree = max(self.peak_tree, _resident_of_tree(self._process.pid))


def _resident_of_tree(root: int) -> int:
    parents: dict[int, int] = {}
    resident: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            pages = (entry / "statm").read_text(encoding="ascii").split()[1]
        except OSError:
            continue
        parents[int(entry.name)] = int(stat.rsplit(")", 1)[1].split()[1])
        resident[int(entry.name)] = int(pages) * _PAGE
    return sum(size for pid, size in resident.items() if _descends(pid, root, parents))


def _descends(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid not in {root, 0, 1}:
        pid = parents.get(pid, 0)
    return pid == root
