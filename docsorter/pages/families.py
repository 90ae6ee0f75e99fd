"""Which family of files a document belongs to, by its bytes, and which module reads it."""

import re
import struct
from collections.abc import Callable
from typing import BinaryIO, Final, Protocol

from PIL import Image

from docsorter.documents import ReasonCode
from docsorter.errors import DocumentError
from docsorter.pages import pdf, pdf_ends, raster, tiff
from docsorter.pages.images import PageRequest, PageStream, size_of

HEAD_BYTES: Final = 1 << 16  # a PDF may begin late
_NAMED_BY: Final = 4096
_ACCEPTED: Final = "PDF, TIFF, JPEG, PNG, WebP, BMP, GIF, HEIC, AVIF or JPEG 2000"
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_STILL_BRANDS: Final = frozenset({b"mif1", b"msf1"})

_SIGNATURES: Final = tuple(  # compiled here, not anew in every child
    (re.compile(pattern, re.DOTALL), media_type)
    for pattern, media_type in (
        (rb"%PDF-", "application/pdf"),
        (rb"II[*+]\0|MM\0[*+]", "image/tiff"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"RIFF....WEBP", "image/webp"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "image/jp2"),
        (rb"BM.{8}.{4}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", "image/bmp"),
    )
)
_NOT_SCANS: Final[tuple[tuple[bytes, str], ...]] = (
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office file or Outlook message"),
    (rb"PK\x03\x04.*?word/", "a Microsoft Word document"),
    (rb"PK\x03\x04.*?xl/", "a Microsoft Excel workbook"),
    (rb"PK\x03\x04.*?ppt/", "a Microsoft PowerPoint presentation"),
    (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument", "an OpenDocument file"),
    (rb"PK\x03\x04.{26}mimetypeapplication/epub", "an e-book"),
    (rb"PK\x03\x04.*?\[Content_Types\]\.xml", "a Microsoft Office document"),
    (rb"PK(\x03\x04|\x05\x06)", "a ZIP archive"),
    (rb"\{\\rtf", "an RTF document"),
    (rb"\xc5\xd0\xd3\xc6", "a PostScript file"),
    (rb"\x1f\x8b", "a gzip archive"),
    (rb"BZh", "a bzip2 archive"),
    (rb"\xfd7zXZ\0", "an xz archive"),
    (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (rb"Rar!\x1a\x07", "a RAR archive"),
    (rb"\x7fELF|MZ", "a program"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (rb"AT&TFORM", "a DjVu document"),
    (rb"SQLite format 3", "a database"),
)
# Text that may stand before a PDF, or be about one.
_TEXTS: Final[tuple[tuple[bytes, str], ...]] = (
    (rb"%!PS", "a PostScript file"),
    (rb"\s*<(!doctype\s+html|html)", "a web page"),
    (rb"\s*<svg|\s*<\?xml.*<svg", "an SVG drawing"),
    (rb"\s*<\?xml", "an XML file"),
    (rb"(Return-Path|Received|From|Delivered-To|MIME-Version|Message-ID):? ", "an e-mail"),
)
_TAIL: Final = 4096


class Family(Protocol):
    """Reads one family of files."""

    def __call__(
        self, file: BinaryIO, wanted: PageRequest, *, media_type: str, tail_missing: bool
    ) -> PageStream:
        """Read a document."""


FAMILIES: Final[dict[str, Family]] = {
    "application/pdf": pdf.read,
    "image/tiff": tiff.read,
    "image/jpeg": raster.read,
    "image/png": raster.read,
    "image/webp": raster.read,
    "image/bmp": raster.read,
    "image/gif": raster.read,
    "image/avif": raster.read,
    "image/jp2": raster.read,
    "image/heic": raster.read_heif,
}


def open_document(file: BinaryIO, wanted: PageRequest, suffix: str = "") -> tuple[str, PageStream]:
    """Return the media type of a document, by its bytes, and its pages.

    Raises:
        DocumentError: Why it cannot be read.
        DependencyError: A program that it takes is not installed.
        MemoryError: The memory limit is met.
        TimeoutError: The time limit is met.
        OSError: The disk or the share below it failed.
    """
    file.seek(0)
    media_type = sniff(file.read(HEAD_BYTES), suffix)
    missing = tail_missing(file, media_type)
    file.seek(0)
    read = FAMILIES[media_type]
    return media_type, read(file, wanted, media_type=media_type, tail_missing=missing)


def preload(freeze: Callable[[], None]) -> None:
    """Load what every child needs, before the first of them is forked."""
    Image.preinit()
    freeze()


def sniff(head: bytes, suffix: str = "") -> str:
    """Return the media type of a file.

    Args:
        head: Its first bytes, 64 KiB at best.
        suffix: How its name ends, for the text of a refusal.

    Raises:
        DocumentError: `empty` or `unsupported`, saying what the file is.
    """
    if not head:
        raise DocumentError(
            ReasonCode.EMPTY, "the file has no bytes in it", remedy="scan or send it again"
        )
    media_type = _read_as(head)
    if media_type is None:
        raise DocumentError(
            ReasonCode.UNSUPPORTED,
            f"{_described(head, suffix)} is not a scan",
            remedy=f"send it as {_ACCEPTED}",
        )
    return media_type


def _read_as(head: bytes) -> str | None:
    for pattern, media_type in _SIGNATURES:
        if pattern.match(head):
            return media_type
    if head[4:8] == b"ftyp":
        return _boxed_type(head)
    if _named(head, _NOT_SCANS) is None and pdf_ends.begins(
        head, is_text=_named(head, _TEXTS) is not None
    ):
        return "application/pdf"
    return None


def _named(head: bytes, kinds: tuple[tuple[bytes, str], ...]) -> str | None:
    first = head[:_NAMED_BY]
    return next(
        (name for start, name in kinds if re.match(start, first, re.DOTALL | re.IGNORECASE)), None
    )


def _boxed_type(head: bytes) -> str | None:
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, length - 3, 4))}
    if brands & _AVIF_BRANDS and not brands & _HEIF_BRANDS:
        return "image/avif"
    return "image/heic" if brands & (_HEIF_BRANDS | _STILL_BRANDS) else None


def _described(head: bytes, suffix: str) -> str:
    name = _named(head, _NOT_SCANS + _TEXTS)
    if name is not None:
        return name
    if head[4:8] == b"ftyp":
        return "a video or sound file"
    if _is_text(head):
        return "a text file"
    return f"an unknown kind of file (its name ends in {suffix})" if suffix else "an unknown file"


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    text = head.decode("utf-8", "ignore")
    odd = sum(not (character.isprintable() or character.isspace()) for character in text)
    # Dropped bytes are what is no UTF-8; up to four of them may be a letter cut in two.
    return odd == 0 and len(head) - len(text.encode()) < 4  # noqa: PLR2004


def tail_missing(file: BinaryIO, media_type: str) -> bool:
    """Whether the file stops before the end that its format prescribes.

    False where the format does not tell; for a TIFF its directories say it.
    """
    check = _CUT_OFF.get(media_type)
    position = file.tell()
    missing = check is not None and check(file)
    file.seek(position)
    return missing


def _read(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(max(0, start))
    return file.read(count)


def _tail(file: BinaryIO) -> bytes:
    return _read(file, size_of(file) - _TAIL, _TAIL)


def _jpeg_cut_off(file: BinaryIO) -> bool:
    return b"\xff\xd9" not in _tail(file)


def _png_cut_off(file: BinaryIO) -> bool:
    return b"IEND" not in _tail(file)


def _webp_cut_off(file: BinaryIO) -> bool:
    # The file may have become shorter since its first bytes were read.
    head = _read(file, 0, 8)
    return len(head) < 8 or size_of(file) < int.from_bytes(head[4:8], "little") + 8  # noqa: PLR2004


def _bmp_cut_off(file: BinaryIO) -> bool:
    head = _read(file, 0, 6)
    return len(head) < 6 or size_of(file) < int.from_bytes(head[2:6], "little")  # noqa: PLR2004


def _heif_cut_off(file: BinaryIO) -> bool:
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


def _jp2_cut_off(file: BinaryIO) -> bool:
    """A bare stream ends like a JPEG, a file of boxes with its last box."""
    bare = _read(file, 0, 1) == b"\xff"
    return _jpeg_cut_off(file) if bare else _heif_cut_off(file)


_CUT_OFF: Final[dict[str, Callable[[BinaryIO], bool]]] = {
    "application/pdf": pdf_ends.end_missing,
    "image/jpeg": _jpeg_cut_off,
    "image/png": _png_cut_off,
    "image/webp": _webp_cut_off,
    "image/bmp": _bmp_cut_off,
    "image/heic": _heif_cut_off,
    "image/avif": _heif_cut_off,
    "image/jp2": _jp2_cut_off,
}
