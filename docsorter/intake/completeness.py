"""Whether a file ends as its format says it must, by its bytes and never by its name.

A missing end only lengthens the rest of a file: the parser has the last word. A few kilobytes are
read (about one more per page of a TIFF), and garbage of any kind is no error.
"""

import os
import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from docsorter.documents import Reason, ReasonCode
from docsorter.filesystem import environment_reason, has_writer

Read = Callable[[int, int], bytes]
_Order = Literal["little", "big"]

_CLASSIC, _BIG = 42, 43  # the version number of a TIFF and of a BigTIFF
_BOX_HEADER = 8
_BMP_KNOWN = 18  # bytes up to and including the size of the second header
_BMP_LEAST = 26  # both headers of the oldest kind
_MAX_DIRECTORIES = 64  # pages of one TIFF that are followed
_MAX_ENTRIES = 256  # fields of one directory; real ones have 15 to 30
_MAX_BOXES = 64
_STRIPS = {273: 279, 324: 325}  # StripOffsets -> StripByteCounts, TileOffsets -> TileByteCounts
_FIELD_SIZES = {3: 2, 4: 4, 13: 4, 16: 8, 18: 8}  # SHORT, LONG, IFD, LONG8, IFD8
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_HEAD = 1024
_TAIL = 4096
STILL_OPEN = Reason(ReasonCode.BUSY, "another program still has it open for writing")
_GONE_ERRORS = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class End(StrEnum):
    """What the end of a file says."""

    COMPLETE = "complete"
    MISSING = "missing"
    UNKNOWN = "unknown"  # a format without a recognizable end
    BUSY = "busy"  # cannot be opened just now
    GONE = "gone"  # no longer there, or no longer a regular file


@dataclass(frozen=True, slots=True)
class EndCheck:
    """The end of a file and how the file was while it was open.

    Opening makes a network file system ask its server, where `lstat` may answer from a cache that
    is seconds old (nfs(5), "acregmin"), so these numbers outrank an observation.

    Attributes:
        end: What the end says.
        size: Bytes; -1 when it could not be opened.
        mtime_ns: Modification time; -1 when it could not be opened.
        reason: Why it is busy.
    """

    end: End
    size: int = -1
    mtime_ns: int = -1
    reason: Reason | None = None


def check_end(path: Path, *, detect_writers: bool = False) -> EndCheck:
    """Check the end of a file. Never raises OSError, never follows a link, never blocks.

    Args:
        path: The file.
        detect_writers: Let the kernel say whether anybody still has it open for writing; a file
            that is held so is busy, however long it has rested. For local file systems only.
    """
    try:
        # O_NONBLOCK: a pipe that took the place of the file must not stop us, nor a lease.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags)
    except OSError as error:
        return _cannot_open(path, error)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return EndCheck(End.GONE)
        if detect_writers and has_writer(descriptor):
            return EndCheck(End.BUSY, reason=STILL_OPEN)
        size = status.st_size
        end = end_of(size, lambda offset, length: os.pread(descriptor, length, offset))
    except OSError as error:
        return EndCheck(End.BUSY, reason=environment_reason(error))
    finally:
        os.close(descriptor)
    return EndCheck(end, size, status.st_mtime_ns)


def _cannot_open(path: Path, error: OSError) -> EndCheck:
    if isinstance(error, _GONE_ERRORS):
        return EndCheck(End.GONE)
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):  # a link, socket or device by now
            return EndCheck(End.GONE)
    except OSError:
        return EndCheck(End.GONE)
    # A scanner that holds its file answers EBUSY or EACCES: not ready, no failure
    # (paperless-ngx#432).
    return EndCheck(End.BUSY, reason=environment_reason(error))


def end_of(size: int, read: Callable[[int, int], bytes]) -> End:
    """Say whether `size` bytes have the end of their format.

    Args:
        size: Bytes of the file.
        read: `read(offset, length)` returns what there is, perhaps less.
    """
    head = read(0, _HEAD)
    if not head.strip(b"\0"):
        # Reserved in full and not written yet, as Windows does when copying to a share.
        return End.MISSING
    for has_magic, is_complete in _FORMATS:
        if has_magic(head):
            return _ENDS[is_complete(head, size, read)]
    return End.UNKNOWN


def _tail(size: int, read: Read) -> bytes:
    return read(max(0, size - _TAIL), _TAIL)


def _pdf(_head: bytes, size: int, read: Read) -> bool:
    # ISO 32000-1, annex H.3: readers look for %%EOF in the last 1024 bytes; some scanners pad.
    return b"%%EOF" in _tail(size, read)


def _jpeg(_head: bytes, size: int, read: Read) -> bool:
    # In coded data 0xFF is always followed by 0x00 or a restart marker (ITU-T T.81, B.1.1.5), so
    # this can only be the end of image; phones append data of their own behind it.
    return b"\xff\xd9" in _tail(size, read)


def _png(_head: bytes, size: int, read: Read) -> bool:
    return b"\0\0\0\0IEND\xaeB`\x82" in _tail(size, read)


def _webp(head: bytes, size: int, _read: Read) -> bool:
    return int.from_bytes(head[4:8], "little") + 8 <= size


class _OutsideError(Exception):
    """An offset points behind the end of the file."""


@dataclass(frozen=True, slots=True)
class _Tiff:
    """Reads numbers of one TIFF, classic (TIFF 6.0) or BigTIFF."""

    order: "_Order"
    big: bool
    size: int
    read: Read

    def number(self, offset: int, width: int) -> int:
        return int.from_bytes(self.bytes_at(offset, width), self.order)

    def bytes_at(self, offset: int, length: int) -> bytes:
        if offset + length > self.size:
            raise _OutsideError
        data = self.read(offset, length)
        if len(data) < length:
            raise _OutsideError
        return data


def _tiff(head: bytes, size: int, read: Read) -> bool | None:
    """Say whether all directories and the last strip of each lie inside the file.

    A writer that is not done has no first directory yet, or one that points behind the end.
    None when it is no TIFF.
    """
    order: _Order = "little" if head[:2] == b"II" else "big"
    version = int.from_bytes(head[2:4], order)
    if version not in {_CLASSIC, _BIG}:
        return None
    tiff = _Tiff(order, version == _BIG, size, read)
    width = 8 if tiff.big else 4
    try:
        directory = tiff.number(width, width)
        if directory == 0:
            return False
        seen: set[int] = set()
        while directory and directory not in seen and len(seen) < _MAX_DIRECTORIES:
            seen.add(directory)
            directory = _check_directory(tiff, directory)
    except _OutsideError:
        return False
    return True


def _check_directory(tiff: _Tiff, offset: int) -> int:
    """Check one image file directory; return the offset of the next one."""
    count_width, entry_width, offset_width = (8, 20, 8) if tiff.big else (2, 12, 4)
    count = tiff.number(offset, count_width)
    if count == 0:  # reserved and not written yet
        raise _OutsideError
    table_at = offset + count_width
    next_at = table_at + count * entry_width
    following = tiff.number(next_at, offset_width)
    table = tiff.bytes_at(table_at, min(count, _MAX_ENTRIES) * entry_width)
    fields = {
        int.from_bytes(table[at : at + 2], tiff.order): table_at + at
        for at in range(0, len(table), entry_width)
    }
    for offsets_tag, counts_tag in _STRIPS.items():
        if offsets_tag in fields and counts_tag in fields:
            end = _last(tiff, fields[offsets_tag]) + _last(tiff, fields[counts_tag])
            if end > tiff.size:
                raise _OutsideError
    return following


def _last(tiff: _Tiff, entry_at: int) -> int:
    """Return the last value of a field."""
    kind = tiff.number(entry_at + 2, 2)
    wide = 8 if tiff.big else 4
    count = tiff.number(entry_at + 4, wide)
    value_at = entry_at + 4 + wide
    width = _FIELD_SIZES.get(kind, 0)
    if count == 0 or width == 0:
        return 0  # damaged, not cut off: which the parser finds
    if count * width > wide:
        value_at = tiff.number(value_at, wide)
    return tiff.number(value_at + (count - 1) * width, width)


def _boxes(_head: bytes, size: int, read: Read) -> bool:
    """Say whether the top-level boxes of an ISO base media file (ISO/IEC 14496-12) fill it.

    Picture data (`mdat`) and a description (`meta` or `moov`) must be among them, or the stream of
    a JPEG 2000 (`jp2c`, ISO/IEC 15444-1, annex I).
    """
    at = 0
    kinds: set[bytes] = set()
    for _ in range(_MAX_BOXES):
        if at >= size:
            break
        header = read(at, 16)
        if len(header) < _BOX_HEADER:
            return False
        length, kind = struct.unpack(">I4s", header[:_BOX_HEADER])
        kinds.add(kind)
        if length == 0:  # reaches to the end of the file, wherever that is
            break
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length < _BOX_HEADER or at + length > size:
            return False
        at += length
    return b"jp2c" in kinds or (b"mdat" in kinds and bool(kinds & {b"meta", b"moov"}))


def _jpeg2000(head: bytes, size: int, read: Read) -> bool:
    # A bare stream and one in boxes end with the same two bytes as a JPEG.
    return _jpeg(head, size, read) and (head[:1] == b"\xff" or _boxes(head, size, read))


def _gif(_head: bytes, size: int, read: Read) -> bool:
    return _tail(size, read).rstrip(b"\0").endswith(b";")  # the trailer, GIF89a, 27


def _bitmap(head: bytes, size: int, _read: Read) -> bool | None:
    """Compare the file size a BMP states with the real one; None when it is no BMP."""
    if len(head) < _BMP_KNOWN or int.from_bytes(head[14:18], "little") not in _BMP_HEADERS:
        return None
    stated = int.from_bytes(head[2:6], "little")
    if stated < _BMP_LEAST:  # some writers leave it empty
        return None
    return stated <= size


_ENDS = {True: End.COMPLETE, False: End.MISSING, None: End.UNKNOWN}
_FORMATS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes, int, Read], bool | None]], ...] = (
    (lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda head: head[:2] in {b"II", b"MM"}, _tiff),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", _webp),
    (lambda head: head[4:8] == b"ftyp", _boxes),
    (lambda head: head[4:8] == b"jP  " or head.startswith(b"\xff\x4f\xff\x51"), _jpeg2000),
    (lambda head: head[:4] == b"GIF8", _gif),
    (lambda head: head[:2] == b"BM", _bitmap),
    (lambda head: b"%PDF-" in head, _pdf),
)
