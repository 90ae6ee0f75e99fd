"""The plot of the simulated departments, as an SVG that stands alone."""

from collections.abc import Callable, Sequence
from typing import Final

from bench.department.figures import Life, Sum, weeks
from docsorter.training.evaluation.plots import Frame

AIM: Final = 0.8
_WIDTH: Final = 640
_SHARES: Final = 250
_ERRORS: Final = 170
_RIGHT: Final = 130
_STYLE: Final = """
:root{--paper:#fffdf8;--ink:#23272e;--soft:#5c6470;--grid:#ece8de;--c0:#1b6a9c;--c1:#b8500f;
--c5:#5f6b78}
@media (prefers-color-scheme:dark){:root{--paper:#16191d;--ink:#e6e4df;--soft:#a3abb5;
--grid:#2a2f35;--c0:#70b8e6;--c1:#f0a066;--c5:#a9b4c0}}
.paper{fill:var(--paper)}
text{font:11px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--soft)}
.middle{text-anchor:middle}.end{text-anchor:end}.name{fill:var(--ink);font-size:11.5px}
.label{font-size:12px}.label.c0{fill:var(--c0)}.label.c5{fill:var(--c5)}
.label.target{fill:var(--c1)}
.axis{stroke:var(--soft);fill:none}.grid{stroke:var(--grid);fill:none}
.target{stroke:var(--c1);stroke-dasharray:2 3;fill:none}.label.target{stroke:none}
.curve{fill:none;stroke-width:2.2;stroke-linejoin:round}.curve.c0{stroke:var(--c0)}
.curve.c5{stroke:var(--c5)}.faint{stroke-width:1;opacity:.45}
"""


def plot(lives: Sequence[Life], target: float) -> str:
    """Draw by week what is sorted alone, and what of it was wrong so far, of every department."""
    last = len(weeks(lives[0].earned))
    shares = Frame(
        "Share of the documents sorted without waiting for a person, by week, for the starter's "
        "threshold and for an earned one",
        (0.5, last + 0.5),
        (0.0, 1.0),
        width=_WIDTH,
        height=_SHARES,
        right=_RIGHT,
    )
    ticks = list(range(1, last + 1))
    shares.y_axis([step / 5 for step in range(6)], _percent(0), "sorted alone, %")
    shares.x_axis(ticks, _whole, "week")
    shares.line([(0.5, AIM), (last + 0.5, AIM)], "target")
    _draw(shares, lives, lambda week: week.sorted_alone)
    _name(shares, "the aim: 80 %", AIM, "label target")
    end = weeks(lives[0].earned)[-1].sorted_alone
    _name(shares, "earned", end if end - AIM > 0.06 else AIM + 0.07, "label c0")
    _name(shares, "starter's threshold", weeks(lives[0].starter)[-1].sorted_alone, "label c5")
    errors = Frame(
        "Share of what was sorted alone so far that was wrong, by week, against the promise",
        (0.5, last + 0.5),
        (0.0, 0.015),
        width=_WIDTH,
        height=_ERRORS,
        right=_RIGHT,
    )
    errors.y_axis([0, 0.005, 0.01, 0.015], _percent(1), "wrong so far, %")
    errors.x_axis(ticks, _whole, "week")
    errors.line([(0.5, target), (last + 0.5, target)], "target")
    _name(errors, f"the promise: {100 * target:g} %", target, "label target")
    for number, life in reversed(list(enumerate(lives))):
        errors.line(_so_far(weeks(life.earned)), f"curve c0{' faint' if number else ''}")
    _name(errors, "earned", _so_far(weeks(lives[0].earned))[-1][1], "label c0")
    return _together(shares.svg(), errors.svg())


def _draw(frame: Frame, lives: Sequence[Life], value: Callable[[Sum], float]) -> None:
    for number, life in reversed(list(enumerate(lives))):
        faint = " faint" if number else ""
        for days, colour in ((life.starter, "c5"), (life.earned, "c0")):
            points = [(week, value(one)) for week, one in enumerate(weeks(days), start=1)]
            frame.line(points, f"curve {colour}{faint}")


def _so_far(every: Sequence[Sum]) -> list[tuple[float, float]]:
    points, alone, wrong = [], 0.0, 0
    for week, one in enumerate(every, start=1):
        alone += one.sorted_alone * one.arrived
        wrong += one.wrong
        if alone:
            points.append((float(week), wrong / alone))
    return points


def _name(frame: Frame, words: str, value: float, style: str) -> None:
    frame.text(frame.x.end + 8, frame.y(value) + 4, words, style)


def _percent(digits: int) -> Callable[[float], str]:
    return lambda value: f"{100 * value:.{digits}f}"


def _whole(value: float) -> str:
    return f"{value:.0f}"


def _together(upper: str, lower: str) -> str:
    """Put one drawing below the other."""
    height = _SHARES + _ERRORS
    inner = upper.replace("<svg ", f'<svg width="{_WIDTH}" height="{_SHARES}" ', 1)
    inner += lower.replace("<svg ", f'<svg y="{_SHARES}" width="{_WIDTH}" height="{_ERRORS}" ', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}"><style>{_STYLE}</style>'
        f'<rect class="paper" width="{_WIDTH}" height="{height}"/>{inner}</svg>\n'
    )
