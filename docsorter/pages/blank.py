"""Whether anything is on a page that somebody has to read: backs of a duplex scanner have nothing.

Everything is measured on the reduced picture of about 300 pixels, where a pixel is a millimetre of
paper: darkness against the paper around, so that its colour, yellowing, shadows and slow gradients
do not count, in the darkest of the three channels, so that light coloured print does. Ink that
remains is joined to marks, and marks are left out that are no writing: what lies along the edges
(shadows, borders, punch holes, staples, a page number), specks, creases and streaks from edge to
edge, and one short line alone ("this page intentionally left blank").

Faint marks are either writing (carbon copies, thermal paper, pencil) or the other side of the sheet
that shows through. The other side is the page before or after: when the faint page is its mirror
image, turned or not, it shows through (`shows_through`); when not, it is writing.

Measured with drawn backs behind generated pages: of 320 backs of twenty kinds 317 were found; of
200 of five hard kinds (the other side showing through, creases, all together) 190. Of 966 real
pages 4 are called blank, two of which are white. The file itself always stays whole.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps, ImageStat

MEASURED_AT: Final = 299
"""Longer side of the pictures that all this was measured on, pixels."""

_NEIGHBOURHOOD: Final = 10  # pixels around a pixel whose mean is its paper
_QUIET: Final = 0.08  # of all blocks are taken for empty paper; their grain is that of the page
_BLOCK: Final = 16
_FINE: Final = 8  # levels of grain are divided so finely
_STRONG: Final = 60  # levels darker than paper: nothing shows through so strongly
_MOST_STRONG: Final = 1000  # pixels within the margins; with more it is writing
_CERTAIN: Final = 20
_FAINT: Final = 7
_PER_GRAIN: Final = 20  # levels more for each level of grain
_MOST_GRAIN: Final = 6  # levels; with more it is a photograph
_LIGHT: Final = 128  # levels; paper is no darker
_UNEVEN: Final = 80  # levels; a shadow on paper is no deeper
_MOST_INK: Final = 2500  # pixels; with more it is writing without another look
_LEAST_FAINT: Final = 40  # pixels
_JOINED: Final = 2  # pixels
_SPECK: Final = 4  # pixels, its greatest side
_FAINT_SPECK: Final = 12  # pixels, of all of it: grain that lies together
_OUTSIDE: Final = 0.035  # of the sides: nothing there is looked at
_EDGE: Final = 0.065  # of the sides: whatever lies in there whole
_MARGIN: Final = 0.1  # of the sides: small marks in there
_SMALL: Final = 13  # pixels, sides of such a mark
_ROUND: Final = 1.6  # a hole is no wider than this times its height
_MOST_LINES: Final = 2
_NUMBER: Final = (0.25, 6)  # width of the page, pixels high
_REACHES: Final = 0.06  # of the side: so near to the edges a crease ends
_SLANT: Final = 6  # pixels, from edge to edge
_THICK: Final = 3  # pixels, to each side of its middle
_CREASED: Final = 0.4  # of the way from edge to edge
_MOST_CREASES: Final = 40  # each has some rows
_MOST_CREASED: Final = 8000  # pixels; with more no crease can be told
_BLUR: Final = 3  # pixels
_LINE_HEIGHT: Final = 6  # pixels, of one line of print
_LARGE: Final = 8  # pixels, of one line of large print
_LOW: Final = 5  # pixels, of one line that is not in the middle
_LINE_WIDTH: Final = 0.66  # of the page, of a line in its middle
_SHORT_WIDTH: Final = 0.4  # of another line
_CENTRED: Final = 0.08
_EXPLAINED: Final = 0.28  # of the variance of the page
_CLEARLY_EXPLAINED: Final = 0.6
_WEAKER: Final = 0.6  # of the darkness of the front
_OTHER_SHAPE: Final = 0.08
_MOVED: Final = 8  # half pixels that the other side may lie beside the page
_LITTLE: Final = 2  # the same of a part of it, beyond that
_PARTS: Final = (3, 4)  # across and down
_COLUMN: Final = 12  # pixels; in each of these columns a line is no higher


_INK: Final = re.compile(rb"[^\0]")
_STRIDE: Final = 1 << 16  # of a place as one number, wider than any picture
_Places = set[tuple[int, int]]  # column and row of ink


class Blankness(StrEnum):
    """What is on a page."""

    BLANK = "blank"
    FAINT = "faint"  # something faint, which may be the other side or writing
    WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class Mark:
    """Ink that belongs together.

    Attributes:
        left: First column.
        top: First row.
        right: Column after the last.
        bottom: Row after the last.
        pixels: (column, row) of each of its pixels.
    """

    left: int
    top: int
    right: int
    bottom: int
    pixels: tuple[tuple[int, int], ...]

    @property
    def width(self) -> int:
        """Columns it spans."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows it spans."""
        return self.bottom - self.top

    def is_beside(self, other: "Mark") -> bool:
        """Say whether it lies on another mark or hardly beside it, as its blurred edge does."""
        return (
            self.left < other.right + _BLUR
            and other.left < self.right + _BLUR
            and self.top < other.bottom + _BLUR
            and other.top < self.bottom + _BLUR
        )


def darkness_of(small: Image.Image) -> Image.Image:
    """Return by how much each pixel of an RGB picture is darker than the paper around it, `L`."""
    red, green, blue = small.split()
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    return ImageChops.subtract(darkest.filter(ImageFilter.BoxBlur(_NEIGHBOURHOOD)), darkest)


def blankness_of(small: Image.Image, darkness: Image.Image) -> Blankness:
    """Say what is on a page.

    Args:
        small: The page as RGB, its longer side `MEASURED_AT`.
        darkness: `darkness_of` it.
    """
    if sum(_middle(darkness).histogram()[_STRONG:]) > _MOST_STRONG:
        return Blankness.WRITTEN
    grain = _grain(darkness)
    if grain > _MOST_GRAIN or not _is_even_paper(small):
        return Blankness.WRITTEN
    certain = min(max(_CERTAIN, round(12 + _PER_GRAIN * grain)), _STRONG)
    faint = min(max(_FAINT, round(1 + _PER_GRAIN * grain)), certain)
    darkness = _without_creases(darkness, faint)
    marks = _marks_of(darkness, certain)
    if marks is None:
        strong = _marks_of(darkness, _STRONG)
        faint = strong is not None and _says_nothing(strong, small.size)
        return Blankness.FAINT if faint else Blankness.WRITTEN
    if not _says_nothing(marks, small.size):
        levels, width = darkness.tobytes(), darkness.width
        places = (place for mark in marks for place in mark.pixels)
        dark = sum(levels[row * width + column] >= _STRONG for column, row in places)
        return Blankness.WRITTEN if dark > _SPECK else Blankness.FAINT
    weak = _marks_of(darkness, faint)
    if weak is None:
        return Blankness.FAINT
    rest = sum(
        len(mark.pixels)
        for mark in weak
        if len(mark.pixels) > _FAINT_SPECK
        and not any(map(mark.is_beside, marks))
        and not _is_number(mark, small.size)
    )
    return Blankness.FAINT if rest >= _LEAST_FAINT else Blankness.BLANK


def _middle(darkness: Image.Image) -> Image.Image:
    across, down = (round(side * _MARGIN) for side in darkness.size)
    return darkness.crop((across, down, darkness.width - across, darkness.height - down))


def _is_even_paper(small: Image.Image) -> bool:
    """Whether most of a picture is light, and about as light in one place as in another."""
    blocks = small.convert("L").reduce(_BLOCK)
    across, down = (side // 10 for side in blocks.size)
    levels = sorted(
        blocks.crop((across, down, blocks.width - across, blocks.height - down)).tobytes()
    )
    low, middle, high = (levels[int(share * (len(levels) - 1))] for share in (0.1, 0.5, 0.9))
    return middle >= _LIGHT and high - low <= _UNEVEN


def _grain(darkness: Image.Image) -> float:
    """Return the mean deviation from the neighbours where the page is most even, levels."""
    uneven = ImageChops.difference(darkness, darkness.filter(ImageFilter.BoxBlur(2)))
    fine = uneven.point([min(255, level * _FINE) for level in range(256)])
    blocks = sorted(fine.reduce(_BLOCK).tobytes())
    return blocks[int(len(blocks) * _QUIET)] / _FINE


def _marks_of(darkness: Image.Image, least: int) -> list[Mark] | None:
    """Return the marks of ink at least so dark that may be writing; None for a page full of ink."""
    ink = darkness.point([0] * least + [255] * (256 - least))
    across, down = (max(1, round(side * _OUTSIDE)) for side in ink.size)
    part = ink.crop((across, down, ink.width - across, ink.height - down))
    if part.histogram()[255] > _MOST_INK:
        return None
    places = {(column + across, row + down) for column, row in _places(part)}
    return [mark for mark in _joined(places) if not _is_furniture(mark, ink.size)]


def _places(ink: Image.Image) -> _Places:
    width = ink.width
    return {(at.start() % width, at.start() // width) for at in _INK.finditer(ink.tobytes())}


def _without_creases(darkness: Image.Image, least: int) -> Image.Image:
    """Leave out thin straight lines from edge to edge: folds of the paper, dirt in the feeder."""
    turn = Image.Transpose.TRANSPOSE
    flat = _without_level_creases(darkness, least)
    return _without_level_creases(flat.transpose(turn), least).transpose(turn)


def _without_level_creases(darkness: Image.Image, least: int) -> Image.Image:
    ink = darkness.point([0] * least + [255] * (256 - least))
    if ink.histogram()[255] > _MOST_CREASED:
        return darkness
    places, width = _places(ink), ink.width
    outside, near = round(_OUTSIDE * width), round((_OUTSIDE + _REACHES) * width)
    starts = sorted({row for column, row in places if outside <= column < near})
    ends = {row for column, row in places if near > width - column - 1 >= outside}
    if len(starts) > _MOST_CREASES:
        return darkness  # that is a shadow or a border
    lines = [
        (_covered(places, (start, start + slant), width), start, start + slant)
        for start in starts
        for slant in range(-_SLANT, _SLANT + 1)
        if start + slant in ends
    ]
    left = darkness.copy()
    pen = ImageDraw.Draw(left)
    for _, start, end in sorted(line for line in lines if line[0] >= _CREASED)[-_MOST_CREASES:]:
        pen.line((0, start, width, end), fill=0, width=2 * _THICK + 1)
    return left


def _covered(places: _Places, rows: tuple[int, int], width: int) -> float:
    """Return the share of a line from edge to edge, by its rows there, that has ink on it."""
    start, end = rows
    columns = range(0, width, 3)
    on = 0
    for column in columns:
        row = round(start + (end - start) * column / width)
        on += any((column, row + beside) in places for beside in (-1, 0, 1))
    return on / len(columns)


def _joined(places: _Places) -> Iterator[Mark]:
    """Join ink that is at most so many pixels apart."""
    near = range(-_JOINED, _JOINED + 1)
    steps = [
        down * _STRIDE + across for across in near for down in near if (across, down) != (0, 0)
    ]
    todo = {row * _STRIDE + column for column, row in places}
    while todo:
        found, edge = [], [todo.pop()]
        while edge:
            place = edge.pop()
            found.append(place)
            beside = [place + step for step in steps if place + step in todo]
            todo.difference_update(beside)
            edge += beside
        pixels = tuple((place % _STRIDE, place // _STRIDE) for place in found)
        columns, rows = zip(*pixels, strict=True)
        yield Mark(min(columns), min(rows), max(columns) + 1, max(rows) + 1, pixels)


def _is_furniture(mark: Mark, size: tuple[int, int]) -> bool:
    """Whether a mark is a speck, or lies along the edge as holes and shadows do."""
    if max(mark.width, mark.height) <= _SPECK:
        return True
    small = max(mark.width, mark.height) <= _SMALL and mark.width <= _ROUND * mark.height
    inwards = _inwards(mark, size)
    return inwards <= _EDGE and _is_cut(mark, size) if not small else inwards <= _MARGIN


def _is_cut(mark: Mark, size: tuple[int, int]) -> bool:
    """Whether a mark goes on where nothing is looked at, as shadows do and print does not."""
    across, down = (round(side * _OUTSIDE) + _BLUR for side in size)
    return (
        mark.left < across
        or mark.top < down
        or mark.right > size[0] - across
        or mark.bottom > size[1] - down
    )


def _inwards(mark: Mark, size: tuple[int, int]) -> float:
    """Return how far a mark reaches from the nearest edge, as a share of that side."""
    across, down = size
    horizontal = min(mark.right, across - mark.left) / across
    return min(horizontal, mark.bottom / down, (down - mark.top) / down)


def _is_number(mark: Mark, size: tuple[int, int]) -> bool:
    """Whether a mark looks like a page number or a short running head."""
    low = mark.height <= _NUMBER[1] and mark.width <= _NUMBER[0] * size[0]
    return low and _inwards(mark, size) <= _MARGIN


def _says_nothing(marks: list[Mark], size: tuple[int, int]) -> bool:
    """Whether marks are a page number, a running head or one short line, two of them at most."""
    numbers = [mark for mark in marks if _is_number(mark, size)]
    body = [mark for mark in marks if mark not in numbers]
    middles = sorted(mark.top + mark.bottom for mark in numbers)
    lines = bool(body) + bool(numbers)
    lines += sum(other - one > _LINE_HEIGHT for one, other in itertools.pairwise(middles))
    return lines <= _MOST_LINES and (not body or _is_one_line(body, size[0]))


def _is_one_line(marks: list[Mark], width: int) -> bool:
    """Whether all there is is one short line of print, straight or a little askew."""
    left, right = min(mark.left for mark in marks), max(mark.right for mark in marks)
    centred = abs(left + right - width) <= 2 * _CENTRED * width
    if right - left > (_LINE_WIDTH if centred else _SHORT_WIDTH) * width:
        return False
    columns: dict[int, set[int]] = {}
    for mark in marks:
        for column, row in mark.pixels:
            columns.setdefault(column // _COLUMN, set()).add(row)
    heights = [(max(rows) - min(rows) + 1, len(rows)) for rows in columns.values()]
    # Large print is as high as two lines of small print, but has no empty row in it, and stands in
    # the middle of the page where it says that nothing is on it.
    high = max(high for high, _ in heights)
    if high > (_LARGE if centred else _LOW):
        return False
    if any(high > _LINE_HEIGHT and high > inked for high, inked in heights):
        return False
    middles = [(min(rows) + max(rows)) / 2 for _, rows in sorted(columns.items())]
    return all(abs(one - other) <= _LINE_HEIGHT / 2 for one, other in itertools.pairwise(middles))


def shows_through(back: Image.Image, front: Image.Image) -> bool:
    """Say whether what is faint on a page is the other side of its sheet.

    Args:
        back: `darkness_of` the faint page.
        front: `darkness_of` the page before or after it.
    """
    if _peak(_middle(back)) > _WEAKER * _peak(_middle(front)):
        return False  # paper lets little through: it may be the front itself
    sides = (ImageOps.mirror(front), ImageOps.flip(front))
    mirrored = share_explained(back, sides)
    if not _EXPLAINED <= mirrored < _CLEARLY_EXPLAINED:
        return mirrored >= _EXPLAINED
    # Lines of one pitch are alike whichever way round: the page itself then explains as much.
    return share_explained(back, (front,)) < mirrored / 2


def share_explained(back: Image.Image, sides: tuple[Image.Image, ...]) -> float:
    """Return which share of the variance of a page the best of some others explains, 0-1.

    Sides are not scanned in line to the millimetre: the other is moved as a whole first, then each
    part of it a little, and correlated with the same part of the page.
    """
    if abs(back.width / back.height * sides[0].height / sides[0].width - 1) > _OTHER_SHAPE:
        return 0.0
    size = (back.width // 2, back.height // 2)
    seen = _levelled(back, size)
    moves = range(-_MOVED, _MOVED + 1, 2)
    best, explains, right, down = 0.0, seen, 0, 0
    for side in sides:
        other = _levelled(side, size)
        for x, y in itertools.product(moves, moves):
            found = _correlation(seen, ImageChops.offset(other, x, y))
            if found > best:
                best, explains, right, down = found, other, x, y
    return _explained(seen, explains, (right, down)) if best > 0 else 0.0


def _levelled(darkness: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a small picture with edges left out and its darkest hundredth at full darkness."""
    edge = [round(side * _OUTSIDE) for side in darkness.size]
    inside = (edge[0], edge[1], darkness.width - edge[0], darkness.height - edge[1])
    part = Image.new("L", darkness.size)
    part.paste(darkness.crop(inside), inside)
    small = part.filter(ImageFilter.BoxBlur(1)).resize(size, Image.Resampling.BOX)
    top = _peak(small)
    return small.point([min(255, level * 255 // top) for level in range(256)])


def _peak(darkness: Image.Image) -> int:
    """Return the darkness that a hundredth of the page reaches, at least 1."""
    counts, seen, top = darkness.histogram(), 0, 255
    while top > 1 and seen + counts[top] < darkness.width * darkness.height / 100:
        seen += counts[top]
        top -= 1
    return top


def _explained(seen: Image.Image, mirrored: Image.Image, moved: tuple[int, int]) -> float:
    near = range(-_LITTLE, _LITTLE + 1)
    explained = whole = 0.0
    for left, top, right, bottom in _parts(seen.size):
        piece = seen.crop((left, top, right, bottom))
        spread = ImageStat.Stat(piece).var[0]
        whole += spread
        best = 0.0
        for x, y in itertools.product(near, near):
            across, up = moved[0] + x, moved[1] + y
            place = (left - across, top - up, right - across, bottom - up)
            best = max(best, _correlation(piece, mirrored.crop(place)))
        explained += spread * best**2
    return explained / whole if whole else 0.0


def _parts(size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    across, down = _PARTS
    for row in range(down):
        for column in range(across):
            yield (
                size[0] * column // across,
                size[1] * row // down,
                size[0] * (column + 1) // across,
                size[1] * (row + 1) // down,
            )


def _correlation(one: Image.Image, other: Image.Image) -> float:
    """Return the correlation of two pictures of one size, -1 to 1; 0 where one is even."""
    first, second = ImageStat.Stat(one), ImageStat.Stat(other)
    spread = (first.var[0] * second.var[0]) ** 0.5
    both = ImageStat.Stat(ImageChops.multiply(one, other)).mean[0] * 255
    return (both - first.mean[0] * second.mean[0]) / spread if spread > 1 else 0.0
