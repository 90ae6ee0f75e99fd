"""Turns a page into the lines of a terminal, and knows which part of a page is seen."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

Size = tuple[int, int]

MAX_ZOOM: Final = 12.0
_STEP: Final = 1.5  # from one zoom to the next
_PAN: Final = 0.25  # of what is seen
_TURNS: Final = (  # by quarters, clockwise
    None,
    Image.Transpose.ROTATE_270,
    Image.Transpose.ROTATE_180,
    Image.Transpose.ROTATE_90,
)

# How strokes get their ink back: see _darkened.
_PAPER_SHARE: Final = 0.7  # of the pixels are darker than what counts as paper
_DARKEST_PAPER: Final = 140
_INK: Final = 1.0
_MAX_INK: Final = 5.5

PIXELS: Final = (2, 4)
"""Square pixels of one character: across, down. A character is twice as high as it is wide."""

_FEWER: Final = 0xF0  # sixteen shades are enough for paper, and make runs of equal characters
_NEARLY_GREY: Final = 40
_FLAT: Final = 24  # a smaller difference within a character is not drawn
# By the bits of what is ink: upper left 1, upper right 2, lower left 4, lower right 8.
_QUARTERS: Final = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
_BLANK: Final = 0x2800
# Unicode 16, section 21.1: the weight of each dot, by row and column.
_WEIGHTS: Final = np.array([[1, 8], [2, 16], [4, 32], [64, 128]], np.uint16)
_PAPER: Final = Style(color=Color.from_rgb(0, 0, 0), bgcolor=Color.from_rgb(255, 255, 255))
_PLAIN: Final = Style()
_OUTSIDE: Final = (-1, -1)

Numbers = NDArray[np.int64]


class DrawingMode(StrEnum):
    """Ways to draw a page; the values of `review.pictures` but for `auto`."""

    SIXEL = "sixel"
    KITTY = "kitty"
    BLOCKS = "blocks"
    DOTS = "dots"
    OFF = "off"


CHARACTERS = frozenset({DrawingMode.BLOCKS, DrawingMode.DOTS})
"""What every terminal can."""


@dataclass(frozen=True, slots=True)
class DisplayOptions:
    """How the screen is drawn, and how patient it is.

    Attributes:
        mode: How pages are drawn.
        colour: Whether colours may be used.
        least_seconds: A page is before the person for so long before a key answers it, so that a
            key held down does not decide what nobody has seen.
        poll_seconds: How often an empty queue is asked again.
    """

    mode: DrawingMode
    colour: bool = True
    least_seconds: float = 0.25
    poll_seconds: float = 2.0


def choose_mode(setting: str, *, colour: bool) -> DrawingMode:
    """Return how to draw; asks the terminal, so call it before Textual takes the keyboard.

    Args:
        setting: Value of `review.pictures`.
        colour: Whether colours may be used; blocks are nothing without.
    """
    if setting != "auto":
        return DrawingMode(setting)
    if not colour:
        return DrawingMode.DOTS
    from textual_image.renderable import Image, SixelImage, TGPImage

    if Image is SixelImage:
        return DrawingMode.SIXEL
    return DrawingMode.KITTY if Image is TGPImage else DrawingMode.BLOCKS


def cell_pixels(mode: DrawingMode) -> Size:
    """Return the pixels of one character, as far as this way of drawing can tell them apart."""
    if mode in CHARACTERS:
        return PIXELS
    from textual_image._terminal import get_cell_size

    size = get_cell_size()
    return size.width, size.height


@dataclass(frozen=True, slots=True)
class Viewport:
    """Which part of a page is seen, and which way up.

    Attributes:
        zoom: 1 shows the whole page, 2 half of its width and height; 1 to 12.
        x: What is in the middle, as a share of the page's width, 0-1.
        y: The same of its height.
        turns: Quarter turns clockwise, 0-3.
    """

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5
    turns: int = 0

    def zoomed_in(self) -> "Viewport":
        """Return a larger view; the first step goes to the upper half, where documents begin."""
        zoom = min(self.zoom * _STEP, MAX_ZOOM)
        y = 0.0 if self.zoom == 1.0 else self.y
        return dataclasses.replace(self, zoom=zoom, y=y)

    def zoomed_out(self) -> "Viewport":
        """Return a smaller view; never smaller than the whole page."""
        zoom = self.zoom / _STEP
        return self.whole() if zoom < 1.0 + 1e-6 else dataclasses.replace(self, zoom=zoom)

    def whole(self) -> "Viewport":
        """Return the view of the whole page."""
        return Viewport(turns=self.turns)

    def moved(self, right: int, down: int) -> "Viewport":
        """Return the view a quarter of what is seen further on."""
        step = _PAN / self.zoom
        return dataclasses.replace(
            self,
            x=min(1.0, max(0.0, self.x + right * step)),
            y=min(1.0, max(0.0, self.y + down * step)),
        )

    def turned(self) -> "Viewport":
        """Return the view of the page turned clockwise by a quarter."""
        return Viewport(turns=(self.turns + 1) % 4)

    def within(self, page: Size, canvas: Size) -> "Viewport":
        """Return the view with its middle where the window ends at the edges of the page.

        Without this, panning on past an edge would have to be panned back before anything moves.
        """
        if self.turns % 2:
            page = (page[1], page[0])
        fit = min(canvas[0] / page[0], canvas[1] / page[1]) * self.zoom
        half_x = min(0.5, canvas[0] / fit / page[0] / 2)
        half_y = min(0.5, canvas[1] / fit / page[1] / 2)
        return dataclasses.replace(
            self,
            x=min(1 - half_x, max(half_x, self.x)),
            y=min(1 - half_y, max(half_y, self.y)),
        )


@dataclass(frozen=True, slots=True)
class VisiblePart:
    """The part of a page that is drawn.

    Attributes:
        picture: RGB, no larger than the canvas.
        left: Where it stands on the canvas, pixels.
        top: The same from above.
    """

    picture: Image.Image
    left: int
    top: int


def visible_part(page: Image.Image, view: Viewport, canvas: Size) -> VisiblePart:
    """Cut out and scale what is seen of an upright page, for the middle of a canvas in pixels."""
    turn = _TURNS[view.turns]
    if turn is not None:
        page = page.transpose(turn)
    scale = min(canvas[0] / page.width, canvas[1] / page.height) * view.zoom
    width, height = (
        max(1, min(side, round(whole * scale)))
        for side, whole in zip(canvas, page.size, strict=True)
    )
    wide, high = min(page.width, width / scale), min(page.height, height / scale)
    left = min(max(0.0, view.x * page.width - wide / 2), page.width - wide)
    top = min(max(0.0, view.y * page.height - high / 2), page.height - high)
    picture = page.resize(
        (width, height),
        Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC,
        box=(left, top, left + wide, top + high),
    )
    return VisiblePart(
        _darkened(picture, scale), (canvas[0] - width) // 2, (canvas[1] - height) // 2
    )


def _darkened(picture: Image.Image, scale: float) -> Image.Image:
    """Give strokes back the ink they lose when a page shrinks, and leave paper white.

    A stroke one pixel wide is a shade of grey once many pixels are one. Paper becomes white, and a
    power law darkens the rest, the more the smaller the page is.

    Args:
        picture: RGB, already scaled.
        scale: By how much it was, above 0; nothing happens from 1 on.
    """
    if scale >= 1:
        return picture
    counts = picture.convert("L").histogram()
    wanted, seen, white = _PAPER_SHARE * sum(counts), 0, 255
    for shade, count in enumerate(counts):
        seen, white = seen + count, shade
        if seen >= wanted:
            break
    white = max(white, _DARKEST_PAPER)
    power = min(1 + _INK * math.log2(1 / scale), _MAX_INK)
    shades = [round(255 * min(1.0, value / white) ** power) for value in range(256)]
    return picture.point(shades * 3)


def blocks(seen: VisiblePart, cells: Size) -> list[Strip]:
    """Draw a picture in quarter blocks: the darker and the lighter part of every character.

    Args:
        seen: At most `cells` x PIXELS.
        cells: Width and height to fill, characters.

    Returns:
        One strip per line, all of the same width.
    """
    columns, lines = cells
    pixels = np.zeros((lines * PIXELS[1], columns * PIXELS[0], 3), np.int64)
    picture = np.asarray(seen.picture, np.int64)
    down, across = _to_whole_characters(picture.shape)
    picture = np.pad(picture, (down, across, (0, 0)), mode="edge")
    window = _window(seen, picture.shape)
    pixels[window] = picture
    page = np.zeros(pixels.shape[:2], bool)
    page[window] = True
    # (lines, columns, quarter, colour): two square pixels above each other are one quarter
    quarters = pixels.reshape(lines, 2, 2, columns, 2, 3).mean(axis=2).transpose(0, 2, 1, 3, 4)
    quarters = quarters.reshape(lines, columns, 4, 3)
    light = quarters.mean(axis=3)
    least, most = light.min(axis=2), light.max(axis=2)
    ink = (light < ((least + most) / 2)[..., None]) & ((most - least) >= _FLAT)[..., None]
    paper_colour = _packed(_mean(quarters, ~ink))
    ink_colour = np.where(ink.any(axis=2), _packed(_mean(quarters, ink)), paper_colour)
    shapes = (ink * np.array([1, 2, 4, 8])).sum(axis=2)
    shapes[ink_colour == paper_colour] = 0
    inside = page.reshape(lines, PIXELS[1], columns, PIXELS[0]).any(axis=(1, 3))
    ink_colour[~inside] = paper_colour[~inside] = -1
    return [
        _block_strip(*line)
        for line in zip(shapes.tolist(), ink_colour.tolist(), paper_colour.tolist(), strict=True)
    ]


def dots(seen: VisiblePart, cells: Size, *, colour: bool) -> list[Strip]:
    """Draw a picture in Braille dots, one per dark pixel.

    Args:
        seen: At most `cells` x PIXELS.
        cells: Width and height to fill, characters.
        colour: Black on white; otherwise the ink has the colour of the text and the page an edge.

    Returns:
        One strip per line, all of the same width.
    """
    columns, lines = cells
    ink = np.zeros((lines * PIXELS[1], columns * PIXELS[0]), np.uint16)
    page = np.zeros_like(ink, bool)
    dark = ~np.asarray(seen.picture.convert("L").convert("1", dither=Image.Dither.FLOYDSTEINBERG))
    if not colour:
        dark = _edged(dark)
    dark = np.pad(dark, _to_whole_characters(dark.shape))
    window = _window(seen, dark.shape)
    ink[window], page[window] = dark, True
    weighted = ink.reshape(lines, PIXELS[1], columns, PIXELS[0]) * _WEIGHTS[None, :, None, :]
    codes = weighted.sum(axis=(1, 3)) + _BLANK
    inside = page.reshape(lines, PIXELS[1], columns, PIXELS[0]).any(axis=(1, 3))
    covered = np.logical_and(inside, colour)
    return [
        _dot_strip(line, paper)
        for line, paper in zip(codes.tolist(), covered.tolist(), strict=True)
    ]


def _to_whole_characters(shape: tuple[int, ...]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return what must be added below and to the right, so that no character is half page."""
    return (0, -shape[0] % PIXELS[1]), (0, -shape[1] % PIXELS[0])


def _window(seen: VisiblePart, shape: tuple[int, ...]) -> tuple[slice, slice]:
    top, left = seen.top - seen.top % PIXELS[1], seen.left - seen.left % PIXELS[0]
    return slice(top, top + shape[0]), slice(left, left + shape[1])


def _mean(quarters: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean colour of the chosen quarters of every character, black where none is."""
    count = np.maximum(chosen.sum(axis=2), 1)[..., None]
    mean: NDArray[np.float64] = (quarters * chosen[..., None]).sum(axis=2) / count
    return mean


def _packed(colours: NDArray[np.float64]) -> Numbers:
    """Return one number per colour: what is nearly grey becomes grey, sixteen shades remain."""
    whole = colours.astype(np.int64)
    spread = whole.max(axis=2) - whole.min(axis=2)
    grey = whole.mean(axis=2, keepdims=True).astype(np.int64)
    few = np.where((spread < _NEARLY_GREY)[..., None], grey, whole) & _FEWER
    packed: Numbers = (few[..., 0] << 16) | (few[..., 1] << 8) | few[..., 2]
    return packed


def _edged(dark: NDArray[np.bool_]) -> NDArray[np.bool_]:
    edged = dark.copy()
    edged[0, :] = edged[-1, :] = edged[:, 0] = edged[:, -1] = True
    return edged


def _block_strip(shapes: Sequence[int], inks: Sequence[int], papers: Sequence[int]) -> Strip:
    segments = []
    pairs = zip(shapes, zip(inks, papers, strict=True), strict=True)
    for pair, run in groupby(pairs, key=lambda cell: cell[1]):
        text = "".join(_QUARTERS[shape] for shape, _ in run)
        segments.append(Segment(text, _style(*pair)))
    return Strip(segments, len(shapes))


@lru_cache(4096)
def _style(ink: int, paper: int) -> Style:
    if (ink, paper) == _OUTSIDE:
        return _PLAIN
    return Style(color=None if ink == paper else _colour(ink), bgcolor=_colour(paper))


def _colour(packed: int) -> Color:
    # The four bits that were dropped come back, so that white stays white.
    red, green, blue = ((packed >> shift & 0xFF) // 16 * 17 for shift in (16, 8, 0))
    return Color.from_rgb(red, green, blue)


def _dot_strip(codes: Sequence[int], paper: Sequence[bool]) -> Strip:
    segments = []
    for covered, run in groupby(zip(codes, paper, strict=True), key=lambda pair: pair[1]):
        text = "".join(chr(code) if code != _BLANK else " " for code, _ in run)
        segments.append(Segment(text, _PAPER if covered else _PLAIN))
    return Strip(segments, len(codes))
