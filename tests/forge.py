"""Programs that start in milliseconds: forked from a process that has loaded docsorter.

A start of Python with all that a command imports costs a second of processor time, which is most
of what a test of a command takes. What is forked is a process like any other, with arguments, an
environment, a folder, descriptors, signals and an exit code of its own; only the imports were done
before. What depends on them, or on how Python itself starts, is to be started in the usual way.

python -m tests.forge DESCRIPTOR     (a socket that orders come by)
"""

import array
import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parents[1]
_LONGEST: Final = 1 << 17  # bytes of an order; most of it is the environment
_NUMBER: Final = struct.Struct("=q")


class Program:
    """A started `docsorter`, with the part of `subprocess.Popen` that tests use.

    Attributes:
        pid: Number of its process.
        returncode: None while it runs; negative is a signal.
    """

    def __init__(self, ended: int) -> None:
        self._ended = ended
        (self.pid,) = _NUMBER.unpack(os.read(ended, _NUMBER.size))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code.

        Raises:
            TimeoutExpired: It still runs after so many seconds.
        """
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("docsorter", timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as the kernel does."""
        self.send_signal(signal.SIGKILL)

    def _look(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], seconds)[0]:
            told = os.read(self._ended, _NUMBER.size)
            assert told, "the forge ended before its program"
            os.close(self._ended)
            (self.returncode,) = _NUMBER.unpack(told)
        return self.returncode


def start(
    arguments: Sequence[str],
    *,
    stdout: IO[bytes],
    stderr: IO[bytes],
    env: Mapping[str, str],
    cwd: Path | None = None,
) -> Program:
    """Start `docsorter` with arguments; it reads nothing."""
    order = {"arguments": arguments, "env": dict(env), "cwd": str(cwd or Path.cwd())}
    ended, tell = os.pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        descriptors = [nothing, stdout.fileno(), stderr.fileno(), tell]
        socket.send_fds(_forge(), [json.dumps(order).encode()], descriptors)
    finally:
        os.close(nothing)
        os.close(tell)
    return Program(ended)


@cache
def _forge() -> socket.socket:
    """Start the process to fork from, once for all tests of this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    variables = {k: v for k, v in os.environ.items() if not k.startswith("DOCSORTER_")}
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forge", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            # threads would not live on in what is forked
            env=variables | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
        )

    def end() -> None:
        ours.close()
        process.wait(30)

    atexit.register(end)
    return ours


def _load() -> None:
    """Import all of docsorter but what only training and the screen need."""
    import docsorter  # noqa: PLC0415 -- the tests' side does without

    for found in pkgutil.walk_packages(docsorter.__path__, "docsorter."):
        if not found.name.startswith(("docsorter.training", "docsorter.cli.reviewer")) and (
            not found.name.endswith("__main__")
        ):
            importlib.import_module(found.name)
    importlib.import_module("alembic.command")
    gc.collect()
    gc.freeze()


def _serve(channel: socket.socket) -> Callable[[], None] | None:
    """Fork a program per order and tell of its end.

    Returns:
        What a fork is to run; None in the process itself, when no more orders come.
    """
    running: dict[int, tuple[int, int]] = {}
    while True:
        ready, _, _ = select.select([channel.fileno(), *running], [], [])
        for ended in (descriptor for descriptor in ready if descriptor in running):
            pid, tell = running.pop(ended)
            _tell(tell, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            os.close(ended)
            os.close(tell)
        if channel.fileno() not in ready:
            continue
        content, descriptors = _received(channel)
        if not content:
            return None
        assert threading.active_count() == 1, "a fork would leave threads behind"
        pid = os.fork()
        if pid == 0:
            return lambda: _become(json.loads(content), descriptors[:3])
        *_, tell = descriptors
        for descriptor in descriptors[:3]:
            os.close(descriptor)
        _tell(tell, pid)
        running[os.pidfd_open(pid)] = pid, tell


def _received(channel: socket.socket) -> tuple[bytes, list[int]]:
    numbers = array.array("i")
    content, ancillary, _, _ = channel.recvmsg(_LONGEST, socket.CMSG_SPACE(4 * numbers.itemsize))
    for *_, data in ancillary:
        numbers.frombytes(data)
    return content, list(numbers)


def _tell(descriptor: int, number: int) -> None:
    try:
        os.write(descriptor, _NUMBER.pack(number))
    except BrokenPipeError:
        return  # nobody asks any more


def _become(order: dict[str, object], descriptors: Sequence[int]) -> None:
    """Be `python -m docsorter`, from here on."""
    arguments, env, cwd = order["arguments"], order["env"], order["cwd"]
    assert isinstance(arguments, list)
    assert isinstance(env, dict)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.closerange(3, max(map(int, os.listdir("/proc/self/fd"))) + 1)  # noqa: PTH208 -- numbers
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(str(cwd))
    sys.argv[1:] = arguments
    runpy.run_module("docsorter", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _load()
    program = _serve(socket.socket(fileno=int(sys.argv[1])))
    if program is not None:
        program()
