"""Where a PDF begins and ends within its file, and whether a part of it is missing.

What lies before its header and behind its end mark says nothing: copiers write thousands of NULs,
gateways add HTML, uploads keep their MIME lines. A file without its end mark is refused only when
something that it speaks of is not there: what can be read whole is not cut off.
"""

import re
from typing import BinaryIO, Final

import pikepdf

from docsorter.pages.images import size_of

_LATEST: Final = 1024  # readers look for the header this far (ISO 32000-1, annex H, note 13)
_TAIL: Final = 4096
_HEADER: Final = re.compile(rb"%PDF-|%!PS-Adobe-[\d.]{1,9} PDF-")  # annex H, note 14
_OBJECT: Final = re.compile(rb"(?<!\d)(\d{1,10})\s{1,9}(\d{1,5})\s{1,9}obj\b")
_OBJECT_BEGUN: Final = re.compile(rb"\s*\d{1,10}(\s+\d{0,5}(\s+o?b?)?)?")
_REFERENCE: Final = re.compile(rb"(?<!\d)(\d{1,10})\s{1,9}(\d{1,5})\s{1,9}R\b")
_NO_REFERENCES: Final = re.compile(
    rb"\bstream\r?\n.*?endstream|\((?:[^()\\]|\\.)*\)|%[^\r\n]*", re.DOTALL
)
_CROSS_REFERENCE: Final = re.compile(rb"\s*(xref|\d+ \d+ obj)")
_FEW: Final = 40
_START: Final = re.compile(rb"startxref\s+(\d{1,20})")
_LINEARIZED: Final = re.compile(rb"/Linearized.{0,200}?/L\s+(\d{1,20})", re.DOTALL)
_LENGTH_SLACK: Final = 1024  # bytes by which a linearized file may be shorter than it says


def begins(head: bytes, *, is_text: bool) -> bool:
    """Whether a PDF begins in the first bytes of a file, though not with the very first.

    Args:
        head: The first bytes of the file.
        is_text: Whether they are known as something else that is text and may precede a PDF, or
            be about one: then there must be an object of a PDF behind the header.
    """
    header = _HEADER.search(head)
    found = _OBJECT.search(head, header.end() if header else 0)
    if is_text:
        return bool(header and found)
    if header:
        return header.start() < _LATEST or bool(found)
    return bool(found and head[found.end() :].lstrip().startswith(b"<<"))


def end_missing(file: BinaryIO) -> bool:
    """Whether a file has no end mark, or an update has begun behind it.

    A linearized file has an end mark near its start as well, but tells its own length.
    """
    least = _least(_read(file, 0, _TAIL))
    size = size_of(file)
    for count in (_TAIL, size):
        data = _read(file, size - count, count)
        end = _end(file, data)
        if end is not None:
            return size - len(data) + end < least or _has_begun(data[end:])
    return True


def all_there(file: BinaryIO) -> bool:
    """Whether nothing but the end mark of a file is missing, by what qpdf recovers.

    Its last object is closed, what it lacks is no more than a few bytes, and all objects that any
    other refers to are there. An update is never whole without its end: nobody knows what else
    would have been in it.
    """
    data = _read(file, 0, size_of(file))
    end, least = _end(file, data), _least(data[:_TAIL])
    if end is not None and end >= least:
        return False
    if end is not None and not _has_begun(data[end:]) and _is_sound(file):
        return True  # its length was written for another state of it
    last = max((found.start() for found in _OBJECT.finditer(data)), default=len(data))
    near = len(data) >= least if least else data.rfind(b"startxref") > last
    if not near or data.rfind(b"endobj") < last:
        return False
    try:
        return _resolves(file, data)
    except Exception:  # noqa: BLE001 - hostile bytes reach any line; what is unclear is missing
        return False


def _is_sound(file: BinaryIO) -> bool:
    """Whether the cross-reference is whole: both parts of it in a linearized file."""
    file.seek(0)
    try:
        with pikepdf.open(file, attempt_recovery=False, inherit_page_attributes=False) as pdf:
            claimed = int(pdf.Root.Pages.Count)  # corrected when pages are asked for
            return len(pdf.pages) == claimed
    except Exception:  # noqa: BLE001 - as below
        return False


def _resolves(file: BinaryIO, data: bytes) -> bool:
    file.seek(0)
    with pikepdf.open(file, inherit_page_attributes=False) as pdf:
        claimed = int(pdf.Root.Pages.Count)  # corrected when pages are asked for
        if len(pdf.pages) != claimed:
            return False
        known, texts = set(), [_NO_REFERENCES.sub(b" ", data)]
        for one in pdf.objects:
            known.add(one.objgen)
            if isinstance(one, pikepdf.Stream) and one.get("/Type") == "/ObjStm":
                texts.append(_NO_REFERENCES.sub(b" ", one.read_bytes()))
    wanted = {found.groups() for text in texts for found in _REFERENCE.finditer(text)}
    return {(int(number), int(generation)) for number, generation in wanted} <= known


def _read(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(max(0, start))
    return file.read(count)


def _at(file: BinaryIO, start: int) -> bytes:
    return _read(file, start, _FEW) if start < size_of(file) else b""


def _least(head: bytes) -> int:
    """Return how long a file is at least, by its own word."""
    linearized = _LINEARIZED.search(head)
    return int(linearized[1]) - _LENGTH_SLACK if linearized else 0


def _end(file: BinaryIO, data: bytes) -> int | None:
    """Return where the last end mark in the last bytes of a file ends.

    Some producers leave the mark out: a cross-reference that is where it should be will do.
    """
    mark = data.rfind(b"%%EOF")
    ends = [mark + len(b"%%EOF")] if mark >= 0 else []
    starts = _START.search(data, max(0, data.rfind(b"startxref")))
    if starts and starts.start() > mark:
        shift = max(0, _read(file, 0, _LATEST).find(b"%PDF-"))  # readers count from the header
        if any(_CROSS_REFERENCE.match(_at(file, int(starts[1]) + by)) for by in (0, shift)):
            ends.append(starts.end())
    return max(ends, default=None)


def _has_begun(behind: bytes) -> bool:
    """Whether objects follow, be it only the first few characters of one."""
    return bool(_OBJECT.search(behind) or _OBJECT_BEGUN.fullmatch(behind.rstrip(b"\0\t\n\f\r ")))
