"""Intervals and curves as numbers: reliability, risk over coverage, novelty's ROC.

95 % intervals come from resampled groups, for ten scans of one template are not ten documents: the
cluster bootstrap (Efron and Tibshirani 1993; Davison and Hinkley 1997, section 3.8) draws whole
groups with replacement, so that the interval is as wide as the number of *different* documents
deserves.

Novelty is measured as it ships, with documents of the labels against foreign ones, and by leaving
labels out: it is fitted again without one label, on half of the other documents; the other half is
the known side, the label left out the unknown one. The network itself did learn that label, so
that the second answer flatters novelty for labels whose features the network has made a place for;
with labels nobody taught, the first answer is the one to look at.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from docsorter.decide.novelty import NoveltyModel
from docsorter.model.card import Measured
from docsorter.training.dataset import Predictions
from docsorter.training.splits import deal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]
    Mask = NDArray[np.bool_]


LEAST_PER_LABEL: Final = 30
RESAMPLES: Final = 1000
_Z: Final = 1.959964
_ENDS: Final = (2.5, 97.5)


def wilson_interval(hits: float, n: float) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson 1927), 0-1; n must be above 0."""
    share, square = hits / n, _Z * _Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z * float(np.sqrt(share * (1 - share) / n + square / (4 * n * n))) / (1 + square / n)
    # At the ends the formula gives 0 and 1 but for rounding.
    low = 0.0 if hits <= 0 else max(0.0, middle - half)
    high = 1.0 if hits >= n else min(1.0, middle + half)
    return low, high


def too_few(n: int, least: int = LEAST_PER_LABEL, what: str = "documents") -> Measured:
    """Return a figure that cannot be measured, and why."""
    return Measured(value=None, n=n, note=f"not measurable under {least} {what}")


class Resampler:
    """Draws groups of documents again and again, the same draws for every figure.

    Args:
        groups: (n,) group of each document, any integers.
        rng: What draws.
        resamples: How often.
    """

    def __init__(
        self,
        groups: "Sequence[int] | NDArray[np.int64]",
        rng: np.random.Generator,
        resamples: int = RESAMPLES,
    ) -> None:
        unique, self._member = np.unique(np.asarray(groups, np.int64), return_inverse=True)
        self.documents = len(self._member)
        self.groups = len(unique)
        shares = np.full(self.groups, 1 / max(1, self.groups))
        # float32 counts exactly up to 2**24, and multiplies fast.
        self._draws = rng.multinomial(self.groups, shares, resamples).astype(np.float32)

    def share(self, hits: "Mask", among: "Mask | None" = None, note: str = "") -> Measured:
        """Return the share of hits among some documents.

        Where every document is a hit, or none, all resamples agree and the bootstrap has nothing to
        say; the interval is then Wilson's for as many documents as there are groups. Otherwise it
        is never narrower than Wilson's for independent documents.

        Args:
            hits: (n,) which documents count.
            among: (n,) of which; all when not given.
            note: Goes into the figure.
        """
        chosen = np.ones(self.documents, np.bool_) if among is None else among
        n, found = int(chosen.sum()), int((hits & chosen).sum())
        if n == 0:
            return Measured(value=None, n=0, note=note or "no documents")
        if found in {0, n}:
            groups = len(np.unique(self._member[chosen]))
            low, high = wilson_interval(groups * found / n, groups)
        else:
            drawn = self._ratio(hits & chosen, chosen)
            ends = np.percentile(drawn, _ENDS)
            plain = wilson_interval(found, n)
            low, high = min(float(ends[0]), plain[0]), max(float(ends[1]), plain[1])
        return Measured(value=found / n, n=n, low=low, high=high, note=note)

    def spread(self, figures: "Callable[[Rows], Floats]") -> "Floats":
        """Return figures of every resample, (resamples, k); `figures` gets row numbers."""
        every = np.arange(self.documents)
        return np.stack(
            [figures(np.repeat(every, draw[self._member].astype(np.int64))) for draw in self._draws]
        )

    def _ratio(self, hits: "Mask", among: "Mask") -> "Floats":
        def sums(mask: "Mask") -> "Floats":
            per_group = np.bincount(self._member, mask, self.groups).astype(np.float32)
            return np.asarray(self._draws @ per_group, np.float64)

        above, below = sums(hits), sums(among)
        return above[below > 0] / below[below > 0]


def percentile_interval(drawn: "Floats") -> tuple[float, float]:
    """Return the ends of the percentile interval; draws that were no number are left out."""
    low, high = np.nanpercentile(drawn, _ENDS)
    return float(low), float(high)


def pivotal_interval(value: float, drawn: "Floats") -> tuple[float, float]:
    """Return the pivotal ("basic") interval, at least 0.

    For figures that resampling moves in one direction, as it does a calibration error: the resample
    of a resample looks worse than it is by about as much as the sample did.
    """
    low, high = percentile_interval(drawn)
    return max(0.0, min(value, 2 * value - high)), max(value, 2 * value - low)


def in_halves(groups: Sequence[int], targets: "NDArray[np.int64]") -> list[int]:
    """Deal whole groups into two halves with about as many documents of every label."""
    dealt = deal(groups, [str(target) for target in targets], {"0": 0.5, "1": 0.5})
    return [int(half) for half in dealt]


BINS: Final = 15
POINTS: Final = 201
"""Points that a curve keeps at most."""

HISTOGRAM: Final = 100
"""Bins of the distribution of confidence, each a hundredth wide."""


_REFERENCE: Final = 1
"""Rows for the reference distances, which are not asked for here."""

_FITTED: Final = 1500
"""Documents that novelty is fitted on at most: more change nothing but the time it takes."""

_LABELS: Final = 12
"""Labels that are left out at most, those with most documents."""


@dataclass(frozen=True, slots=True)
class ReliabilityPoint:
    """Documents of about the same confidence (their mean, 0-1), and how many of them are right.

    `low` and `high` are the ends of the 95 % Wilson interval of `accuracy`.
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


@dataclass(frozen=True, slots=True)
class Roc:
    """How well a score tells unknown documents from known ones.

    Attributes:
        name: The label left out, or "" for foreign documents as novelty ships.
        known: Documents on the known side.
        unknown: Documents on the unknown side.
        auroc: Chance that an unknown document is the more novel of the two; 0.5 is guessing.
        accepted: Share of the unknown accepted where 95 % of the known are (FPR at 95 % TPR).
        points: (share of known asked about, share of unknown found), ascending.
    """

    name: str
    known: int
    unknown: int
    auroc: Measured
    accepted: Measured
    points: tuple[tuple[float, float], ...]

    def found_at(self, asked: float) -> float:
        """Return the share of unknown found where this share of the known is asked about."""
        return max(found for known, found in self.points if known <= asked)


def reliability_points(
    confidence: "Floats", right: "Mask", bins: int = BINS
) -> tuple[ReliabilityPoint, ...]:
    """Group documents by confidence into bins of equal mass (Nixon et al. 2019).

    Fewer bins come back when there are fewer documents.
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


def errors_caught(confidence: "Floats", right: "Mask", reviewed: "Floats") -> "Floats":
    """Return which share of the errors a person finds who looks at the least sure documents.

    Args:
        confidence: (n,) 0-1, at least one.
        right: (n,) which documents are no errors.
        reviewed: (k,) shares of the documents that are looked at, 0-1. Of equally sure ones none
            is looked at first: their errors count evenly.

    Returns:
        (k,) 0-1, 1 best; not numbers where there is no error.
    """
    order = np.argsort(confidence, kind="stable")
    sure = confidence[order]
    ends = np.append(np.flatnonzero(sure[1:] != sure[:-1]) + 1, len(sure))
    found = np.cumsum(~right[order])[ends - 1]
    if not found[-1]:
        return np.full(len(reviewed), np.nan)
    caught = np.interp(reviewed * len(sure), np.append(0, ends), np.append(0, found))
    return np.asarray(caught / found[-1], np.float64)


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


def shipped_roc(
    predictions: Predictions, labels: int, groups: Sequence[int], rng: np.random.Generator
) -> Roc | None:
    """Compare foreign documents with those of the labels; None when there are none of either."""
    unknown = predictions.targets >= labels
    if unknown.all() or not unknown.any():
        return None
    return _roc("", predictions.novelty, unknown, np.asarray(groups), rng)


def leave_label_out(
    features: "NDArray[np.floating[Any]]",
    targets: "NDArray[np.int64]",
    labels: tuple[str, ...],
    groups: Sequence[int],
    rng: np.random.Generator,
) -> tuple[Roc, ...]:
    """Fit novelty without each label in turn; labels with too few documents are left out.

    Args:
        features: (n, F) of the first pages.
        targets: (n,) columns of the labels; higher ones are foreign and not used.
        labels: The labels.
        groups: (n,) never cut by the halves.
        rng: Of the resamples.
    """
    found = []
    sizes = np.bincount(targets[targets < len(labels)], minlength=len(labels))
    asked = set(np.argsort(-sizes, kind="stable")[:_LABELS].tolist())
    for column, label in enumerate(labels):
        if column not in asked:
            continue
        known = (targets < len(labels)) & (targets != column)
        unknown = targets == column
        if min(int(known.sum()), int(unknown.sum())) >= LEAST_PER_LABEL:
            scores = _scores(features, targets, np.asarray(groups), known, unknown, rng)
            used = known | unknown
            found.append(_roc(label, scores[used], unknown[used], np.asarray(groups)[used], rng))
    return tuple(found)


def _scores(
    features: "NDArray[np.floating[Any]]",
    targets: "NDArray[np.int64]",
    groups: "NDArray[np.int64]",
    known: "Mask",
    unknown: "Mask",
    rng: np.random.Generator,
) -> "Floats":
    """Return distances by models that saw neither the label nor the document."""
    rows = np.flatnonzero(known)
    side = np.array(in_halves(groups[rows].tolist(), targets[rows]))
    scores = np.zeros(len(features))
    for half in (0, 1):
        fitted, asked = rng.permutation(rows[side == half])[:_FITTED], rows[side != half]
        if len(fitted) <= len(np.unique(targets[fitted])) or not len(asked):
            scores[unknown] = np.nan  # one group holds nearly everything: there is no other half
            continue
        model = NoveltyModel.fit(features[fitted], targets[fitted], features[asked][:_REFERENCE])
        scores[asked] = model.distance(features[asked])
        scores[unknown] += model.distance(features[unknown]) / 2
    return scores


def _roc(
    name: str,
    scores: "Floats",
    unknown: "Mask",
    groups: "NDArray[np.int64]",
    rng: np.random.Generator,
) -> Roc:
    there, here = scores[unknown], scores[~unknown]
    n = min(len(there), len(here))
    if n < LEAST_PER_LABEL or not np.isfinite(scores).all():
        few = too_few(n)
        return Roc(name, len(here), len(there), few, few, ())

    def figures(rows: "NDArray[np.int64]") -> "Floats":
        drawn, is_unknown = scores[rows], unknown[rows]
        if is_unknown.all() or not is_unknown.any():
            return np.full(2, np.nan)
        known, strange = drawn[~is_unknown], drawn[is_unknown]
        return np.array([auroc(known, strange), accepted_unknown(known, strange)])

    drawn = Resampler(groups, rng).spread(figures)
    measured = [
        _measured(value, drawn[:, column], len(scores))
        for column, value in enumerate((auroc(here, there), accepted_unknown(here, there)))
    ]
    return Roc(name, len(here), len(there), measured[0], measured[1], roc_points(here, there))


def _measured(value: float, drawn: "Floats", n: int) -> Measured:
    low, high = percentile_interval(drawn)
    return Measured(value=value, n=n, low=low, high=high)
