"""How pages are drawn in this terminal: what the settings force, else what it can."""

from dataclasses import dataclass
from enum import StrEnum

from docsorter.cli.reviewer.cells import PIXELS
from docsorter.cli.reviewer.viewport import Size


class Drawing(StrEnum):
    """Ways to draw a page; the values of `review.pictures` but for `auto`."""

    SIXEL = "sixel"
    KITTY = "kitty"
    BLOCKS = "blocks"
    DOTS = "dots"
    OFF = "off"


CHARACTERS = frozenset({Drawing.BLOCKS, Drawing.DOTS})
"""What every terminal can."""


@dataclass(frozen=True, slots=True)
class Looks:
    """How the screen is drawn, and how patient it is.

    Attributes:
        drawing: How pages are drawn.
        colour: Whether colours may be used.
        least_seconds: A page is before the person for so long before a key answers it, so that a
            key held down does not decide what nobody has seen.
        poll_seconds: How often an empty queue is asked again.
    """

    drawing: Drawing
    colour: bool = True
    least_seconds: float = 0.25
    poll_seconds: float = 2.0


def choose(setting: str, *, colour: bool) -> Drawing:
    """Return how to draw; asks the terminal, so call it before Textual takes the keyboard.

    Args:
        setting: Value of `review.pictures`.
        colour: Whether colours may be used; blocks are nothing without.
    """
    if setting != "auto":
        return Drawing(setting)
    if not colour:
        return Drawing.DOTS
    from textual_image.renderable import Image, SixelImage, TGPImage

    if Image is SixelImage:
        return Drawing.SIXEL
    return Drawing.KITTY if Image is TGPImage else Drawing.BLOCKS


def cell_pixels(drawing: Drawing) -> Size:
    """Return the pixels of one character, as far as this way of drawing can tell them apart."""
    if drawing in CHARACTERS:
        return PIXELS
    from textual_image._terminal import get_cell_size

    size = get_cell_size()
    return size.width, size.height
