"""PDF: a page that is one image is taken out of the file, all others are rendered by poppler.

Rendering such a page unpacks every pixel, works out its colour and averages it again, in a program
that has to be started first; here the decoder reduces while it decodes. Tests compare the two.

Pixels are bounded before anything is rendered: pages are scaled to a number of pixels, never to a
resolution, since a file of a few hundred bytes can claim a page of 200,000 by 200,000 points.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

import pikepdf
from PIL import Image

from docsorter.errors import DocumentError
from docsorter.pages import images, poppler
from docsorter.pages.images import PageRequest, PageStream, damaged, too_large, truncated
from docsorter.pages.pdf_ends import all_there
from docsorter.pages.pdf_image import decode_image
from docsorter.pages.pdf_structure import (
    Box,
    Matrix,
    PdfDocument,
    PdfPage,
    only_image,
    open_pdf,
    open_repaired,
)

_TRANSPOSE = Image.Transpose
# What turns rows from the top into the page, by the signs of the matrix: across, up.
_UPRIGHT: Final = {
    (True, True): None,
    (False, True): _TRANSPOSE.FLIP_LEFT_RIGHT,
    (True, False): _TRANSPOSE.FLIP_TOP_BOTTOM,
    (False, False): _TRANSPOSE.ROTATE_180,
}
# The same where rows run up or down the page, by the signs of c and b.
_LYING: Final = {
    (False, True): _TRANSPOSE.ROTATE_90,
    (True, False): _TRANSPOSE.ROTATE_270,
    (True, True): _TRANSPOSE.TRANSVERSE,
    (False, False): _TRANSPOSE.TRANSPOSE,
}
_TURNED: Final = {
    90: _TRANSPOSE.ROTATE_270,
    180: _TRANSPOSE.ROTATE_180,
    270: _TRANSPOSE.ROTATE_90,
}
_LEAST_SHARE: Final = 0.5  # of the page that the picture covers, and of the picture that is seen
_SLACK: Final = 1.0  # pixels at an edge that are left as they are
_OBLONG: Final = 0.003  # shares by which the pixels may be wider than high, or the reverse
_WHITE: Final[dict[str, int | tuple[int, int, int]]] = {"L": 255, "RGB": (255, 255, 255)}
_AT_ONCE: Final = 16  # pages held in memory at the same time
_SIZE: Final = re.compile(r"([\d.]+) x ([\d.]+) pts")
_QUARTER_TURNS: Final = (90, 270)
_TOLERANCE: Final = 2  # pixels, for rounding

_Sides = dict[int, tuple[float, float]]


def read(file: BinaryIO, wanted: PageRequest, *, media_type: str, tail_missing: bool) -> PageStream:
    """Read a PDF; the document must be standard input.

    Raises:
        DocumentError: Why it cannot be read.
        DependencyError: poppler is not installed.
    """
    del media_type
    if tail_missing and not all_there(file):
        raise truncated(poppler.WHAT)
    if not (shutil.which("pdfinfo") and shutil.which("pdftoppm")):
        raise poppler.missing()
    document, copy = open_pdf(poppler.PATH), b""
    if document is None:
        document, copy = open_repaired(poppler.PATH)
    found = None if document is None else _by_outline(document, wanted, copy)
    return found or _by_poppler(wanted)


def _by_outline(document: PdfDocument, wanted: PageRequest, copy: bytes) -> PageStream | None:
    """Read a sound file, or a sound copy of one; None when something about a wanted page is odd."""
    numbers = wanted.numbers(document.total)
    pages: dict[int, PdfPage] = {}
    for number in numbers:
        page = document.page(number)
        if page is None:
            return None
        pages[number] = page
    sides: _Sides = {number: page.seen for number, page in pages.items()}

    def scan_of(number: int) -> Image.Image | None:
        scan = extract_scan(document.file, pages[number], wanted)
        return None if scan is None or poppler.is_uniform(scan) else scan

    drawn = _pages(sides, wanted, scan_of, copy)
    return PageStream(document.total, drawn, document.producer)


def _by_poppler(wanted: PageRequest) -> PageStream:
    """Read whatever poppler can read, or raise its reason why it cannot."""
    info = poppler.document_info(wanted)
    total = int(str(info["Pages"]))
    if total < 1:
        raise poppler.no_pages()
    producer = images.joined((info.get("Producer"), info.get("Creator")))
    sides = {number: _sides(info, number) for number in wanted.numbers(total)}
    return PageStream(total, _pages(sides, wanted), producer)


def _pages(
    sides: _Sides,
    wanted: PageRequest,
    scan_of: Callable[[int], Image.Image | None] = lambda _number: None,
    copy: bytes = b"",
) -> Iterator[Image.Image | DocumentError]:
    """Give the pages in order; what lies between two scans is rendered in one run of poppler."""
    waiting: list[int] = []
    for number in sides:
        page = _undrawable(number, sides[number], wanted) or scan_of(number)
        if page is None:
            waiting.append(number)
            continue
        yield from _rendered(waiting, sides, wanted, copy)
        waiting.clear()
        yield page
    yield from _rendered(waiting, sides, wanted, copy)


def _rendered(
    numbers: list[int], sides: _Sides, wanted: PageRequest, copy: bytes
) -> Iterator[Image.Image | DocumentError]:
    """Render pages that follow each other without a gap, a failing one among others by itself."""
    for start in range(0, len(numbers), _AT_ONCE):
        run = numbers[start : start + _AT_ONCE]
        rendered = poppler.render(range(run[0], run[-1] + 1), wanted, copy)
        drawn = rendered.pages
        if len(drawn) == len(run) and all(
            _as_expected(page, sides[number], wanted)
            for page, number in zip(drawn, run, strict=True)
        ):
            for page, number in zip(drawn, run, strict=True):
                suspected = rendered.said.strip() and poppler.is_uniform(page)
                yield (poppler.blank_failure(number, wanted, copy) if suspected else None) or page
        elif len(run) == 1:
            yield poppler.render_failure(run[0], wanted, copy)
        else:
            for number in run:
                yield from _rendered([number], sides, wanted, copy)


def _sides(info: dict[str, object], number: int) -> tuple[float, float]:
    """Return the sides of a page as it is seen, in points, by what `pdfinfo` says; 0 for none."""
    fields = {" ".join(key.split()): str(value) for key, value in info.items()}
    match = _SIZE.match(fields.get(f"Page {number + 1} size", ""))
    if match is None:
        return 0.0, 0.0
    width, height = float(match[1]), float(match[2])
    rotated = float(fields.get(f"Page {number + 1} rot", "0") or 0) % 360
    return (height, width) if rotated in _QUARTER_TURNS else (width, height)


def _undrawable(
    number: int, sides: tuple[float, float], wanted: PageRequest
) -> DocumentError | None:
    """Return the refusal of a page without an area, or larger than any paper."""
    width, height = sides
    if min(width, height) <= 0:
        return damaged(poppler.WHAT, f"page {number + 1} is {width:g} x {height:g} points")
    if width * height > wanted.max_pixels:
        # Drawn at a mere 72 dpi it would be over the limit already: no paper is 5 m by 5 m.
        return too_large(round(width * height), wanted)
    return None


def _as_expected(image: Image.Image, sides: tuple[float, float], wanted: PageRequest) -> bool:
    """Whether a picture has the shape of its page: poppler may draw one white dot instead.

    See Belval/pdf2image#34: a page too long for memory comes back as 1 x 1, with exit status 0.
    """
    longest = max(sides)
    return all(
        abs(side - max(1.0, wanted.pixels * points / longest)) <= _TOLERANCE
        for side, points in zip(image.size, sides, strict=True)
    )


def extract_scan(file: pikepdf.Pdf, page: PdfPage, wanted: PageRequest) -> Image.Image | None:
    """Return a page that is one image, upright; None when poppler has to render it."""
    try:
        return _extracted(file, page, wanted)
    except Exception:  # noqa: BLE001 - poppler reads on where others give up, and says what is wrong
        return None


def _extracted(file: pikepdf.Pdf, page: PdfPage, wanted: PageRequest) -> Image.Image | None:
    placed = only_image(file, page)
    if placed is None:
        return None
    place, box = placed.matrix.box(), page.box
    shown = _shown(place, box)
    if shown is None:
        return None
    decoded = decode_image(placed.image, wanted, round(wanted.averaged / shown))
    if decoded is None:
        return None
    turn = _turn_of(placed.matrix)
    cut = _cut(decoded if turn is None else decoded.transpose(turn), place, box)
    return cut.transpose(_TURNED[page.turn]) if page.turn else cut


def _shown(place: Box, box: Box) -> float | None:
    """Return which share of the picture's longer side the page's longer side is.

    None when picture and page have little in common, so that the pixels of the one say little
    about those that the other needs.
    """
    across = min(place.right, box.right) - max(place.left, box.left)
    up = min(place.top, box.top) - max(place.bottom, box.bottom)
    least = _LEAST_SHARE
    if across < least * max(place.width, box.width) or up < least * max(place.height, box.height):
        return None
    return max(box.width, box.height) / max(place.width, place.height)


def _turn_of(matrix: Matrix) -> Image.Transpose | None:
    if abs(matrix.a) > abs(matrix.b):
        return _UPRIGHT[matrix.a > 0, matrix.d > 0]
    return _LYING[matrix.c > 0, matrix.b > 0]


def _cut(image: Image.Image, place: Box, box: Box) -> Image.Image:
    """Cut a picture to the page, white being where it does not reach, and make pixels square."""
    across, up = image.width / place.width, image.height / place.height  # pixels per point
    edges = (
        (box.left - place.left) * across,
        (place.top - box.top) * up,
        (box.right - place.left) * across,
        (place.top - box.bottom) * up,
    )
    whole = (0, 0, image.width, image.height)
    if any(abs(edge - own) > _SLACK for edge, own in zip(edges, whole, strict=True)):
        left, top, right, bottom = map(round, edges)
        page = Image.new(image.mode, (right - left, bottom - top), _WHITE[image.mode])
        page.paste(image, (-left, -top))
        image = page
    oblong = image.width / image.height * box.height / box.width
    if abs(oblong - 1) <= _OBLONG:
        return image
    width, height = image.size
    if oblong > 1:
        return image.resize((max(1, round(width / oblong)), height), Image.Resampling.BOX)
    return image.resize((width, max(1, round(height * oblong))), Image.Resampling.BOX)
