"""Whether the end of a file is there: what tells a file cut off from a damaged one."""

import re
import struct
from collections.abc import Callable
from typing import BinaryIO, Final

from docsorter.pages.pictures import size_of

_TAIL: Final = 4096
_STARTXREF: Final = re.compile(rb"startxref\s+(\d+)\s")
_LINEARIZED: Final = re.compile(rb"/Linearized.{0,200}?/L\s+(\d+)", re.DOTALL)


def tail_missing(file: BinaryIO, media_type: str) -> bool:
    """Whether the file stops before the end that its format prescribes.

    False where the format does not tell; a TIFF is judged by its directories instead.
    """
    check = _CHECKS.get(media_type)
    position = file.tell()
    missing = check is not None and check(file)
    file.seek(position)
    return missing


def _read(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(max(0, start))
    return file.read(count)


def _tail(file: BinaryIO) -> bytes:
    return _read(file, size_of(file) - _TAIL, _TAIL)


def _pdf(file: BinaryIO) -> bool:
    # A linearized file has an %%EOF near its start as well, but tells its own length.
    linearized = _LINEARIZED.search(_read(file, 0, 1024))
    if linearized:
        return size_of(file) < int(linearized[1][:20])
    tail = _tail(file)
    if b"%%EOF" in tail:
        return False
    # Some producers leave the marker out: a cross-reference that is where it should be will do.
    starts = _STARTXREF.findall(tail)
    if not starts:
        return True
    start = int(starts[-1][:20])
    return start >= size_of(file) or not re.match(rb"\s*(xref|\d+ \d+ obj)", _read(file, start, 40))


def _jpeg(file: BinaryIO) -> bool:
    return b"\xff\xd9" not in _tail(file)


def _png(file: BinaryIO) -> bool:
    return b"IEND" not in _tail(file)


def _webp(file: BinaryIO) -> bool:
    # The file may have become shorter since its first bytes were looked at.
    head = _read(file, 0, 8)
    return len(head) < 8 or size_of(file) < int.from_bytes(head[4:8], "little") + 8  # noqa: PLR2004


def _bmp(file: BinaryIO) -> bool:
    head = _read(file, 0, 6)
    return len(head) < 6 or size_of(file) < int.from_bytes(head[2:6], "little")  # noqa: PLR2004


def _heif(file: BinaryIO) -> bool:
    end, at = size_of(file), 0
    while at < end:
        head = _read(file, at, 16)
        if len(head) < 8:  # noqa: PLR2004 - a box starts with its length and its type
            return True
        (length,) = struct.unpack_from(">I", head)
        if length == 1 and len(head) == 16:  # noqa: PLR2004 - the length is the next eight bytes
            (length,) = struct.unpack_from(">Q", head, 8)
        if length == 0:
            return False
        at += max(length, 8)
    return at > end


_CHECKS: Final[dict[str, Callable[[BinaryIO], bool]]] = {
    "application/pdf": _pdf,
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/bmp": _bmp,
    "image/heic": _heif,
}
