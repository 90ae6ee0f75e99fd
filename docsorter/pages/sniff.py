"""What a file is, by its first bytes; its name is never asked."""

import re
from typing import Final

from docsorter.documents import ReasonCode
from docsorter.errors import DocumentError

HEAD_BYTES: Final = 4096
_PDF_WITHIN: Final = 1024  # readers look for the header this far (ISO 32000-1, annex H, note 13)
_ACCEPTED: Final = "PDF, TIFF, JPEG, PNG, WebP, BMP or HEIC"
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"})
_STILL_BRANDS: Final = frozenset({b"mif1", b"msf1"})

_READ: Final = tuple(  # compiled here, not anew in every child
    (re.compile(pattern, re.DOTALL), media_type)
    for pattern, media_type in (
        (rb"%PDF-", "application/pdf"),
        (rb"II[*+]\0|MM\0[*+]", "image/tiff"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"RIFF....WEBP", "image/webp"),
        (rb"BM.{8}.{4}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", "image/bmp"),
    )
)
_REFUSED: Final[tuple[tuple[bytes, str], ...]] = (
    (rb"GIF8[79]a", "a GIF picture"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office file or Outlook message"),
    (rb"PK\x03\x04.*?word/", "a Microsoft Word document"),
    (rb"PK\x03\x04.*?xl/", "a Microsoft Excel workbook"),
    (rb"PK\x03\x04.*?ppt/", "a Microsoft PowerPoint presentation"),
    (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument", "an OpenDocument file"),
    (rb"PK\x03\x04.{26}mimetypeapplication/epub", "an e-book"),
    (rb"PK\x03\x04.*?\[Content_Types\]\.xml", "a Microsoft Office document"),
    (rb"PK(\x03\x04|\x05\x06)", "a ZIP archive"),
    (rb"\{\\rtf", "an RTF document"),
    (rb"%!PS", "a PostScript file"),
    (rb"\xc5\xd0\xd3\xc6", "a PostScript file"),
    (rb"\x1f\x8b", "a gzip archive"),
    (rb"BZh", "a bzip2 archive"),
    (rb"\xfd7zXZ\0", "an xz archive"),
    (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (rb"Rar!\x1a\x07", "a RAR archive"),
    (rb"\x7fELF|MZ", "a program"),
    (rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (rb"AT&TFORM", "a DjVu document"),
    (rb"SQLite format 3", "a database"),
    (rb"\s*<(!doctype\s+html|html)", "a web page"),
    (rb"\s*<svg|\s*<\?xml.*<svg", "an SVG drawing"),
    (rb"\s*<\?xml", "an XML file"),
    (rb"(Return-Path|Received|From|Delivered-To|MIME-Version|Message-ID):? ", "an e-mail"),
)


def sniff(head: bytes, suffix: str = "") -> str:
    """Return the media type of a file.

    Args:
        head: Its first bytes, 4096 at best.
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
    for pattern, media_type in _READ:
        if pattern.match(head):
            return media_type
    if head[4:8] == b"ftyp":
        return _heif(head)
    if not any(re.match(pattern, head, re.DOTALL | re.IGNORECASE) for pattern, _ in _REFUSED):
        return "application/pdf" if b"%PDF-" in head[:_PDF_WITHIN] else None
    return None


def _heif(head: bytes) -> str | None:
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, length - 3, 4))}
    if brands & _HEIF_BRANDS or (brands & _STILL_BRANDS and not brands & {b"avif", b"avis"}):
        return "image/heic"
    return None


def _described(head: bytes, suffix: str) -> str:
    for pattern, name in _REFUSED:
        if re.match(pattern, head, re.DOTALL | re.IGNORECASE):
            return name
    if head[4:8] == b"ftyp":
        return "an AVIF picture" if b"avi" in head[8:32] else "a video or sound file"
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
