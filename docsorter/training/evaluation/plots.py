"""The plots of the evaluation page as SVG: reliability, risk over coverage, novelty, intervals.

Drawn here and not by a library: classes instead of colours let one drawing serve light, dark and
print, and a plot takes a few kilobytes.
"""

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from docsorter.model.card import Measured
from docsorter.training.evaluation.curves import ReliabilityPoint, RiskPoint, Roc
from docsorter.training.report import percent

Point = tuple[float, float]

SERIES: Final = 6
"""Distinct colours of the style sheet: classes c0 to c5."""
_STRIP: Final = 44  # pixels for the distribution of confidence in the reliability diagram
_BARS: Final = 20
_LINE: Final = 13  # pixels between two direct labels
TARGET: Final = 0.01


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


def reliability_plot(points: Sequence[ReliabilityPoint], counts: Sequence[int], low: float) -> str:
    """Draw the share that is right over the confidence; a true confidence lies on the diagonal.

    Args:
        points: Bins of about equally sure documents.
        counts: Documents by hundredths of confidence.
        low: Least confidence and share to draw, 0 for the whole picture or 0.8 for the sure end.
    """
    inside = [point for point in points if point.confidence >= low]
    frame = Frame(
        f"Reliability diagram from {low:.0%} to 100 %: confidence against the share that is right, "
        f"in {len(inside)} bins; the table has the numbers",
        (low, 1.0),
        (low, 1.0),
        width=330,
        height=320,
    )
    ticks = [low + step * (1 - low) / 5 for step in range(6)]
    frame.y_axis(ticks, _whole_percent, "share that is right, %")
    frame.x_axis(ticks, _whole_percent, "confidence, %")
    _histogram(frame, counts, low)
    frame.line([(low, low), (1, 1)], "guide")
    for point in inside:
        frame.bar(point.confidence, max(point.low, low), point.high, "whisker c0")
    for point in inside:
        inside_plot = point.accuracy >= low
        frame.dot(
            point.confidence,
            point.accuracy,
            3.6,
            "dot c0" if inside_plot else "dot hollow c0",
            f"{point.count} documents at {percent(point.confidence)}: "
            f"{percent(point.accuracy)} right",
        )
    if low == 0:
        frame.text(frame.x(0.03), frame.y(0.93), "better than it says", "note")
        frame.text(frame.x(0.97), frame.y(0.24), "too sure of itself", "note end")
    return frame.svg()


def _histogram(frame: Frame, counts: Sequence[int], low: float) -> None:
    """Draw along the bottom how many documents are how sure, in twenty bars."""
    kept = counts[round(low * len(counts)) :]
    wide = len(kept) // _BARS
    bars = [sum(kept[start : start + wide]) for start in range(0, len(kept), wide)]
    across = (frame.x.end - frame.x.start) / len(bars)
    for number, documents in enumerate(bars):
        if documents:
            tall = _STRIP * documents / max(bars)
            frame.add(
                f'<rect class="bar" x="{frame.x.start + number * across + 0.5:.1f}" '
                f'y="{frame.y.start - tall:.1f}" width="{across - 1:.1f}" height="{tall:.1f}">'
                f"<title>{documents} documents</title></rect>"
            )


def risk_plot(points: Sequence[RiskPoint], threshold: float) -> str:
    """Draw the error among the surest documents, as ever more of them are sorted.

    Args:
        points: The risk-coverage curve.
        threshold: Of the card, to be marked on it.
    """
    overall = points[-1].risk
    widest = max(point.high for point in points if point.coverage >= 0.5)
    top = _round_up(max(0.02, 1.15 * max(point.risk for point in points), widest))
    frame = Frame(
        f"Risk-coverage curve: with all documents sorted {percent(overall)} are wrong; "
        "the table has the numbers",
        (0.0, 1.0),
        (0.0, top),
        width=560,
        height=340,
        right=112,
    )
    frame.y_axis([top * step / 4 for step in range(5)], _percent_of(top), "wrong among them, %")
    frame.x_axis(
        [step / 5 for step in range(6)],
        _whole_percent,
        "share of the documents sorted, surest first, %",
    )
    frame.band(
        [(point.coverage, point.low) for point in points],
        [(point.coverage, min(point.high, top)) for point in points],
        "band c0",
    )
    best = _best_order(points)
    frame.line(best, "guide solid")
    frame.line([(0, overall), (1, overall)], "guide")
    if top > TARGET:
        frame.line([(0, TARGET), (1, TARGET)], "target")
    frame.line([(point.coverage, point.risk) for point in points], "curve c0")
    at = _at_threshold(points, threshold)
    if at is not None:
        frame.dot(at.coverage, at.risk, 4.5, "dot c1", f"threshold {threshold:.4f}")
    _risk_labels(frame, points, at, best[-1][1] if best else overall)
    return frame.svg()


def _risk_labels(
    frame: Frame, points: Sequence[RiskPoint], at: RiskPoint | None, best: float
) -> None:
    overall = points[-1].risk
    wanted = [(overall, "this model", "label c0"), (overall, "any order", "label faint")]
    if overall > 0:
        wanted.append((best * 0.55, "perfect order", "label faint"))
    if frame.y.high > TARGET:
        wanted.append((TARGET, "1 % wrong", "label target"))
    places = apart([frame.y(value) + 4 for value, _, _ in wanted], _LINE)
    for (_, words, style), place in zip(wanted, places, strict=True):
        frame.text(frame.x.end + 6, place, words, style)
    if at is not None:
        left, above = at.coverage > 0.5, frame.y(at.risk) - 9
        if abs(above - 4 - frame.y(TARGET)) < _LINE:  # not across the line of the target
            above = frame.y(TARGET) - 6
        frame.text(
            frame.x(at.coverage) + (-8 if left else 8),
            above,
            "the card's threshold",
            f"label c1 {'end' if left else ''}",
        )


def _best_order(points: Sequence[RiskPoint]) -> list[Point]:
    """Return the curve of a model that is least sure of exactly its mistakes."""
    right = 1 - points[-1].risk
    steps = [right + (1 - right) * step / 20 for step in range(21)]
    return [(0.0, 0.0), *((at, 1 - right / at if at else 0.0) for at in steps)]


def _at_threshold(points: Sequence[RiskPoint], threshold: float) -> RiskPoint | None:
    sorted_ = [point for point in points if point.threshold >= threshold]
    return sorted_[-1] if sorted_ else None


def roc_plot(curves: Sequence[Roc]) -> str:
    """Draw how many unknown documents are found as ever more known ones are asked about."""
    drawn = [curve for curve in curves if curve.points]
    frame = Frame(
        "Novelty: share of unknown documents found against the share of known documents asked "
        "about; the table has the numbers",
        (0.0, 1.0),
        (0.0, 1.0),
        width=520,
        height=340,
        right=176,
    )
    ticks = [step / 5 for step in range(6)]
    frame.y_axis(ticks, _whole_percent, "unknown documents found, %")
    frame.x_axis(ticks, _whole_percent, "known documents asked about in vain, %")
    frame.line([(0, 0), (1, 1)], "guide")
    frame.line([(0.05, 0), (0.05, 1)], "target")
    for number, curve in enumerate(drawn):
        frame.line(curve.points, f"curve c{number % SERIES}")
        # Ties may leave no limit at exactly 5 %: the last one that keeps 95 % of the known.
        at = max(point for point in curve.points if point[0] <= 0.05 + 1e-9)
        frame.dot(*at, 3.5, f"dot c{number % SERIES}")
    # Beside the end of the curves, where all of them meet, in the order of the dots.
    best_first = sorted(range(len(drawn)), key=lambda number: drawn[number].accepted.value or 0.0)
    wanted = [frame.y(1.0) + 4 + best_first.index(number) for number in range(len(drawn))]
    places = apart(wanted, 16)
    down = max(0.0, wanted[0] - min(places)) if places else 0.0
    for (number, curve), place in zip(enumerate(drawn), places, strict=True):
        frame.text(frame.x.end + 8, place + down, roc_name(curve), f"label c{number % SERIES}")
    frame.text(frame.x(0.05) + 5, frame.y(0.03), "5 % of the known", "note")
    return frame.svg()


def roc_name(curve: Roc) -> str:
    """Say what was unknown."""
    return f"{curve.name!r} never taught" if curve.name else "foreign documents"


def interval_bar(measured: Measured, low: float, style: str = "c0") -> str:
    """Draw a share and its interval as a small bar for a table, from `low` to 1."""
    if measured.value is None:
        return ""
    scale = Scale(low, 1.0, 4, 136)
    left, right = (
        scale(measured.value if end is None else end) for end in (measured.low, measured.high)
    )
    return (
        '<svg class="spark" viewBox="0 0 140 14" aria-hidden="true">'
        '<path class="grid" d="M4 7H136"/>'
        f'<path class="whisker {style}" d="M{left:.1f} 7H{right:.1f}"/>'
        f'<circle class="dot {style}" cx="{scale(measured.value):.1f}" cy="7" r="3.4"/></svg>'
    )


def least_of(measured: Sequence[Measured]) -> float:
    """Return where the small bars of a table begin: a tenth below the least interval."""
    ends = [one.low if one.low is not None else one.value for one in measured]
    least = min((end for end in ends if end is not None), default=0.0)
    return max(0.0, min(0.9, int(least * 10) / 10))


def _whole_percent(value: float) -> str:
    return f"{100 * value:.0f}"


def _percent_of(top: float) -> Callable[[float], str]:
    """Return what writes percentages with as many digits as the axis takes."""
    digits = 0 if top >= 0.08 else 1
    return lambda value: f"{100 * value:.{digits}f}"


def _round_up(value: float) -> float:
    for step in (0.02, 0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.32, 0.4, 0.6, 0.8):
        if value <= step:
            return step
    return 1.0
