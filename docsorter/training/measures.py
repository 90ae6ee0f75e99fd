"""Figures with what is needed to judge them: n, a 95 % interval, or why they cannot be measured."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.decide.calibration import expected_calibration_error
from docsorter.documents import SortRule
from docsorter.model.card import Measured
from docsorter.training.looking import Judged
from docsorter.training.rule import apply_rule, sorts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_PER_LABEL: Final = 30
LEAST_FOR_ECE: Final = 500
LEAST_FOR_AUTOMATION: Final = 299
_RESAMPLES: Final = 1000
_Z: Final = 1.959964


def wilson(hits: int, n: int, note: str = "") -> Measured:
    """Return a share with its Wilson score interval (1927)."""
    if n == 0:
        return Measured(value=None, n=0, note=note or "no documents")
    share, square = hits / n, _Z * _Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z * float(np.sqrt(share * (1 - share) / n + square / (4 * n * n))) / (1 + square / n)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Measured(value=share, n=n, low=low, high=high, note=note)


def bootstrap(figure: "Callable[[NDArray[np.int64]], float]", n: int, seed: int = 0) -> Measured:
    """Return a figure of n documents with its percentile bootstrap interval.

    Args:
        figure: Gives the figure for an array of row numbers.
        n: Number of documents.
        seed: Of the resamples.
    """
    rng = np.random.default_rng(seed)
    drawn = [figure(rng.integers(0, n, n)) for _ in range(_RESAMPLES)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Measured(value=figure(np.arange(n)), n=n, low=float(low), high=float(high))


def macro_f1(top: "NDArray[np.int64]", targets: "NDArray[np.int64]", labels: int) -> float:
    """Return the mean F1 of the labels; one that neither occurs nor is named counts as 0."""
    scores = []
    for label in range(labels):
        hit = int(((top == label) & (targets == label)).sum())
        named, there = int((top == label).sum()), int((targets == label).sum())
        scores.append(2 * hit / (named + there) if named + there else 0.0)
    return float(np.mean(scores))


def risk_coverage(confidence: "Floats", right: "NDArray[np.bool_]") -> "tuple[Floats, Floats]":
    """Return coverage and risk (both 0-1) as ever less sure documents are sorted."""
    order = np.argsort(-confidence, kind="stable")
    counts = np.arange(1, len(order) + 1)
    return counts / len(order), np.cumsum(~right[order]) / counts


def aurc(confidence: "Floats", right: "NDArray[np.bool_]") -> float:
    """Return the area under the risk-coverage curve (Geifman et al. 2019), 0 best."""
    return float(risk_coverage(confidence, right)[1].mean())


def figures(judged: Judged, names: tuple[str, ...], rule: SortRule) -> dict[str, Measured]:
    """Return all figures of one set of documents.

    Args:
        judged: The documents, foreign ones included.
        names: The labels; further columns of the probabilities are background.
        rule: The sort rule on the card.
    """
    labels = len(names)
    mine = judged.where(judged.targets < labels)
    result: dict[str, Measured] = {}
    if len(mine.samples):
        result |= _skill(mine, names)
        result |= _confidence(mine)
    tested = apply_rule(judged, labels, rule)
    result["error among sorted"] = wilson(
        tested.errors,
        tested.sorted_alone,
        "" if tested.sorted_alone >= LEAST_FOR_AUTOMATION else "too few for a promise of 1 %",
    )
    result["foreign documents sorted"] = wilson(tested.foreign_sorted, tested.foreign)
    chosen = sorts(mine, labels, rule.threshold, rule.novelty_limit)
    result["automation rate"] = wilson(int(chosen.sum()), len(mine.samples), "at the card's rule")
    return result


def _skill(mine: Judged, names: tuple[str, ...]) -> dict[str, Measured]:
    """How often the top answer is right, for documents that are of a label."""
    labels = len(names)
    top = mine.probabilities.argmax(axis=1)
    closed = mine.probabilities[:, :labels].argmax(axis=1)
    right, n = top == mine.targets, len(mine.samples)
    result = {
        "accuracy": wilson(int(right.sum()), n, '"other" counts as wrong'),
        "accuracy among labels": wilson(int((closed == mine.targets).sum()), n),
    }
    for column, name in enumerate(names):
        here = mine.targets == column
        enough = int(here.sum()) >= LEAST_PER_LABEL
        result[f"accuracy of {name}"] = (
            wilson(int(right[here].sum()), int(here.sum())) if enough else _too_few(here)
        )
    enough = all((mine.targets == column).sum() >= LEAST_PER_LABEL for column in range(labels))
    result["macro-F1"] = (
        bootstrap(lambda rows: macro_f1(top[rows], mine.targets[rows], labels), n)
        if enough
        else Measured(value=None, n=n, note=f"a label has under {LEAST_PER_LABEL} documents")
    )
    return result


def _confidence(mine: Judged) -> dict[str, Measured]:
    """Whether the confidence is true, for documents that are of a label."""
    confidence, n = mine.probabilities.max(axis=1), len(mine.samples)
    right = mine.probabilities.argmax(axis=1) == mine.targets
    ece = Measured(value=None, n=n, note=f"not measurable under {LEAST_FOR_ECE} documents")
    if n >= LEAST_FOR_ECE:
        ece = bootstrap(
            lambda rows: expected_calibration_error(mine.probabilities[rows], mine.targets[rows]),
            n,
        )
    return {"ECE": ece, "AURC": bootstrap(lambda rows: aurc(confidence[rows], right[rows]), n)}


def _too_few(here: "NDArray[np.bool_]") -> Measured:
    return Measured(
        value=None,
        n=int(here.sum()),
        note=f"not measurable under {LEAST_PER_LABEL} documents",
    )
