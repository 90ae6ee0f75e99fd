"""Curves of the report as numbers: reliability, risk over coverage, receiver operating curve."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.training.evaluation.resampling import wilson_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

BINS: Final = 15
POINTS: Final = 201
"""Points that a curve keeps at most."""

HISTOGRAM: Final = 100
"""Bins of the distribution of confidence, each a hundredth wide."""


@dataclass(frozen=True, slots=True)
class ReliabilityPoint:
    """Documents of about the same confidence.

    Attributes:
        count: How many.
        confidence: Their mean confidence, 0-1.
        accuracy: The share of them whose top label is right.
        low: Lower end of the 95 % Wilson interval of that share.
        high: Upper end.
    """

    count: int
    confidence: float
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What happens when the surest documents are sorted.

    Attributes:
        coverage: Share of the documents that is sorted, 0-1.
        threshold: Confidence of the least sure of them.
        risk: Share of them that is wrong.
        low: Lower end of the 95 % Wilson interval of that share, for this point alone.
        high: Upper end.
    """

    coverage: float
    threshold: float
    risk: float
    low: float
    high: float


def reliability_points(
    confidence: "Floats", right: "Mask", bins: int = BINS
) -> tuple[ReliabilityPoint, ...]:
    """Group documents by confidence into bins of equal mass (Nixon et al. 2019).

    Args:
        confidence: (n,) of the top label, 0-1.
        right: (n,) whether the top label is the true one.
        bins: Number of bins; fewer come back when there are fewer documents.
    """
    order = np.argsort(confidence, kind="stable")
    points = []
    for part in np.array_split(order, max(1, min(bins, len(order)))):
        if len(part):
            hits = int(right[part].sum())
            low, high = wilson_interval(hits, len(part))
            points.append(
                ReliabilityPoint(
                    len(part), float(confidence[part].mean()), hits / len(part), low, high
                )
            )
    return tuple(points)


def confidence_counts(confidence: "Floats") -> tuple[int, ...]:
    """Count documents by hundredths of confidence, `HISTOGRAM` numbers."""
    hundredth = np.minimum((confidence * HISTOGRAM).astype(np.int64), HISTOGRAM - 1)
    return tuple(np.bincount(hundredth, minlength=HISTOGRAM).tolist())


def calibration_error(confidence: "Floats", right: "Mask", bins: int = BINS) -> float:
    """Return the mean distance of confidence and accuracy over bins of equal mass, 0-1."""
    order = np.argsort(confidence, kind="stable")
    gap = (right.astype(np.float64) - confidence)[order]
    sizes = [len(part) for part in np.array_split(order, max(1, min(bins, len(order))))]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return float(np.abs(np.add.reduceat(gap, starts)).sum() / len(order))


def calibration_error_by_chance(confidence: "Floats", rng: np.random.Generator) -> float:
    """Return the mean calibration error of a model whose confidence is exactly true.

    Small sets look worse than they are; this is by how much.
    """
    draws = [calibration_error(confidence, rng.random(len(confidence)) < confidence)
             for _ in range(100)]  # fmt: skip
    return float(np.mean(draws))


def risk_coverage(confidence: "Floats", right: "Mask") -> "tuple[Floats, Floats]":
    """Return coverage and risk (both 0-1) as ever less sure documents are sorted."""
    order = np.argsort(-confidence, kind="stable")
    counts = np.arange(1, len(order) + 1)
    return counts / len(order), np.cumsum(~right[order]) / counts


def risk_points(confidence: "Floats", right: "Mask") -> tuple[RiskPoint, ...]:
    """Return the risk-coverage curve at up to `POINTS` coverages, the last one being all."""
    _, risk = risk_coverage(confidence, right)
    sure = np.sort(confidence)[::-1]
    n = len(risk)
    points = []
    for count in np.unique(np.linspace(1, n, min(n, POINTS)).round().astype(int)).tolist():
        errors = round(float(risk[count - 1]) * count)
        low, high = wilson_interval(errors, count)
        points.append(RiskPoint(count / n, float(sure[count - 1]), errors / count, low, high))
    return tuple(points)


def aurc(confidence: "Floats", right: "Mask") -> float:
    """Return the area under the risk-coverage curve (Geifman et al. 2019), 0 best."""
    return float(risk_coverage(confidence, right)[1].mean())


def least_aurc(errors: int, n: int) -> float:
    """Return the area that is left when all errors are the least sure documents."""
    return float((np.arange(1, errors + 1) / np.arange(n - errors + 1, n + 1)).sum() / n)


def excess_aurc(confidence: "Floats", right: "Mask") -> float:
    """Return how much area a better order could save (E-AURC, Geifman et al. 2019), 0 best."""
    return aurc(confidence, right) - least_aurc(int((~right).sum()), len(right))


def auroc(known: "Floats", unknown: "Floats") -> float:
    """Return the chance that an unknown document scores higher than a known one; ties half."""
    ordered = np.sort(known)
    below = np.searchsorted(ordered, unknown, "left") + np.searchsorted(ordered, unknown, "right")
    return float(below.mean() / (2 * len(known)))


def accepted_unknown(known: "Floats", unknown: "Floats", accepted: float = 0.95) -> float:
    """Return the share of unknown documents accepted where a share of the known ones is.

    "FPR at 95 % TPR" of the literature on novelty (Hendrycks and Gimpel 2017).
    """
    limit = np.quantile(known, accepted, method="higher")
    return float((unknown <= limit).mean())


def roc_points(known: "Floats", unknown: "Floats") -> tuple[tuple[float, float], ...]:
    """Return (share of known asked about, share of unknown found) as the limit falls."""
    limits = np.unique(np.concatenate([known, unknown]))[::-1]
    asked = 1 - np.searchsorted(np.sort(known), limits, "left") / len(known)
    found = 1 - np.searchsorted(np.sort(unknown), limits, "left") / len(unknown)
    kept = np.unique(np.linspace(0, len(limits) - 1, min(len(limits), POINTS)).round().astype(int))
    return (
        (0.0, 0.0),
        *zip(asked[kept].tolist(), found[kept].tolist(), strict=True),
    )
