"""A picture as characters: quarter blocks in two colours each, or Braille dots without colour."""

from collections.abc import Sequence
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

from docsorter.cli.reviewer.viewport import Seen, Size

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


def blocks(seen: Seen, cells: Size) -> list[Strip]:
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


def dots(seen: Seen, cells: Size, *, colour: bool) -> list[Strip]:
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


def _window(seen: Seen, shape: tuple[int, ...]) -> tuple[slice, slice]:
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
