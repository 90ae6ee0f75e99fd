"""The fork server: a small process with one thread that forks one child per document.

The daemon has threads and a model in memory, so it must not fork itself. This process has neither;
it loads the decoders once and gives each document a copy of itself to spoil. Run by
`docsorter.pages.link` as `python -m docsorter.pages.server DESCRIPTOR`.
"""

import gc
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from docsorter.pages import child
from docsorter.pages.families import preload
from docsorter.pages.protocol import MAX_PACKET, Request
from docsorter.pages.sandbox import libc
from docsorter.pages.sandbox.confine import offer_to_memory_killer
from docsorter.pages.sandbox.probing import examine

_DESCRIPTORS: Final = 3


@dataclass(slots=True)
class Child:
    """A document being read.

    Attributes:
        pid: Process, and process group, that reads it.
        request: What was asked.
        caller: Where the answer goes; closed by the other side when nobody wants it any more.
        deadline: When it is killed, monotonic seconds.
        timed_out: Whether it was killed for that.
    """

    pid: int
    request: Request
    caller: socket.socket
    deadline: float
    timed_out: bool = False

    def kill(self) -> None:
        """End it with every program that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


class ForkServer:
    """Takes requests from one socket until its other end is closed.

    Args:
        control: Where requests come from, with their descriptors.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, Child] = {}
        self._open = True
        self._features, self._report = examine()
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._take)
        self._watch_children()

    def run(self) -> None:
        """Serve until the daemon goes; kills what is left then."""
        while self._open:
            for key, _ in self._selector.select(self._seconds_left()):
                act: Callable[[], None] = key.data
                act()
            self._reap()
            self._kill_late()
        for running in self._children.values():
            running.kill()
        with suppress(ChildProcessError):
            while True:  # leave no dead process behind, poppler's included
                os.waitpid(-1, 0)

    def _watch_children(self) -> None:
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writing)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        self._selector.register(reading, selectors.EVENT_READ, lambda: self._drain(reading))
        # Programs whose parent was killed come here to be waited for.
        libc.prctl(libc.PR_SET_CHILD_SUBREAPER, 1)

    @staticmethod
    def _drain(descriptor: int) -> None:
        with suppress(BlockingIOError):
            os.read(descriptor, MAX_PACKET)

    def _take(self) -> None:
        packet, descriptors, _, _ = socket.recv_fds(self._control, MAX_PACKET, _DESCRIPTORS)
        if not packet:
            self._open = False
            return
        caller_fd, *rest = descriptors
        caller = socket.socket(fileno=caller_fd)
        try:
            self._start(Request.decode(packet), caller, rest)
        finally:
            for descriptor in rest:
                os.close(descriptor)

    def _start(self, request: Request, caller: socket.socket, rest: list[int]) -> None:
        if request.kind == "report":
            self._say(caller, self._report)
            return
        document, result = rest
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._say(caller, {"fault": f"no process for reading it: {error.strerror}"})
            return
        if pid == 0:
            child.run(request, self._features, server=server, document=document, result=result)
        with suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)  # the child does so too; whoever is first
        running = Child(pid, request, caller, time.monotonic() + request.time_limit)
        self._children[pid] = running
        self._selector.register(caller, selectors.EVENT_READ, running.kill)

    def _seconds_left(self) -> float | None:
        waiting = [one.deadline for one in self._children.values() if not one.timed_out]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _kill_late(self) -> None:
        now = time.monotonic()
        for running in self._children.values():
            if running.deadline <= now and not running.timed_out:
                running.timed_out = True
                running.kill()

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while True:
                # Look before taking: until it is waited for, its process group is still its own.
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if ended is None:
                    return
                running = self._children.pop(ended.si_pid, None)
                if running is not None:
                    running.kill()
                _, status, usage = os.wait4(ended.si_pid, 0)
                if running is not None:
                    self._finish(running, status, usage.ru_maxrss)

    def _finish(self, running: Child, status: int, peak_kb: int) -> None:
        self._selector.unregister(running.caller)
        code = os.waitstatus_to_exitcode(status)
        answer = {
            "exit": max(code, 0),
            "signal": max(-code, 0),
            "timed_out": running.timed_out,
            "peak_kb": peak_kb,
        }
        self._say(running.caller, answer)

    @staticmethod
    def _say(caller: socket.socket, answer: dict[str, Any]) -> None:
        with suppress(OSError):  # nobody listens any more
            caller.sendall(json.dumps(answer).encode())
        caller.close()


def main() -> None:
    """Serve on the descriptor that the command line names."""
    # The daemon's end of the socket is the only order to stop: it drains first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    offer_to_memory_killer()
    preload(gc.freeze)
    ForkServer(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
