"""The drawings of the report, as SVG text: confusion, reliability, risk and coverage."""

import io
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from docsorter.decide.calibration import reliability
from docsorter.training.looking import Judged
from docsorter.training.measures import risk_coverage

if TYPE_CHECKING:
    from matplotlib.axes import Axes

mpl.rcParams["svg.hashsalt"] = "docsorter"  # the same figures give the same file
_INK, _ACCENT, _FAINT = "#1f2933", "#0b6e99", "#9aa5b1"


def confusion(judged: Judged, names: tuple[str, ...]) -> str:
    """Draw how many documents of each label (rows) were given each label (columns)."""
    width = len(names)
    counts = np.zeros((width, width), int)
    np.add.at(counts, (judged.targets, judged.probabilities.argmax(axis=1)), 1)
    figure, axes = _blank(4.2, 3.6)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(width):
        for column in range(width):
            colour = "white" if shares[row, column] > 0.6 else _INK
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour)
    axes.set_xticks(range(width), names)
    axes.set_yticks(range(width), names)
    axes.set_xlabel("the model said")
    axes.set_ylabel("it was")
    return _svg(figure)


def reliability_diagram(judged: Judged) -> str:
    """Draw how often documents of a confidence are right; on the diagonal it is true."""
    table = reliability(judged.probabilities, judged.targets, bins=10)
    figure, axes = _blank(4.2, 3.6)
    axes.plot([0, 1], [0, 1], color=_FAINT, linewidth=1, linestyle="--")
    sizes = [12 + 160 * part.count / len(judged.samples) for part in table]
    axes.scatter(
        [part.confidence for part in table], [part.accuracy for part in table], s=sizes,
        color=_ACCENT,
    )  # fmt: skip
    axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1.03), ylim=(0, 1.03))
    return _svg(figure)


def risk_coverage_curve(sets: dict[str, Judged]) -> str:
    """Draw the error among the surest documents, as ever more of them are sorted."""
    figure, axes = _blank(5.2, 3.6)
    for (name, judged), colour in zip(sets.items(), (_ACCENT, "#c2410c", _INK), strict=False):
        right = judged.probabilities.argmax(axis=1) == judged.targets
        coverage, risk = risk_coverage(judged.probabilities.max(axis=1), right)
        axes.plot(coverage, 100 * risk, label=f"{name} (n = {len(right)})", color=colour)
    axes.axhline(1, color=_FAINT, linewidth=1, linestyle="--")
    axes.set(xlabel="share of documents sorted", ylabel="error among them, %", xlim=(0, 1))
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return _svg(figure)


def _blank(width: float, height: float) -> "tuple[Figure, Axes]":
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
