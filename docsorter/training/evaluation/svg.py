"""Drawing by hand: scales, axes and marks as SVG text whose colours follow the page's.

No picture library: classes instead of colours let one drawing serve light, dark and print.
"""

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

Point = tuple[float, float]

SERIES: Final = 6
"""Distinct colours of the style sheet: classes c0 to c5."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps a range of values to pixels.

    Attributes:
        low: Value at `start`.
        high: Value at `end`.
        start: Pixel.
        end: Pixel; may be before `start`.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value; values outside the range stay at its ends."""
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)


class Frame:
    """A drawing with two axes.

    Args:
        title: What it shows, for those who do not see it.
        x: Range of values from left to right.
        y: Range of values from bottom to top.
        width: Of the drawing, pixels.
        height: Of the drawing, pixels.
        right: Room beside the axes for direct labels, pixels.
    """

    LEFT: Final = 46
    TOP: Final = 14
    BOTTOM: Final = 40

    def __init__(
        self,
        title: str,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        width: int = 360,
        height: int = 320,
        right: int = 14,
    ) -> None:
        self._title, self._width, self._height = title, width, height
        self.x = Scale(*x, self.LEFT, width - right)
        self.y = Scale(*y, height - self.BOTTOM, self.TOP)
        self._parts: list[str] = []

    def add(self, part: str) -> None:
        """Add ready SVG."""
        self._parts.append(part)

    def x_axis(self, ticks: Sequence[float], write: Callable[[float], str], name: str) -> None:
        """Draw ticks along the bottom, and what they mean."""
        base = self._height - self.BOTTOM
        self.add(f'<path class="axis" d="M{self.x.start:.1f} {base}H{self.x.end:.1f}"/>')
        for tick in ticks:
            at = self.x(tick)
            self.add(f'<path class="axis" d="M{at:.1f} {base}v4"/>')
            self.text(at, base + 16, write(tick), "tick middle")
        self.text((self.x.start + self.x.end) / 2, base + 33, name, "name middle")

    def y_axis(self, ticks: Sequence[float], write: Callable[[float], str], name: str) -> None:
        """Draw ticks and faint lines along the left, and what they mean above."""
        for tick in ticks:
            at = self.y(tick)
            self.add(f'<path class="grid" d="M{self.x.start:.1f} {at:.1f}H{self.x.end:.1f}"/>')
            self.text(self.x.start - 6, at + 4, write(tick), "tick end")
        middle = (self.y.start + self.y.end) / 2
        self.add(
            f'<text class="name middle" transform="translate(11 {middle:.1f}) rotate(-90)">'
            f"{html.escape(name)}</text>"
        )

    def text(self, x: float, y: float, words: str, style: str) -> None:
        """Write words at a pixel."""
        self.add(f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{html.escape(words)}</text>')

    def line(self, points: Iterable[Point], style: str, *, steps: bool = False) -> None:
        """Join points given as values; with `steps` by right angles."""
        self.add(f'<path class="{style}" d="{self._path(points, steps=steps)}"/>')

    def band(self, lower: Sequence[Point], upper: Sequence[Point], style: str) -> None:
        """Fill between two lines given as values."""
        if lower and upper:
            there, back = self._path(lower), self._path(list(reversed(upper)))
            self.add(f'<path class="{style}" d="{there}L{back[1:]}Z"/>')

    def bar(self, x: float, low: float, high: float, style: str) -> None:
        """Draw an upright interval at a value."""
        at, bottom, top = self.x(x), self.y(low), self.y(high)
        self.add(f'<path class="{style}" d="M{at:.1f} {bottom:.1f}V{top:.1f}"/>')

    def dot(self, x: float, y: float, radius: float, style: str, says: str = "") -> None:
        """Draw a dot at values; `says` appears when pointed at."""
        title = f"<title>{html.escape(says)}</title>" if says else ""
        self.add(
            f'<circle class="{style}" cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" '
            f'r="{radius:.1f}">{title}</circle>'
        )

    def svg(self) -> str:
        """Return the drawing."""
        return (
            f'<svg role="img" viewBox="0 0 {self._width} {self._height}" '
            f'aria-label="{html.escape(self._title)}">' + "".join(self._parts) + "</svg>"
        )

    def _path(self, points: Iterable[Point], *, steps: bool = False) -> str:
        words: list[str] = []
        for x, y in points:
            at, up = f"{self.x(x):.1f}", f"{self.y(y):.1f}"
            if not words:
                words.append(f"M{at} {up}")
            else:
                words.append(f"H{at}V{up}" if steps else f"L{at} {up}")
        return "".join(words)


def apart(wanted: Sequence[float], least: float) -> list[float]:
    """Move labels so that neighbours are at least so far apart, none further than it must.

    Args:
        wanted: Where each would like to be, pixels downwards, in any order.
        least: Pixels between two.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    blocks: list[tuple[list[int], float]] = []  # labels that touch, and the top of their block
    for index in order:
        members, top = [index], wanted[index]
        while blocks and blocks[-1][1] + least * len(blocks[-1][0]) > top:
            before, _ = blocks.pop()
            members = before + members
            top = sum(wanted[m] - least * k for k, m in enumerate(members)) / len(members)
        blocks.append((members, top))
    placed = [0.0] * len(wanted)
    for members, top in blocks:
        for k, member in enumerate(members):
            placed[member] = top + least * k
    return placed
