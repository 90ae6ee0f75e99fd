"""The plots of the report: reliability, risk over coverage, novelty, and intervals in a table."""

from collections.abc import Sequence
from typing import Final

from docsorter.model.card import Measured
from docsorter.training.evaluation.curves import ReliabilityPoint, RiskPoint
from docsorter.training.evaluation.evaluation import Evaluation
from docsorter.training.evaluation.novelty import Roc
from docsorter.training.evaluation.svg import SERIES, Frame, Point, Scale, apart
from docsorter.training.evaluation.words import percent

_STRIP: Final = 44  # pixels for the distribution of confidence in the reliability diagram
_BARS: Final = 20
_LINE: Final = 13  # pixels between two direct labels
TARGET: Final = 0.01


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


def risk_plot(evaluation: Evaluation) -> str:
    """Draw the error among the surest documents, as ever more of them are sorted."""
    points = evaluation.risk
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
    at = _at_threshold(points, evaluation.rule.threshold)
    if at is not None:
        frame.dot(at.coverage, at.risk, 4.5, "dot c1", f"threshold {evaluation.rule.threshold:.4f}")
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


def _percent_of(top: float) -> "_Writer":
    return _Writer(0 if top >= 0.08 else 1)


class _Writer:
    """Writes percentages with as many digits as the axis takes."""

    def __init__(self, digits: int) -> None:
        self._digits = digits

    def __call__(self, value: float) -> str:
        """Write a share as a percentage."""
        return f"{100 * value:.{self._digits}f}"


def _round_up(value: float) -> float:
    for step in (0.02, 0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.32, 0.4, 0.6, 0.8):
        if value <= step:
            return step
    return 1.0
