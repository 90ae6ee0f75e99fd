"""Which part of a page is seen: zoom, pan and quarter turns, as numbers without a screen."""

import dataclasses
import math
from typing import Final

from PIL import Image

Size = tuple[int, int]

NEAREST: Final = 12.0
_STEP: Final = 1.5
_PAN: Final = 0.25
_TURNS: Final = (
    None,
    Image.Transpose.ROTATE_270,
    Image.Transpose.ROTATE_180,
    Image.Transpose.ROTATE_90,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Viewport:
    """How a page is looked at.

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

    def closer(self) -> "Viewport":
        """Return a larger view; the first step goes to the upper half, where documents begin."""
        zoom = min(self.zoom * _STEP, NEAREST)
        y = 0.0 if self.zoom == 1.0 else self.y
        return dataclasses.replace(self, zoom=zoom, y=y)

    def farther(self) -> "Viewport":
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

    def settled(self, page: Size, canvas: Size) -> "Viewport":
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


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """What is drawn.

    Attributes:
        picture: RGB, no larger than the canvas.
        left: Where it stands on the canvas, pixels.
        top: The same from above.
    """

    picture: Image.Image
    left: int
    top: int


def look(page: Image.Image, view: Viewport, canvas: Size) -> Seen:
    """Cut out and scale what is seen of a page.

    Args:
        page: The page, upright as the document has it.
        view: How it is looked at.
        canvas: Width and height to fill, pixels, both at least 1.

    Returns:
        The part of the page, in the middle of the canvas.
    """
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
    return Seen(inked(picture, scale), (canvas[0] - width) // 2, (canvas[1] - height) // 2)


def inked(picture: Image.Image, scale: float) -> Image.Image:
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
    power = min(1 + _INK * math.log2(1 / scale), _MOST_INK)
    shades = [round(255 * min(1.0, value / white) ** power) for value in range(256)]
    return picture.point(shades * 3)


_PAPER_SHARE: Final = 0.7  # of the pixels are darker than what counts as paper
_DARKEST_PAPER: Final = 140
_INK: Final = 1.0
_MOST_INK: Final = 5.5
