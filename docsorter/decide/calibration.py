"""From logits to probabilities that mean what they say, and how well they do."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from docsorter.errors import ModelError

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]

LEAST_TEMPERATURE: Final = 0.05
GREATEST_TEMPERATURE: Final = 20.0
KNOWN_COUNTS: Final = 200
"""A temperature that is known counts as so many documents."""

_COARSE_STEPS: Final = 49
_GOLDEN: Final = (5**0.5 - 1) / 2
_LOG_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Documents of about the same confidence."""

    count: int
    confidence: float
    accuracy: float


def softmax(logits: NDArray[np.floating[Any]], temperature: float = 1.0) -> Floats:
    """Turn logits into probabilities.

    Args:
        logits: (n, L), any finite numbers.
        temperature: Divides the logits; > 1 makes the model less sure, < 1 surer.

    Returns:
        (n, L) float64, every row sums to 1.

    Raises:
        ModelError: A logit is not finite, there is no column, or the temperature is not above 0.
    """
    values = _finite_matrix(logits, "logits")
    if not (np.isfinite(temperature) and temperature > 0):
        raise ModelError(f"the temperature of the model must be above 0, not {temperature}")
    values = (values - values.max(axis=1, keepdims=True)) / temperature
    powers = np.exp(values)
    result: Floats = powers / powers.sum(axis=1, keepdims=True)
    return result


def label_probabilities(
    logits: NDArray[np.floating[Any]], temperature: float, background: int = 0
) -> Floats:
    """Turn logits into probabilities of labels, the background summed into one last column.

    Args:
        logits: (n, C) with C = labels + background.
        temperature: As for `softmax`.
        background: How many trailing columns mean "none of the labels".

    Returns:
        (n, labels) float64, or (n, labels + 1) when there is a background.

    Raises:
        ModelError: As for `softmax`, or the background leaves no label.
    """
    probabilities = softmax(logits, temperature)
    if background == 0:
        return probabilities
    labels = probabilities.shape[1] - background
    if background < 0 or labels < 1:
        raise ModelError(
            f"the model has {probabilities.shape[1]} outputs, which leaves no label beside "
            f"a background of {background}"
        )
    other = probabilities[:, labels:].sum(axis=1, keepdims=True)
    return np.concatenate([probabilities[:, :labels], other], axis=1)


def fit_temperature(
    logits: NDArray[np.floating[Any]],
    targets: Integers,
    background: int = 0,
    weights: Floats | None = None,
    known: float | None = None,
) -> float:
    """Find the temperature under which the true labels are most likely.

    Temperature scaling as in Guo et al. 2017 (arXiv 1706.04599). The targets are smoothed as Platt
    did (1999): each true label counts n+1 of n+2. Without it a small set with no mistake in
    it asks for the least temperature there is, and everything looks certain ever after. Few
    documents so smoothed say that a sure model is too sure, though; where a temperature is known,
    its probabilities count as `KNOWN_COUNTS` further documents instead.

    Args:
        logits: (n, C) as for `label_probabilities`.
        targets: (n,) columns of `label_probabilities`; a background document has the last one.
        background: As for `label_probabilities`.
        weights: (n,) how much each document counts, >= 0; alike when not given. With them a set
            stands for another mix of labels than its own.
        known: A temperature that was fitted before, on many documents that are not here.

    Returns:
        A temperature within `LEAST_TEMPERATURE` and `GREATEST_TEMPERATURE`.

    Raises:
        ModelError: Numbers are not finite, or targets or weights do not fit the logits.
    """
    _checked_targets(label_probabilities(logits, 1.0, background), targets)
    shares = np.ones(len(targets)) if weights is None else weights
    if shares.shape != targets.shape or not (shares.min() >= 0 and 0 < shares.sum() < np.inf):
        raise ModelError("documents need one weight each, none below 0 and not all of them 0")
    wanted = _smoothed_targets(logits, targets, background, known)

    def loss(log_temperature: float) -> float:
        probabilities = label_probabilities(logits, float(np.exp(log_temperature)), background)
        logs = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
        return -float(np.average((wanted * logs).sum(axis=1), weights=shares))

    # Summed background columns can bend the loss, so bracket its minimum before the search.
    grid = np.linspace(np.log(LEAST_TEMPERATURE), np.log(GREATEST_TEMPERATURE), _COARSE_STEPS)
    best = int(np.argmin([loss(float(point)) for point in grid]))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)])
    while high - low > _LOG_TOLERANCE:
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if loss(left) <= loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def reliability(
    probabilities: Floats, targets: Integers, bins: int = 15
) -> tuple[ReliabilityBin, ...]:
    """Group documents by confidence into bins of equal mass, for a reliability diagram.

    Args:
        probabilities: (n, L), rows sum to 1.
        targets: (n,) columns.
        bins: Number of bins; fewer come back when there are fewer documents.

    Raises:
        ModelError: The shapes do not fit, or there is no document.
    """
    _checked_targets(_finite_matrix(probabilities, "probabilities"), targets)
    confidences = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == targets
    order = np.argsort(confidences, kind="stable")
    parts = np.array_split(order, max(1, min(bins, len(order))))
    return tuple(
        ReliabilityBin(len(part), float(confidences[part].mean()), float(right[part].mean()))
        for part in parts
    )


def brier(probabilities: Floats, targets: Integers) -> float:
    """Mean squared distance from the truth, summed over labels (Brier 1950): 0 best, 2 worst.

    Raises:
        ModelError: As for `reliability`.
    """
    _checked_targets(_finite_matrix(probabilities, "probabilities"), targets)
    truth = np.eye(probabilities.shape[1])[targets]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def _smoothed_targets(
    logits: NDArray[np.floating[Any]], targets: Integers, background: int, known: float | None
) -> Floats:
    """Return what the probabilities are compared with, (n, columns); rows sum to 1."""
    before = label_probabilities(logits, known or 1.0, background)
    count, width = before.shape
    truth = np.eye(width)[targets]
    if known is not None:
        share = KNOWN_COUNTS / (count + KNOWN_COUNTS)
        mixed: Floats = (1 - share) * truth + share * before
        return mixed
    share = 1.0 / (count + 2)
    smoothed: Floats = (1 - share) * truth + share * (1 - truth) / max(width - 1, 1)
    return smoothed


def _finite_matrix(values: NDArray[np.floating[Any]], name: str) -> Floats:
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] == 0:  # noqa: PLR2004 -- rows and columns
        raise ModelError(f"the {name} of the model must be a table, not of shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ModelError(
            f"the model answered with {name} that are no numbers (NaN or infinite)",
            remedy="check the model bundle with `docsorter doctor`",
        )
    return matrix


def _checked_targets(probabilities: Floats, targets: Integers) -> None:
    count, width = probabilities.shape
    fits = targets.shape == (count,) and np.issubdtype(targets.dtype, np.integer)
    if not fits or count == 0:
        raise ModelError(
            f"{count} documents need as many true labels, not an array of {targets.dtype} "
            f"with shape {targets.shape}; at least one is needed"
        )
    if targets.min() < 0 or targets.max() >= width:
        raise ModelError(f"a true label lies outside the {width} columns of the model")
