"""PDF: a page that is one image is taken out of the file, all others are rendered by poppler.

Rendering such a page unpacks every pixel, works out its colour and averages it again, in a program
that has to be started first; here the decoder reduces while it decodes. Tests compare the two.

Pixels are bounded before anything is rendered: pages are scaled to a number of pixels, never to a
resolution, since a file of a few hundred bytes can claim a page of 200,000 by 200,000 points.
"""

import re
import shutil
from collections.abc import Iterator
from typing import BinaryIO, Final

import pikepdf
from PIL import Image

from docsorter.pages import images, poppler
from docsorter.pages.images import PageRequest, PageStream, damaged, too_large, truncated
from docsorter.pages.pdf_image import decode_image
from docsorter.pages.pdf_structure import Box, Matrix, PdfDocument, PdfPage, only_image, open_pdf

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
    del media_type, file
    if tail_missing:
        raise truncated(poppler.WHAT)
    if not (shutil.which("pdfinfo") and shutil.which("pdftoppm")):
        raise poppler.missing()
    document = open_pdf(poppler.PATH)
    found = None if document is None else _by_outline(document, wanted)
    return found or _by_poppler(wanted)


def _by_outline(document: PdfDocument, wanted: PageRequest) -> PageStream | None:
    """Read a sound file; None when something about a wanted page is odd."""
    numbers = wanted.numbers(document.total)
    pages: dict[int, PdfPage] = {}
    for number in numbers:
        page = document.page(number)
        if page is None:
            return None
        pages[number] = page
    sides = {number: page.seen for number, page in pages.items()}
    _check_sides(sides, wanted)
    return PageStream(
        document.total, _extracted_or_rendered(document, pages, wanted), document.producer
    )


def _by_poppler(wanted: PageRequest) -> PageStream:
    """Read whatever poppler can read, or raise its reason why it cannot."""
    info = poppler.document_info(wanted)
    total = int(str(info["Pages"]))
    if total < 1:
        raise poppler.no_pages()
    producer = images.joined((info.get("Producer"), info.get("Creator")))
    return PageStream(total, _all_rendered(info, wanted.numbers(total), wanted), producer)


def _extracted_or_rendered(
    document: PdfDocument, pages: dict[int, PdfPage], wanted: PageRequest
) -> Iterator[Image.Image]:
    """Give the pages in order; what lies between two scans is rendered in one run of poppler."""
    sides = {number: page.seen for number, page in pages.items()}
    waiting: list[int] = []
    with document.file:
        for number, page in pages.items():
            scan = extract_scan(document.file, page, wanted)
            if scan is None or poppler.is_uniform(scan):
                waiting.append(number)
                continue
            yield from _rendered(waiting, sides, wanted)
            waiting.clear()
            yield scan
        yield from _rendered(waiting, sides, wanted)


def _all_rendered(
    info: dict[str, object], numbers: range, wanted: PageRequest
) -> Iterator[Image.Image]:
    sides = {number: _sides(info, number) for number in numbers}
    _check_sides(sides, wanted)
    yield from _rendered(list(numbers), sides, wanted)


def _rendered(numbers: list[int], sides: _Sides, wanted: PageRequest) -> Iterator[Image.Image]:
    """Render pages that follow each other without a gap."""
    for start in range(0, len(numbers), _AT_ONCE):
        run = range(numbers[start], numbers[min(start + _AT_ONCE, len(numbers)) - 1] + 1)
        rendered = poppler.render(run, wanted)
        for number, page in zip(run, (*rendered.pages, *[None] * len(run)), strict=False):
            if page is None or not _as_expected(page, sides[number], wanted):
                raise poppler.render_failure(number, wanted)
            if rendered.said.strip() and poppler.is_uniform(page):
                poppler.check_blank(number, wanted)
            yield page


def _sides(info: dict[str, object], number: int) -> tuple[float, float]:
    """Return the sides of a page as it is seen, in points, by what `pdfinfo` says."""
    fields = {" ".join(key.split()): str(value) for key, value in info.items()}
    match = _SIZE.match(fields.get(f"Page {number + 1} size", ""))
    if match is None:
        raise damaged(poppler.WHAT, f"page {number + 1} has no size")
    width, height = float(match[1]), float(match[2])
    rotated = float(fields.get(f"Page {number + 1} rot", "0") or 0) % 360
    return (height, width) if rotated in _QUARTER_TURNS else (width, height)


def _check_sides(sides: _Sides, wanted: PageRequest) -> None:
    """Refuse pages without an area and those larger than any paper.

    Raises:
        DocumentError: `damaged` or `too_large`.
    """
    for number, (width, height) in sides.items():
        if min(width, height) <= 0:
            raise damaged(poppler.WHAT, f"page {number + 1} is {width:g} x {height:g} points")
        if width * height > wanted.max_pixels:
            # Drawn at a mere 72 dpi it would be over the limit already: no paper is 5 m by 5 m.
            raise too_large(round(width * height), wanted)


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
