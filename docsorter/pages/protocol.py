"""What the reader, the server and a child say to each other.

A request travels as one JSON packet with three descriptors: the socket for the answer, the document
and an anonymous file for the result. The result never passes through the server.
"""

import dataclasses
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

MAX_PACKET: Final = 65536
NOT_SHUT_IN: Final = 71  # exit status of a child that could not shut itself in; EX_OSERR
_LENGTH: Final = struct.Struct(">I")
_MAX_HEADER: Final = 1 << 20
_HEADER_ROOM: Final = _LENGTH.size + _MAX_HEADER
_PNG_BYTES_PER_PIXEL: Final = 4


@dataclass(frozen=True, slots=True)
class Request:
    """One document to be read.

    Attributes:
        kind: Pages for the classifier, a PNG of one page for a person, or how the sandbox stands.
        size: Side of the classifier's square, or longest side of the PNG, pixels.
        first: First page, counted from 0.
        count: Number of pages at most.
        max_pixels: Most pixels of one picture.
        time_limit: Wall clock, seconds.
        memory_limit: Address space, bytes.
        suffix: How the name ends, for the text of a refusal only; the bytes say what a file is.
    """

    kind: Literal["pages", "preview", "report"]
    size: int = 1
    first: int = 0
    count: int = 1
    max_pixels: int = 1
    time_limit: float = 1.0
    memory_limit: int = 0
    suffix: str = ""

    def encode(self) -> bytes:
        """Return the packet."""
        return json.dumps(dataclasses.asdict(self)).encode()

    @classmethod
    def decode(cls, packet: bytes) -> "Request":
        """Return the request of a packet that `encode` made."""
        return cls(**json.loads(packet))

    @property
    def max_body(self) -> int:
        """Most bytes that may follow the header of the result."""
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


def read_result(descriptor: int, request: Request) -> tuple[dict[str, Any], bytearray]:
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
