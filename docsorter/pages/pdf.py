"""PDF: pages that are one picture are taken out of the file, all others are drawn by poppler.

Pixels are bounded before anything is drawn: pages are scaled to a number of pixels, never drawn at
a resolution, since a file of a few hundred bytes can claim a page of 200,000 by 200,000 points.
"""

import re
import shutil
from collections.abc import Iterator
from typing import BinaryIO, Final

from PIL import Image

from docsorter.pages import poppler, producer
from docsorter.pages.outline import Outline, Sheet, outline_of
from docsorter.pages.pictures import Pictures, Wanted, damaged, too_large, truncated
from docsorter.pages.scans import scanned

_AT_ONCE: Final = 16  # pages held in memory at the same time
_SIZE: Final = re.compile(r"([\d.]+) x ([\d.]+) pts")
_LYING: Final = (90, 270)
_TOLERANCE: Final = 2  # pixels, for rounding

_Sides = dict[int, tuple[float, float]]


def read(file: BinaryIO, wanted: Wanted, *, media_type: str, tail_missing: bool) -> Pictures:
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
    outline = outline_of(poppler.PATH)
    found = None if outline is None else _by_outline(outline, wanted)
    return found or _by_poppler(wanted)


def _by_outline(outline: Outline, wanted: Wanted) -> Pictures | None:
    """Read a sound file; None when something about a wanted page is odd."""
    numbers = wanted.numbers(outline.total)
    sheets: dict[int, Sheet] = {}
    for number in numbers:
        sheet = outline.sheet(number)
        if sheet is None:
            return None
        sheets[number] = sheet
    sides = {number: sheet.seen for number, sheet in sheets.items()}
    _check_sides(sides, wanted)
    return Pictures(outline.total, _scans_or_drawn(outline, sheets, wanted), outline.producer)


def _by_poppler(wanted: Wanted) -> Pictures:
    """Read whatever poppler can read, or hear from it why it cannot."""
    info = poppler.look(wanted)
    total = int(str(info["Pages"]))
    if total < 1:
        raise poppler.no_pages()
    told = producer.joined((info.get("Producer"), info.get("Creator")))
    return Pictures(total, _all_drawn(info, wanted.numbers(total), wanted), told)


def _scans_or_drawn(
    outline: Outline, sheets: dict[int, Sheet], wanted: Wanted
) -> Iterator[Image.Image]:
    """Give the pages in order; what lies between two scans is drawn in one go."""
    sides = {number: sheet.seen for number, sheet in sheets.items()}
    waiting: list[int] = []
    with outline.file:
        for number, sheet in sheets.items():
            page = scanned(outline.file, sheet, wanted)
            if page is None or poppler.is_uniform(page):
                waiting.append(number)
                continue
            yield from _drawn(waiting, sides, wanted)
            waiting.clear()
            yield page
        yield from _drawn(waiting, sides, wanted)


def _all_drawn(info: dict[str, object], numbers: range, wanted: Wanted) -> Iterator[Image.Image]:
    sides = {number: _sides(info, number) for number in numbers}
    _check_sides(sides, wanted)
    yield from _drawn(list(numbers), sides, wanted)


def _drawn(numbers: list[int], sides: _Sides, wanted: Wanted) -> Iterator[Image.Image]:
    """Draw pages that follow each other without a gap."""
    for start in range(0, len(numbers), _AT_ONCE):
        run = range(numbers[start], numbers[min(start + _AT_ONCE, len(numbers)) - 1] + 1)
        drawn = poppler.draw(run, wanted)
        for number, page in zip(run, (*drawn.pages, *[None] * len(run)), strict=False):
            if page is None or not _as_expected(page, sides[number], wanted):
                raise poppler.why_not_drawn(number, wanted)
            if drawn.said.strip() and poppler.is_uniform(page):
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
    return (height, width) if rotated in _LYING else (width, height)


def _check_sides(sides: _Sides, wanted: Wanted) -> None:
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


def _as_expected(image: Image.Image, sides: tuple[float, float], wanted: Wanted) -> bool:
    """Whether a picture has the shape of its page: poppler may draw one white dot instead.

    See Belval/pdf2image#34: a page too long for memory comes back as 1 x 1, with exit status 0.
    """
    longest = max(sides)
    return all(
        abs(side - max(1.0, wanted.pixels * points / longest)) <= _TOLERANCE
        for side, points in zip(image.size, sides, strict=True)
    )
