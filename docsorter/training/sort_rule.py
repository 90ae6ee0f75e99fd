"""The sort rule: temperature, novelty limit and thresholds, fitted on documents kept apart.

It must hold on paper that nobody here has seen, so that every choice errs towards asking a person.
Everything is fitted on what the exported file says of documents it did not learn from: with four
sets the grid, its start, the temperature and the novelty on validation, then the calibration set is
used once (Learn-then-Test); with few documents on out-of-fold answers, and nothing is certified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.decide.calibration import fit_temperature
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.policy import eligible_of, offset_between, scores_of
from docsorter.decide.promise import (
    checks_needed,
    not_certifiable_yet,
    promise_statement,
)
from docsorter.decide.thresholds import CheckedDocuments, choose_threshold, plan_thresholds
from docsorter.documents import SortRule
from docsorter.errors import ModelError
from docsorter.training.dataset import Predictions, RawPredictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

CONFIDENCE: Final = 0.95
LEAST_THRESHOLD: Final = 0.9
GREATEST_THRESHOLD: Final = 0.999
NOVELTY_LIMIT: Final = 99.0
"""Percentile: of documents like those of the training one in a hundred is asked about."""

GENERATED_FOREIGN_SORTED: Final = 0.0
"""Share of generated foreign documents that may be sorted, where no real ones are known. A base
learned from such documents, so that real ones pass far more often: up to 9 of 100 of them where 1 %
of the generated ones may, 3 to 4 where none may (83 real ones, 5 to 20 documents per label)."""

FOREIGN_SORTED: Final = 0.02
"""Share of known foreign documents, real ones counted by source, that may be sorted."""

ENOUGH: Final = 50
"""Calibration documents taken for a label, from which on it may have a threshold of its own."""

_MARGIN: Final = 0.5
"""Of the way from the least threshold without errors to certainty. A quarter was enough for models
unsure of all real paper; one that was trained for longer is surer of foreign pages too. Real
foreign documents take none: with it, 20 documents per label (8 draws) sorted 0.18 instead of 0.25
of the own paper, and 4.0 instead of 4.4 % of the foreign of other sources."""


@dataclass(frozen=True, slots=True)
class KnownForeign:
    """Foreign documents, many of them real, that thresholds have to hold back.

    Attributes:
        predictions: What a model says of them that learned from none of the same source.
        weights: (n,) how much each counts: many of one source must not drown the others.
    """

    predictions: Predictions
    weights: "NDArray[np.float64]"


def careful_thresholds(
    parts: Sequence[Predictions],
    labels: Sequence[str],
    target: float,
    foreign: float = GENERATED_FOREIGN_SORTED,
    known: KnownForeign | None = None,
    weight: float = 0.0,
    offsets: Mapping[str, float] | None = None,
) -> tuple[float, dict[str, float]]:
    """Return a threshold that errs towards asking a person, and offsets for labels that differ.

    On each set the least threshold is taken above which errors among documents of the labels stay
    within `target` of those sorted (none at all below 1 / target documents) and at most the share
    `foreign` of the foreign ones are sorted, at every stricter threshold too. The greatest of these
    moves half of the way to 1, and stays within `LEAST_THRESHOLD` and `GREATEST_THRESHOLD`. A label
    with `ENOUGH` documents that are taken for it gets a threshold of its own from those, with its
    share of the foreign documents that may be sorted. So each keeps to the same error on its own,
    and all together do.

    Args:
        parts: Calibration documents by origin.
        labels: The labels; further columns are background.
        target: Error rate that sorted documents may have, 0-1.
        foreign: Share of the foreign documents among them that may be sorted, 0-1.
        known: Many foreign documents, of which `FOREIGN_SORTED` may be sorted.
        weight: Of novelty, see `SortRule.offset`.
        offsets: By label, of a base that knows them all; fitted when not given. With 20 documents
            per label (8 draws, real documents of other layouts, foreign ones of other sources) 0.61
            of the own paper and 1.7 % of the foreign were sorted with those of the base, 0.61 and
            2.2 % with fitted ones.
    """
    fixed = dict(offsets or {})
    rule = SortRule(1.0, 0.0, NOVELTY_LIMIT, offsets=fixed, novelty_weight=weight)
    limits = [_Limit(part, labels, foreign, rule) for part in parts]
    if known is not None:
        limits.append(_Limit(known.predictions, labels, FOREIGN_SORTED, rule, known.weights))
    common = max(limit.needed(target) for limit in limits)
    if offsets is not None:
        return max(common, _least_for_all(fixed)), fixed
    offsets = {}
    for column, label in enumerate(labels):
        if sum(int(limit.taken(column).sum()) for limit in limits) < ENOUGH:
            continue
        if (own := max(limit.needed(target, column) for limit in limits)) != common:
            offsets[label] = offset_between(common, own)
    return common, offsets


def _least_for_all(offsets: Mapping[str, float]) -> float:
    """Return the least threshold with which every label needs `LEAST_THRESHOLD`."""
    lowest = min([0.0, *offsets.values()])
    odds = LEAST_THRESHOLD / (1 - LEAST_THRESHOLD) * np.exp(-lowest)
    return float(odds / (1 + odds))


@dataclass(frozen=True, slots=True)
class _Limit:
    """Documents that a threshold has to hold on.

    Attributes:
        predictions: The documents.
        labels: The labels.
        foreign: Share of the foreign ones that may be sorted.
        rule: Weight of novelty and known offsets.
        weights: (n,) how much each counts of real foreign ones, which are many: they take no
            margin. None for 1.
    """

    predictions: Predictions
    labels: Sequence[str]
    foreign: float
    rule: SortRule
    weights: "NDArray[np.float64] | None" = None

    def taken(self, column: int) -> "Mask":
        """Say which documents are taken for a label, (n,)."""
        return np.asarray(self.predictions.probabilities.argmax(axis=1) == column, np.bool_)

    def needed(self, target: float, column: int | None = None) -> float:
        """Return a threshold without too many errors, of one label or of all, with a margin."""
        least = self._least(target, column)
        if least > LEAST_THRESHOLD / 2 and self.weights is None:
            least += _MARGIN * (1 - least)
        return float(np.clip(least, LEAST_THRESHOLD, GREATEST_THRESHOLD))

    def _least(self, target: float, column: int | None) -> float:
        seen, labels = self.predictions, len(self.labels)
        shares, novelty = seen.probabilities, seen.novelty
        top = shares.argmax(axis=1)
        can, share = eligible_of(shares, novelty, self.labels, self.rule), self.foreign
        if column is not None:
            can, share = can & (top == column), share / labels
        confidence = scores_of(shares, novelty, self.labels, self.rule)[can]
        order = np.argsort(-confidence, kind="stable")
        targets = seen.targets[can][order]
        foreign = targets >= labels
        wrong = (top[can][order] != targets) & ~foreign
        weights = np.ones(len(top)) if self.weights is None else self.weights
        every = float(weights[seen.targets >= labels].sum())
        passed = np.cumsum(foreign * weights[can][order])
        allowed = np.floor(np.cumsum(~foreign) * target)
        broken = np.flatnonzero((np.cumsum(wrong) > allowed) | (passed > share * every))
        return float(np.nextafter(confidence[order][broken[0]], 1.0)) if len(broken) else 0.0


LEAST_TEMPERATURE: Final = 0.5
"""Out-of-fold heads are less sure than the final one; a set of a hundred must not undo that."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What can be promised of the documents sorted alone, or what is missing for it.

    Attributes:
        certified: Whether the threshold passed the test.
        target: Error that is promised, 0-1.
        confidence: Of the promise, 0-1.
        tested: Documents of the calibration set; 0 when documents were too few for one.
        sorted_alone: Of those, sorted at the threshold, or where the test ended.
        errors: Of those, to a wrong label.
        needed: Documents sorted alone that the promise takes with so many errors.
        more: How many more labelled documents it takes, about; 0 when certified.
    """

    certified: bool
    target: float
    confidence: float
    tested: int
    sorted_alone: int
    errors: int
    needed: int
    more: int

    def statement(self) -> str:
        """Say it in one line."""
        if self.certified:
            return promise_statement(self.target, self.confidence, self.sorted_alone)
        return not_certifiable_yet(self.needed, self.sorted_alone, self.errors)


@dataclass(frozen=True, slots=True)
class Confidence:
    """The sort rule with what stands behind it.

    Attributes:
        rule: For the card.
        novelty: Distance from the documents learned from.
        promise: What the threshold may claim.
    """

    rule: SortRule
    novelty: NoveltyModel
    promise: Promise


def temperature_of(raw: RawPredictions, background: int, known: float | None = None) -> float:
    """Return the temperature under which first pages are most likely, within sensible bounds.

    Args:
        raw: The documents.
        background: Outputs that mean "none of these".
        known: Of the base, see `fit_temperature`. Smoothed as if nothing were known, 60 documents
            of which one was wrong asked for 1.9 where a base had 1, and half as many were sorted.
    """
    fitted = fit_temperature(raw.first_logits, raw.targets, background, known=known)
    return max(LEAST_TEMPERATURE, fitted)


def checked(
    predictions: Predictions, held: "Mask", labels: Sequence[str], rule: SortRule
) -> CheckedDocuments:
    """Return documents as the complete sort rule sees them.

    Args:
        predictions: The documents.
        held: (n,) those of which a person is asked in any case.
        labels: The labels; further columns are background.
        rule: Its offsets put confidences on one scale across labels.
    """
    shares, novelty = predictions.probabilities, predictions.novelty
    eligible = eligible_of(shares, novelty, labels, rule) & ~held
    right = shares.argmax(axis=1) == predictions.targets
    return CheckedDocuments(scores_of(shares, novelty, labels, rule), right, eligible)


def threshold_by_test(
    validation: CheckedDocuments,
    calibration: CheckedDocuments,
    target: float,
    confidence: float,
) -> tuple[float | None, Promise]:
    """Plan on validation, test on calibration, once.

    Returns:
        The certified threshold or None, and what may be promised.

    Raises:
        UsageError: Target or confidence lie outside their range.
    """
    try:
        plan = plan_thresholds(validation, len(calibration), target=target, confidence=confidence)
    except ModelError:  # nothing on validation could be sorted alone
        return None, untested(0, len(calibration), target, confidence)
    choice = choose_threshold(plan, calibration)
    certified = choice.threshold is not None
    more = 0
    if not certified:
        rate = max(choice.sorted_alone, 1) / max(len(calibration), 1)
        more = max(0, round(choice.needed / rate) - len(calibration))
    return choice.threshold, Promise(
        certified, target, confidence, len(calibration), choice.sorted_alone, choice.errors,
        choice.needed, more,
    )  # fmt: skip


def least_for_foreign(real: CheckedDocuments, weights: "NDArray[np.float64]") -> float:
    """Return the least threshold at which at most `FOREIGN_SORTED` of the weight is sorted.

    Args:
        real: Real foreign documents as the complete sort rule sees them.
        weights: (n,) how much each counts.
    """
    confidences = real.confidences[real.eligible]
    order = np.argsort(-confidences, kind="stable")
    passed = np.cumsum(weights[real.eligible][order])
    broken = np.flatnonzero(passed > FOREIGN_SORTED * weights.sum())
    return float(np.nextafter(confidences[order][broken[0]], 1.0)) if len(broken) else 0.0


def untested(sorted_alone: int, documents: int, target: float, confidence: float) -> Promise:
    """Return the promise of a rule that no set of its own has tested.

    Args:
        sorted_alone: Documents it sorts, of all.
        documents: How many there are.
        target: Error that is to be promised.
        confidence: Of the promise.
    """
    needed = checks_needed(target, confidence)
    rate = max(sorted_alone, 1) / max(documents, 1)
    return Promise(False, target, confidence, 0, 0, 0, needed, round(needed / rate))
