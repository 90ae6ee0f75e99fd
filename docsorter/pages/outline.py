"""What a PDF says of its pages, read by qpdf in this process, without a program and a drawing.

It answers for sound files only. Whatever is odd about a file (a page tree that contradicts itself,
a page without a size, a password) ends in None, and poppler, which mends much, is asked instead.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import pikepdf

from docsorter.pages import producer

_MOST_PAGES: Final = 10_000  # the tree of more is not walked
_DEEPEST: Final = 64  # levels of the tree
_QUARTER: Final = 90


class Box(NamedTuple):
    """A rectangle, its sides parallel to those of the page, in points from below left."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From bottom to top."""
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page.

    Attributes:
        page: It, as pikepdf has it.
        box: What of it is seen: its crop box within its media box.
        turn: By how much it is turned clockwise to be seen: 0, 90, 180 or 270 degrees.
    """

    page: pikepdf.Page
    box: Box
    turn: int

    @property
    def resources(self) -> pikepdf.Dictionary:
        """What its content names; that of the page tree above it when it has none of its own."""
        node: pikepdf.Object = self.page.obj
        for _ in range(_DEEPEST):
            found = node.get("/Resources")
            if isinstance(found, pikepdf.Dictionary):
                return found
            node = node["/Parent"]
        raise LookupError("/Resources")

    @property
    def seen(self) -> tuple[float, float]:
        """Width and height as it is seen, in points."""
        lying = self.turn % (2 * _QUARTER) != 0
        return (self.box.height, self.box.width) if lying else (self.box.width, self.box.height)


@dataclass(frozen=True, slots=True)
class Outline:
    """A document that was opened.

    Attributes:
        file: It, as pikepdf has it.
        total: Its pages, >= 1.
        producer: The software that made it, cleaned.
    """

    file: pikepdf.Pdf
    total: int
    producer: str

    def sheet(self, number: int) -> Sheet | None:
        """Return a page, counted from 0; None when something about it is odd."""
        try:
            page = self.file.pages[number]
            media, crop = _box(page.mediabox), _box(page.cropbox)
            seen = Box(
                max(media.left, crop.left),
                max(media.bottom, crop.bottom),
                min(media.right, crop.right),
                min(media.top, crop.top),
            )
            turn = _turn(page)
        except Exception:  # noqa: BLE001 - hostile bytes reach any line; poppler's word counts
            return None
        if min(seen.width, seen.height) <= 0 or turn is None:
            return None
        return Sheet(page, seen, turn)


def outline_of(path: str) -> Outline | None:
    """Open a PDF; None when it is for poppler to say what is wrong. The file is left open.

    Args:
        path: The file.
    """
    try:
        file = pikepdf.open(path, attempt_recovery=False, inherit_page_attributes=False)
        claimed = int(file.Root.Pages.Count)
        if not 1 <= claimed <= _MOST_PAGES:
            return None
        if len(file.pages) != claimed:
            return None
        return Outline(file, claimed, _producer(file))
    except Exception:  # noqa: BLE001 - as above
        return None


def _producer(file: pikepdf.Pdf) -> str:
    info = file.trailer.get("/Info")
    if not isinstance(info, pikepdf.Dictionary):
        return ""
    return producer.joined(
        str(value)
        for value in (info.get("/Producer"), info.get("/Creator"))
        if isinstance(value, pikepdf.String)
    )


def _box(numbers: pikepdf.Array) -> Box:
    x0, y0, x1, y1 = (float(number) for number in numbers)
    return Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _turn(page: pikepdf.Page) -> int | None:
    turn = page.rotation
    return turn % 360 if turn % _QUARTER == 0 else None
