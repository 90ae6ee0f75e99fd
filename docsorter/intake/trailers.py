"""Does a file end as its format says it must? Judged by the bytes, never by the name.

A missing end only lengthens the rest of a file: the parser has the last word. A few kilobytes are
read (about one more per page of a TIFF), and garbage of any kind is no error.
"""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from docsorter.disk import environment_reason
from docsorter.documents import Reason, ReasonCode
from docsorter.intake import containers
from docsorter.writers import has_writer

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


def check_end(path: Path, *, ask_for_writers: bool = False) -> EndCheck:
    """Look at the end of a file. Never raises OSError, never follows a link, never blocks.

    Args:
        path: The file.
        ask_for_writers: Let the kernel say whether anybody still has it open for writing; a file
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
        if ask_for_writers and has_writer(descriptor):
            return EndCheck(End.BUSY, reason=STILL_OPEN)
        size = status.st_size
        end = judge(size, lambda offset, length: os.pread(descriptor, length, offset))
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


def judge(size: int, read: Callable[[int, int], bytes]) -> End:
    """Say what the end of `size` bytes looks like.

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
            return _VERDICTS[is_complete(head, size, read)]
    return End.UNKNOWN


def _tail(size: int, read: containers.Read) -> bytes:
    return read(max(0, size - _TAIL), _TAIL)


def _pdf(_head: bytes, size: int, read: containers.Read) -> bool:
    # ISO 32000-1, annex H.3: readers look for %%EOF in the last 1024 bytes; some scanners pad.
    return b"%%EOF" in _tail(size, read)


def _jpeg(_head: bytes, size: int, read: containers.Read) -> bool:
    # In coded data 0xFF is always followed by 0x00 or a restart marker (ITU-T T.81, B.1.1.5), so
    # this can only be the end of image; phones append data of their own behind it.
    return b"\xff\xd9" in _tail(size, read)


def _png(_head: bytes, size: int, read: containers.Read) -> bool:
    return b"\0\0\0\0IEND\xaeB`\x82" in _tail(size, read)


def _webp(head: bytes, size: int, _read: containers.Read) -> bool:
    return int.from_bytes(head[4:8], "little") + 8 <= size


_VERDICTS = {True: End.COMPLETE, False: End.MISSING, None: End.UNKNOWN}
_FORMATS: tuple[
    tuple[Callable[[bytes], bool], Callable[[bytes, int, containers.Read], bool | None]], ...
] = (
    (lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda head: head[:2] in {b"II", b"MM"}, containers.tiff_complete),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", _webp),
    (lambda head: head[4:8] == b"ftyp", containers.boxes_complete),
    (lambda head: head[:2] == b"BM", containers.bitmap_complete),
    (lambda head: b"%PDF-" in head, _pdf),
)
