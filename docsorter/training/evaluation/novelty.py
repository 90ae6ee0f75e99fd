"""Whether novelty finds what was never taught.

As it ships: documents of the labels against foreign ones. Leave-label-out: novelty is fitted again
without one label, on half of the other documents; the other half is the known side, the label left
out the unknown one. The network itself did learn that label, so that the second answer flatters
novelty for labels whose features the network has made a place for; with labels nobody taught, the
first answer is the one to look at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from docsorter.decide.novelty import NoveltyModel
from docsorter.model.card import Measured
from docsorter.training.evaluation.automation import in_halves
from docsorter.training.evaluation.curves import accepted_unknown, auroc, roc_points
from docsorter.training.evaluation.figures import LEAST_PER_LABEL, too_few
from docsorter.training.evaluation.resampling import Resampler, percentile_interval
from docsorter.training.looking import Judged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

_REFERENCE: Final = 1
"""Rows for the reference distances, which are not asked for here."""

_FITTED: Final = 1500
"""Documents that novelty is fitted on at most: more change nothing but the time it takes."""

_LABELS: Final = 12
"""Labels that are left out at most, those with most documents."""


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


def shipped_roc(
    judged: Judged, labels: int, groups: Sequence[int], rng: np.random.Generator
) -> Roc | None:
    """Compare foreign documents with those of the labels; None when there are none of either."""
    unknown = judged.targets >= labels
    if unknown.all() or not unknown.any():
        return None
    return _roc("", judged.novelty, unknown, np.asarray(groups), rng)


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
