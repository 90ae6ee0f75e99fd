"""Puts a generated document into a file of one kind, as scanners, faxes and phones do."""

import io
import time

import pikepdf
import pillow_heif
from PIL import Image

from docsorter.training.synth.document import SyntheticDocument

_A4_INCHES = 11.69
_WHEN = time.gmtime(1_789_400_000)
_PASSWORD = "example"  # noqa: S105 - the file is meant to be locked; nobody needs to open it


def _bytes(page: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    page.save(buffer, kind, **options)
    return buffer.getvalue()


def _dpi(page: Image.Image) -> float:
    """Return the resolution at which the page's longer side is that of A4."""
    return round(max(page.size) / _A4_INCHES, 1)


def _black_and_white(page: Image.Image) -> Image.Image:
    return page.convert("L").point([0 if shade < 150 else 255 for shade in range(256)]).convert("1")


def born_digital(document: SyntheticDocument) -> bytes:
    """Return a PDF made of text and lines."""
    return document.pdf()


def scanned_pdf(document: SyntheticDocument) -> bytes:
    """Return a PDF with one picture a page: G4 for black and white, JPEG for all others."""
    if document.capture.startswith("bilevel"):
        return _pdf([_black_and_white(page) for page in document.pages])
    return _pdf(list(document.pages), quality=55)


def _pdf(pages: list[Image.Image], **options: object) -> bytes:
    return _bytes(
        pages[0], "PDF", save_all=True, append_images=pages[1:], resolution=_dpi(pages[0]),
        creationDate=_WHEN, modDate=_WHEN, **options,
    )  # fmt: skip


def _tiff(pages: list[Image.Image], compression: str, **options: object) -> bytes:
    dpi = _dpi(pages[0])
    return _bytes(
        pages[0], "TIFF", save_all=True, append_images=pages[1:], compression=compression,
        dpi=(dpi, dpi), **options,
    )  # fmt: skip


def tiff_g4(document: SyntheticDocument) -> bytes:
    """Return a black and white TIFF with fax compression, one or more pages."""
    return _tiff([_black_and_white(page) for page in document.pages], "group4")


def tiff_lzw(document: SyntheticDocument) -> bytes:
    """Return a grey TIFF with LZW compression."""
    return _tiff([page.convert("L") for page in document.pages[:1]], "tiff_lzw")


def tiff_jpeg(document: SyntheticDocument) -> bytes:
    """Return a grey TIFF with JPEG inside."""
    return _tiff([page.convert("L") for page in document.pages[:1]], "jpeg", quality=55)


def jpeg(document: SyntheticDocument) -> bytes:
    """Return the first page as JPEG."""
    dpi = round(_dpi(document.pages[0]))
    return _bytes(document.pages[0], "JPEG", quality=55, dpi=(dpi, dpi))


def png(document: SyntheticDocument) -> bytes:
    """Return the first page as PNG."""
    return _bytes(document.pages[0].quantize(64), "PNG", optimize=True)


def webp(document: SyntheticDocument) -> bytes:
    """Return the first page as WebP."""
    return _bytes(document.pages[0], "WEBP", quality=55)


def one_bit_bmp(document: SyntheticDocument) -> bytes:
    """Return the first page as a black and white BMP."""
    return _bytes(_black_and_white(document.pages[0]), "BMP")


def heic(document: SyntheticDocument) -> bytes:
    """Return the first page as HEIC, as a phone stores it."""
    buffer = io.BytesIO()
    pillow_heif.from_pillow(document.pages[0]).save(buffer, quality=45)
    return buffer.getvalue()


def truncated(document: SyntheticDocument) -> bytes:
    """Return a scanned PDF of which the last part never arrived."""
    whole = scanned_pdf(document)
    return whole[: len(whole) * 3 // 5]


def encrypted(document: SyntheticDocument) -> bytes:
    """Return a PDF that asks for a password.

    The old RC4 cipher is used because it takes no random numbers, so the bytes are the same
    each time; nothing in the file is secret.
    """
    buffer = io.BytesIO()
    lock = pikepdf.Encryption(user=_PASSWORD, owner=_PASSWORD, R=3, aes=False, metadata=False)
    with pikepdf.open(io.BytesIO(document.pdf())) as pdf:
        pdf.save(buffer, encryption=lock, static_id=True)
    return buffer.getvalue()


def duplicate_of(name: str) -> str:
    """Return the name that a second copy of ``name`` gets from a browser."""
    stem, dot, ending = name.rpartition(".")
    return f"{stem} (1){dot}{ending}"
