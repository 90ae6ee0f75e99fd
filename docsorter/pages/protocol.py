"""Messages between page reader, fork server and child, and what the end of a child means.

A request travels as one JSON packet with three descriptors: the socket for the answer, the document
and an anonymous file for the result. The result never passes through the server.
"""

import dataclasses
import json
import os
import signal
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from docsorter.documents import ReasonCode
from docsorter.errors import DocumentError, EnvironmentFaultError

MAX_PACKET: Final = 65536
MOST_WORDS: Final = 2000  # of a page
MOST_WORD_BYTES: Final = 100_000  # of all words of a page, in UTF-8
NOT_CONFINED: Final = 71  # exit status of a child that could not confine itself; EX_OSERR
_LENGTH: Final = struct.Struct(">I")
_MAX_HEADER: Final = 1 << 20
_HEADER_ROOM: Final = _LENGTH.size + _MAX_HEADER
_PNG_BYTES_PER_PIXEL: Final = 4
_MEGABYTE: Final = 1 << 20
_MUCH: Final = 0.5  # of the memory limit: a crash beyond it counts as a lack of memory


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """One document to be read.

    Attributes:
        kind: Pages for the classifier, a PNG of one page for a person, the words of one page, or
            how the sandbox stands.
        size: Side of the classifier's square, or longest side of the PNG, pixels.
        first: First page, counted from 0.
        count: Number of pages at most.
        blank: Whether pages with nothing on them are left out ("skip") or count as pages.
        max_pixels: Most pixels of one picture.
        time_limit: Wall clock, seconds.
        memory_limit: Address space, bytes.
        languages: What recognition of words may expect, by Tesseract's names; none: there is none.
        turned: By how many degrees, clockwise, the page lies turned: 0, 90, 180 or 270.
        suffix: How the name ends, for the text of a refusal only; the bytes say what a file is.
    """

    kind: Literal["pages", "preview", "words", "report"]
    size: int = 1
    first: int = 0
    count: int = 1
    blank: Literal["skip", "count"] = "skip"
    max_pixels: int = 1
    time_limit: float = 1.0
    memory_limit: int = 0
    languages: tuple[str, ...] = ()
    turned: int = 0
    suffix: str = ""

    def encode(self) -> bytes:
        """Return the packet."""
        return json.dumps(dataclasses.asdict(self)).encode()

    @classmethod
    def decode(cls, packet: bytes) -> "ReadRequest":
        """Return the request of a packet that `encode` made."""
        return cls(**json.loads(packet))

    @property
    def max_body(self) -> int:
        """Most bytes that may follow the header of the result."""
        if self.kind == "words":
            return 0
        square = self.size * self.size
        if self.kind == "pages":
            return self.count * square * 3
        return square * _PNG_BYTES_PER_PIXEL + MAX_PACKET

    @property
    def max_result(self) -> int:
        """Most bytes of the whole result."""
        return _HEADER_ROOM + self.max_body


class ResultError(Exception):
    """A child left no result, or half of one."""


def write_result(descriptor: int, header: dict[str, Any], body: Iterator[bytes]) -> None:
    """Write a result: length of the header, header, body."""
    text = json.dumps(header).encode()
    for part in (_LENGTH.pack(len(text)), text, *body):
        view = memoryview(part)
        while view:
            view = view[os.write(descriptor, view) :]


def read_result(descriptor: int, request: ReadRequest) -> tuple[dict[str, Any], bytearray]:
    """Read a result, trusting nothing about it: its writer has parsed hostile bytes.

    Raises:
        ResultError: There is none, it is not whole, or it is larger than it can be.
    """
    size = os.fstat(descriptor).st_size
    if not _LENGTH.size <= size <= request.max_result:
        raise ResultError(f"{size} bytes")
    (length,) = _LENGTH.unpack(os.pread(descriptor, _LENGTH.size, 0))
    if length > min(_MAX_HEADER, size - _LENGTH.size):
        raise ResultError(f"header of {length} bytes")
    try:
        header = json.loads(os.pread(descriptor, length, _LENGTH.size))
    except ValueError as error:
        raise ResultError(str(error)) from error
    if not isinstance(header, dict):
        raise ResultError("no header")
    return header, _read_body(descriptor, _LENGTH.size + length, size)


def _read_body(descriptor: int, start: int, end: int) -> bytearray:
    body = bytearray(end - start)
    view = memoryview(body)
    while view:
        count = os.preadv(descriptor, [view], end - len(view))
        if not count:
            raise ResultError("the result became shorter")
        view = view[count:]
    return body


class ReaderKilledError(EnvironmentFaultError):
    """Whoever read the document was killed from outside, which says little about the document."""


def killed() -> ReaderKilledError:
    """Return the error of a reader that something outside of it killed."""
    return ReaderKilledError(
        "the reader of a document was killed: the machine is short of memory",
        remedy="give it more memory, or lower service.workers",
        code=ReasonCode.NO_RESOURCES,
    )


def time_limit(request: ReadRequest) -> DocumentError:
    """Return the refusal of a document that takes too long."""
    return DocumentError(
        ReasonCode.TIME_LIMIT,
        f"reading it takes longer than {request.time_limit:g} s",
        remedy="scan it again, print it to a new PDF, or raise pages.time_limit_seconds",
    )


def memory_limit(request: ReadRequest) -> DocumentError:
    """Return the refusal of a document that needs too much memory."""
    return DocumentError(
        ReasonCode.MEMORY_LIMIT,
        f"reading it takes more than {request.memory_limit // _MEGABYTE} MB of memory",
        remedy="scan at a lower resolution, or raise pages.memory_limit_mb",
    )


def crashed(detail: str) -> DocumentError:
    """Return the refusal of a document that brings the reader down."""
    return DocumentError(
        ReasonCode.DAMAGED,
        f"the reader crashed ({detail})",
        remedy="scan it again, or print it to a new PDF",
    )


def explain_end(
    request: ReadRequest, *, number: int, timed_out: bool, peak_kb: int
) -> DocumentError | ReaderKilledError:
    """Return why a child died: of the document, or because something outside killed it.

    Args:
        request: What it was to do.
        number: Signal that killed it, 0 when it ended by itself.
        timed_out: Whether it was killed at the time limit.
        peak_kb: Most memory that it or one of its programs held, KiB.
    """
    if timed_out or number == signal.SIGXCPU:
        return time_limit(request)
    if number == signal.SIGKILL and peak_kb * 1024 <= request.memory_limit * _MUCH:
        return killed()  # not by its own limits, which end it in other ways
    if number == signal.SIGKILL:
        return memory_limit(request)
    if peak_kb * 1024 > request.memory_limit * _MUCH:
        return memory_limit(request)
    return crashed(f"signal {number}" if number else "without an answer")
