"""What a file says of itself: its format, its pages, the pixels and the colours of the first one.

Only files that the sandboxed reader has read are asked, and only for their headers.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import pikepdf
import pillow_heif
from PIL import Image, UnidentifiedImageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

pillow_heif.register_heif_opener()

Ink = Literal["bilevel", "grey", "colour"]
INKS: Final[tuple[Ink, ...]] = ("bilevel", "grey", "colour")

_HEAD: Final = 1024
_COLOURED: Final = 40  # grey levels between the channels of a pixel that anyone calls coloured
_SHARE: Final = 0.002  # of such pixels on a page with colour on it: a stamp has more
_POINTS_PER_INCH: Final = 72
_WHOLE_PAGE: Final = 0.1  # an embedded picture of the page's own shape, to a tenth, is its scan
_MEANT: Final = range(100, 2401)  # 72 and 96 dpi are what programs write that know nothing
_ODD: Final = (
    pikepdf.PdfError,
    pikepdf.PasswordError,
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    SyntaxError,
)


@dataclass(frozen=True, slots=True)
class FileMetadata:
    """What a file says of itself.

    Attributes:
        format: "PDF", "TIFF", "JPEG", ..., "?" when it cannot be told.
        pages: How many, at least 1.
        width: Pixels of the first page as scanned; None for a page that is drawn, not scanned.
        height: The same.
        dpi: Resolution of the scan; None when the file does not say, or says what means nothing.
        ink: "bilevel" (black or white, as a fax), "grey" or "colour".
    """

    format: str
    pages: int
    width: int | None
    height: int | None
    dpi: int | None
    ink: Ink


@dataclass(frozen=True, slots=True)
class _Header:
    format: str = "?"
    pages: int = 1
    width: int | None = None
    height: int | None = None
    dpi: int | None = None
    bilevel: bool = False


def read_metadata(path: Path, page: "NDArray[np.uint8]") -> FileMetadata:
    """Return what a file says of itself; what it does not say stays unknown.

    Args:
        path: The file.
        page: Its first page, (height, width, 3) uint8.
    """
    header = _header(path)
    ink: Ink = "bilevel" if header.bilevel else _ink(page)
    return FileMetadata(header.format, header.pages, header.width, header.height, header.dpi, ink)


def _header(path: Path) -> _Header:
    try:
        with path.open("rb") as file:
            is_pdf = b"%PDF-" in file.read(_HEAD)
        with _quiet():
            return _pdf(path) if is_pdf else _picture(path)
    except _ODD:
        return _Header()


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of large pictures; the reader has limits
        yield


def _picture(path: Path) -> _Header:
    with Image.open(path) as image:
        dpi = _meant(float(image.info["dpi"][0])) if "dpi" in image.info else None
        pages = int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1
        name = {"MPO": "JPEG", "HEIF": "HEIC"}.get(image.format or "", image.format or "?")
        return _Header(name, pages, *image.size, dpi, image.mode == "1")


def _pdf(path: Path) -> _Header:
    with pikepdf.open(path) as pdf:
        page = pdf.pages[0]
        box = [float(str(side)) for side in page.cropbox]
        paper = abs(box[2] - box[0]), abs(box[3] - box[1])
        streams = [each for each in page.images.values() if isinstance(each, pikepdf.Stream)]
        scans = [
            image
            for image in map(pikepdf.PdfImage, streams)
            if _covers(image.width / image.height, paper[0] / paper[1])
        ]
        if not scans:
            return _Header("PDF", len(pdf.pages))
        scan = max(scans, key=lambda image: image.width * image.height)
        dpi = _meant(max(scan.width, scan.height) / max(paper) * _POINTS_PER_INCH)
        bilevel = scan.bits_per_component == 1
        return _Header("PDF", len(pdf.pages), scan.width, scan.height, dpi, bilevel)


def _covers(one: float, other: float) -> bool:
    return abs(one / other - 1) <= _WHOLE_PAGE


def _meant(dpi: float) -> int | None:
    return round(dpi) if round(dpi) in _MEANT else None


def _ink(page: "NDArray[np.uint8]") -> Ink:
    spread = page.max(axis=2).astype("int16") - page.min(axis=2)
    return "colour" if float((spread > _COLOURED).mean()) > _SHARE else "grey"
