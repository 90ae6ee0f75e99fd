"""Watches a process at every call that changes a folder: counts, kills, refuses, records."""

import array
import errno
import fcntl
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.patience import IDLE, Patience
from tests.torture.calls import CHANGING_FLAGS, SHAPES, names

_NOTIFICATION: Final = struct.Struct("=QIIiIQ6Q")  # struct seccomp_notif
_ANSWER: Final = struct.Struct("=QqiI")  # struct seccomp_notif_resp
_RECEIVE: Final = 0xC0502100  # SECCOMP_IOCTL_NOTIF_RECV
_SEND: Final = 0xC0182101  # SECCOMP_IOCTL_NOTIF_SEND
_GO_ON: Final = 1  # SECCOMP_USER_NOTIF_FLAG_CONTINUE
_AT_FDCWD: Final = -100
_LONGEST_NAME: Final = 4096
_PAGE: Final = 4096


@dataclass(frozen=True, slots=True)
class Call:
    """One call, stopped before it takes effect.

    Attributes:
        number: Which one of the run, counted from 1.
        name: Of the call.
        paths: The files it names, absolute.
        arguments: As they were passed.
        pid: Number of the thread that makes it.
    """

    number: int
    name: str
    paths: tuple[str, ...]
    arguments: tuple[int, ...]
    pid: int

    def __str__(self) -> str:
        return f"{self.number} {self.name} {' -> '.join(self.paths)}"

    def memory(self, address: int, length: int) -> bytes:
        """Return bytes of the stopped process."""
        with Path(f"/proc/{self.pid}/mem").open("rb", buffering=0) as memory:
            return os.pread(memory.fileno(), length, address)


Answer = Callable[[Call], int]
"""Looks at a call; returns 0 to let it go on, an errno to refuse it; may kill."""


@dataclass(frozen=True, slots=True)
class Watched:
    """How a watched process ended.

    Attributes:
        calls: Calls that changed the folder.
        status: What waitpid(2) says.
        killed_at: The call at which it was killed; None when it was not.
        hung: Why it was ended: it had all the time that it could need; "" when it was not.
        seconds: How long it ran.
    """

    calls: int
    status: int
    killed_at: Call | None
    hung: str
    seconds: float


class Supervisor:
    """Answers for one process and all it starts.

    Args:
        pid: The process, a child of this one.
        listener: What `calls.stop_here` returned there.
        folders: Only calls that name something in one of these count.
        answer: Decides about each of them; others go on.
    """

    def __init__(
        self, pid: int, listener: int, folders: tuple[str, ...], answer: Answer | None = None
    ) -> None:
        self._pid = pid
        self._listener = listener
        self._folders = tuple(f"{folder.rstrip('/')}/" for folder in folders)
        self._answer = answer
        self._names = names()
        self._count = 0

    def watch(
        self, *, kill_at: int | None = None, while_it_runs: bool = False, idle: float = IDLE
    ) -> Watched:
        """Answer every call until the process has ended.

        Args:
            kill_at: Kill it at its call of this number, before that takes effect.
            while_it_runs: Let that call begin and kill then, so that it may be anywhere in it.
            idle: Seconds that it may wait in all before it counts as hung and is killed.
        """
        began = time.monotonic()
        killed_at: Call | None = None
        hung = ""
        patience = Patience(self._pid, idle=idle, watcher=os.getpid())
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while True:
            events = poll.poll(1000)
            if events and events[0][1] & select.POLLIN:
                killed_at = self._serve(kill_at, while_it_runs=while_it_runs) or killed_at
            elif events:  # nobody is left who could make a call
                break
            if not hung and (hung := patience.over()):
                os.kill(self._pid, signal.SIGKILL)
        os.close(self._listener)
        _, status = os.waitpid(self._pid, 0)
        return Watched(self._count, status, killed_at, hung, time.monotonic() - began)

    def _serve(self, kill_at: int | None, *, while_it_runs: bool) -> Call | None:
        buffer = array.array("B", bytes(_NOTIFICATION.size))
        try:
            fcntl.ioctl(self._listener, _RECEIVE, buffer)
        except OSError:  # it died meanwhile
            return None
        token, pid, _, number, _, _, *arguments = _NOTIFICATION.unpack(buffer)
        refusal = 0
        stopped: Call | None = None
        with suppress(OSError):  # a call whose names cannot be read is one of a dying process
            stopped = self._decoded(self._names[number], pid, tuple(arguments))
        if stopped is not None:
            self._count += 1
            if stopped.number == kill_at:
                if while_it_runs:
                    self._reply(token, 0)
                os.kill(self._pid, signal.SIGKILL)
                return stopped
            refusal = self._answer(stopped) if self._answer is not None else 0
        self._reply(token, refusal)
        return None

    def _reply(self, token: int, refusal: int) -> None:
        flags = 0 if refusal else _GO_ON
        answer = array.array("B", _ANSWER.pack(token, 0, -refusal, flags))
        try:
            fcntl.ioctl(self._listener, _SEND, answer)
        except OSError as error:
            if error.errno != errno.ENOENT:  # it died while it waited
                raise

    def _decoded(self, name: str, pid: int, arguments: tuple[int, ...]) -> Call | None:
        shape = SHAPES[name]
        paths = [_opened(pid, _signed(arguments[index])) for index in shape.descriptors]
        for folder, address in shape.paths:
            base = _AT_FDCWD if folder is None else _signed(arguments[folder])
            paths.append(_resolved(pid, base, arguments[address]))
        if not any(f"{path}/".startswith(self._folders) for path in paths):
            return None
        return Call(self._count + 1, name, tuple(paths), arguments, pid)


def receive(channel: socket.socket) -> int:
    """Return the listener that the child sends.

    Raises:
        OSError: It could not install the filter; the message says why.
    """
    text, descriptors, _, _ = socket.recv_fds(channel, 1024, 1)
    if not descriptors:
        raise OSError(text.decode() or "the child ended before it could be watched")
    return descriptors[0]


def creates(call: Call) -> bool:
    """Say whether an open may make or empty a file."""
    flags = SHAPES[call.name].flags
    return flags is not None and bool(call.arguments[flags] & CHANGING_FLAGS)


def _opened(pid: int, descriptor: int) -> str:
    return _followed(f"/proc/{pid}/fd/{descriptor}")


def _followed(link: str) -> str:
    return str(Path(link).readlink())


def _resolved(pid: int, base: int, address: int) -> str:
    name = os.fsdecode(_text(pid, address))
    if name.startswith("/"):
        return name
    folder = _followed(f"/proc/{pid}/cwd") if base == _AT_FDCWD else _opened(pid, base)
    return f"{folder}/{name}" if name else folder


def _text(pid: int, address: int) -> bytes:
    """Read a name, page by page, for the next page may not be there."""
    if address == 0:
        return b""
    found = b""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        while len(found) < _LONGEST_NAME:
            part = os.pread(memory.fileno(), _PAGE - address % _PAGE, address)
            before, end, _ = part.partition(b"\0")
            found += before
            address += len(part)
            if end or not part:
                break
    return found


def _signed(value: int) -> int:
    low = value & 0xFFFFFFFF
    return low - (1 << 32) if low >= 1 << 31 else low
