"""The daemon's side of the fork server: start it, ask it, end it."""

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from docsorter.pages.protocol import MAX_PACKET, Request

_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_KEPT_VARIABLES: Final = (
    "PATH",
    "LD_LIBRARY_PATH",
    "TZ",
    "FONTCONFIG_FILE",
    "FONTCONFIG_PATH",
)
# A decoded page is megabytes, and a child lives for one document: what it frees stays in its heap,
# which grows by 16 MB at a time in pages of 2 MB, so that a fifth fewer are touched for the first
# time ("Memory Allocation Tunables" of the glibc manual).
_HEAP: Final = (
    "glibc.malloc.hugetlb=1",
    f"glibc.malloc.mmap_threshold={1 << 30}",
    f"glibc.malloc.trim_threshold={1 << 30}",
    f"glibc.malloc.top_pad={16 << 20}",
)
_GRACE: Final = 20.0  # seconds beyond the time limit until the server itself counts as hung
_END_SECONDS: Final = 5.0


class ServerGoneError(Exception):
    """The fork server ended, or does not answer."""


class ServerLink:
    """One running fork server; asked by several threads at once."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-P", "-m", "docsorter.pages.server"]
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=_environment(),
                cwd="/",
                # Ctrl-C on the terminal is for the daemon, which drains and then closes this.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    def ask(self, request: Request, document: int, result: int) -> dict[str, Any]:
        """Send a request and wait for the server's answer.

        Args:
            request: What is asked.
            document: Descriptor of the document.
            result: Descriptor of the file that takes the result.

        Returns:
            How the child ended: exit, signal, timed_out, peak_kb; or a report.

        Raises:
            ServerGoneError: The server is not there any more.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with ours:
            with theirs:
                self._send(request, [theirs.fileno(), document, result])
            ours.settimeout(request.time_limit + _GRACE)
            try:
                text = b"".join(iter(lambda: ours.recv(MAX_PACKET), b""))
                answer: dict[str, Any] = json.loads(text)
            except TimeoutError as error:
                self._process.kill()
                raise ServerGoneError("it does not answer") from error
            except (OSError, ValueError) as error:
                raise ServerGoneError("it ended") from error
        return answer

    def _send(self, request: Request, descriptors: list[int]) -> None:
        try:
            socket.send_fds(self._control, [request.encode()], descriptors)
        except OSError as error:
            raise ServerGoneError("it takes no requests") from error

    def close(self) -> None:
        """End the server and every child it has, and wait for it; may be called twice."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    # One arena keeps the address space small that children are limited by.
    memory = {"MALLOC_ARENA_MAX": "1", "GLIBC_TUNABLES": ":".join(_HEAP)}
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    search = {"PYTHONPATH": os.pathsep.join(paths)}
    return {**kept, **search, **memory, "LC_ALL": "C.UTF-8"}
