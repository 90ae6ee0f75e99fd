"""Pages as real pictures, in terminals that can: sixel, and the protocol of kitty.

DEC, "VT330/VT340 Programmer Reference Manual", vol. 2, chapter 14. Bands of six lines; a colour
paints those pixels of a band whose bits are set. `textual_image` encodes 256 colours in Python
loops; paper needs few colours, and NumPy sets the bits of a whole picture at once: ten times
faster. Most of a page is one colour: each band is filled with it, and only the rest is painted.

Importing this asks the terminal for the size of its characters, so it must happen before Textual
takes the keyboard.
"""

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image
from textual.widget import Widget
from textual_image._sixel import BackgroundColor, SixelOptions
from textual_image.widget import SixelImage, TGPImage
from textual_image.widget.sixel import _ImageSixelImpl

from docsorter.cli.reviewer.drawing import DrawingMode, Viewport, cell_pixels, visible_part

COLOURS: Final = 10
_BAND: Final = 6
_OFFSET: Final = 63
_RUN: Final = re.compile(rb"(.)\1{3,}", re.DOTALL)
_NOTHING: Final = 255  # no colour has this number


def encode(picture: Image.Image) -> str:
    """Return the escape sequence that draws a picture at the cursor.

    Args:
        picture: RGB, any size.
    """
    few = picture.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    width, height = few.size
    lines = -(-height // _BAND) * _BAND
    numbers = np.full((lines, width), _NOTHING, np.uint8)
    numbers[:height] = np.asarray(few)
    bands = numbers.reshape(-1, _BAND, width)
    weights = (1 << np.arange(_BAND, dtype=np.uint8))[None, :, None]
    counts = np.bincount(numbers[:height].ravel(), minlength=COLOURS)
    used = np.flatnonzero(counts).tolist()
    paper = int(counts.argmax())
    bits = {
        number: ((bands == number) * weights).sum(axis=1, dtype=np.uint8)
        for number in used
        if number != paper
    }
    painted = {number: table.any(axis=1) for number, table in bits.items()}
    out = bytearray(b'\x1bP0;1;0q"1;1;%d;%d' % (width, height))
    palette = few.getpalette() or []
    for number in used:
        red, green, blue = (
            round(value * 100 / 255) for value in palette[3 * number : 3 * number + 3]
        )
        out += b"#%d;2;%d;%d;%d" % (number, red, green, blue)
    for band in range(len(bands)):
        filled = (1 << min(_BAND, height - band * _BAND)) - 1
        out += b"#%d!%d%c$" % (paper, width, filled + _OFFSET)
        for number, table in bits.items():
            if painted[number][band]:
                out += b"#%d" % number + _packed((table[band] + _OFFSET).tobytes()) + b"$"
        out += b"-"
    return (bytes(out) + b"\x1b\\").decode("ascii")


def _packed(row: bytes) -> bytes:
    """Write runs of more than three as `!COUNT` and the character; the empty end is left out."""
    return _RUN.sub(lambda run: b"!%d%c" % (len(run[0]), run[1][0]), row.rstrip(b"?"))


class _FastSixels(_ImageSixelImpl):
    def _image_to_sixels(
        self,
        image: Image.Image,
        sixel_options: SixelOptions | None = None,
        background: BackgroundColor | None = None,
    ) -> str:
        del sixel_options, background
        return encode(image.convert("RGB"))


class _SixelPage(SixelImage, Renderable=SixelImage._Renderable):  # noqa: SLF001 -- not inherited
    def compose(self) -> Iterator[Widget]:
        yield _FastSixels(self.image)


class GraphicsCanvas(Widget):
    """Draws a page with the terminal's own graphics.

    Args:
        mode: SIXEL or KITTY.
    """

    DEFAULT_CSS = """
    GraphicsCanvas { width: 1fr; height: 1fr; }
    GraphicsCanvas > * { width: 100%; height: 100%; }
    """

    def __init__(self, mode: DrawingMode) -> None:
        super().__init__()
        self._mode = mode
        self._page = _SixelPage() if mode is DrawingMode.SIXEL else TGPImage()
        self._last: tuple[Image.Image, Viewport] | None = None

    def compose(self) -> Iterator[Widget]:
        """Hold the picture."""
        yield self._page

    def on_resize(self) -> None:
        """Draw again: the room has changed, or is known only now."""
        if self._last is not None:
            self.paint(*self._last)

    def prepare(self, page: Image.Image) -> None:
        """Do nothing: what can be drawn ahead depends on where the terminal draws it."""

    def paint(self, page: Image.Image, view: Viewport) -> Viewport:
        """Draw what is seen of a page; returns the view that was possible."""
        self._last = page, view
        wide, high = cell_pixels(self._mode)
        canvas = self.size.width * wide, self.size.height * high
        if not all(canvas):
            return view
        view = view.within(page.size, canvas)
        seen = visible_part(page, view, canvas)
        _, around = self.background_colors
        whole = Image.new("RGB", canvas, around.rgb)
        whole.paste(seen.picture, (seen.left, seen.top))
        self._page.image = whole
        return view
