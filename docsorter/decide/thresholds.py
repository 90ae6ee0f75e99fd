"""The threshold on the card: a test over many thresholds that keeps its error level.

Learn-then-Test with a fixed sequence (Angelopoulos et al. 2021, arXiv 2110.01052): the grid and
where to start on it are fixed on validation documents. Then the calibration documents are looked
at once: from the start downwards every threshold is tested with the exact binomial test, up to
the first that does not pass. The chance that the threshold so found errs more often than promised
is at most 1 - confidence. (Plain conformal risk control does not apply: precision is not monotone
in the threshold.)
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.promise import (
    binomial_tail,
    checks_needed,
    not_certifiable_yet,
    promise_statement,
)
from docsorter.errors import ModelError

GRID_STEPS: Final = 50
"""Thresholds on the grid; neighbours differ by about 1/50 of the eligible documents."""

START_MARGIN: Final = 1.03
"""The test starts where at least this many times the required documents are expected."""

NEAR_BEST: Final = 0.95
"""It starts at the strictest threshold that has this share of the best chance to pass."""


@dataclass(frozen=True, slots=True)
class CheckedDocuments:
    """Documents whose true label is known, as the sort rule sees them.

    Attributes:
        confidences: (n,) float64, of the pooled top label, 0-1.
        correct: (n,) bool, whether the top label is the true one.
        eligible: (n,) bool, whether everything but the threshold lets the document be sorted
            (policy, label in use, novelty, pages that agree).
    """

    confidences: NDArray[np.float64]
    correct: NDArray[np.bool_]
    eligible: NDArray[np.bool_]

    def __post_init__(self) -> None:
        shape = (len(self.confidences),)
        if not self.confidences.shape == self.correct.shape == self.eligible.shape == shape:
            raise ModelError("checked documents need one confidence, truth and eligibility each")
        if not np.isfinite(self.confidences).all():
            raise ModelError("checked documents hold a confidence that is no number")
        if self.correct.dtype != np.bool_ or self.eligible.dtype != np.bool_:
            raise ModelError("truth and eligibility of checked documents must be true or false")

    def __len__(self) -> int:
        return len(self.confidences)

    def sorted_at(self, threshold: float) -> tuple[int, int]:
        """How many are sorted alone at a threshold, and how many of those wrongly."""
        counts, errors = self.sorted_at_each(np.array([threshold]))
        return int(counts[0]), int(errors[0])

    def sorted_at_each(
        self, thresholds: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The same for many thresholds at once, (k,) each."""
        confidences = self.confidences[self.eligible]
        order = np.argsort(-confidences, kind="stable")
        wrong = np.concatenate([[0], np.cumsum(~self.correct[self.eligible][order])])
        counts = np.searchsorted(-confidences[order], -thresholds, side="right")
        return counts.astype(np.int64), wrong[counts].astype(np.int64)


@dataclass(frozen=True, slots=True)
class ThresholdPlan:
    """What the test will do, fixed before it sees a calibration document.

    Attributes:
        thresholds: In the order they are tested: the start first, then ever lower.
        target: Promised error among documents sorted alone.
        confidence: Confidence level of the promise.
    """

    thresholds: tuple[float, ...]
    target: float
    confidence: float


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """What the test found.

    Attributes:
        threshold: The lowest certified threshold; None when not even the start is certified.
        documents: Calibration documents.
        sorted_alone: Of those, sorted at the threshold (or at the start).
        errors: Of those, to a wrong label. What is certified is the target, not the smaller
            bound these two numbers alone would give: the threshold was chosen by them.
        needed: Documents sorted alone that it takes with so many errors among them.
    """

    threshold: float | None
    documents: int
    sorted_alone: int
    errors: int
    needed: int

    def statement(self, plan: ThresholdPlan) -> str:
        """Say what is promised, or what is missing.

        The missing number is where a *fresh* test would pass; adding documents and testing again
        until it passes would be a different test, without this promise.
        """
        if self.threshold is None:
            return not_certifiable_yet(self.needed, self.sorted_alone, self.errors)
        return promise_statement(plan.target, plan.confidence, self.sorted_alone)


def plan_thresholds(
    validation: CheckedDocuments,
    calibration_documents: int,
    *,
    target: float = 0.01,
    confidence: float = 0.95,
) -> ThresholdPlan:
    """Fix the grid and the start of the test.

    The grid is quantiles of the eligible confidences. One error too many at the start ends the
    test, and at the strictest threshold nothing can be certified for want of documents. So the
    start is where the test is most likely to pass by what the validation documents show: 1.03 times
    the documents the promise takes are expected there, with as many errors as that allows. (Always
    starting at 1.1 times the number for *no* error certifies far less often where errors are rare
    but not absent: at 0.2 % errors and 2,000 documents in 0.39 instead of 0.89 of draws. With 1.1
    in place of 1.03 it starts where more documents are, and more errors: on 1,500 documents of six
    populations it certified in 0.42 to 1.00 of draws instead of 0.51 to 1.00. Testing in another
    order, or from two starts with half the risk each, certified less often.)

    Args:
        validation: Documents that neither trained the model nor belong to the calibration set.
        calibration_documents: Size of the calibration set.
        target: Promised error, between 0 and 1.
        confidence: Of the promise, between 0 and 1.

    Raises:
        ModelError: There is no eligible validation document, or no calibration document.
        UsageError: Target or confidence lie outside their range.
    """
    eligible = validation.confidences[validation.eligible]
    if len(eligible) == 0 or calibration_documents <= 0:
        raise ModelError(
            "no threshold can be planned: no validation document could be sorted alone, "
            "or there is no calibration document",
            remedy="label more documents",
        )
    levels = np.linspace(1.0, 0.0, GRID_STEPS + 1)[1:]
    # `lower` keeps thresholds at confidences that occurred, so that ties fall on the sorted side.
    grid = np.unique(np.quantile(eligible, levels, method="lower"))[::-1]
    scale = calibration_documents / len(validation)
    start = _start(validation, grid, scale, target, confidence)
    return ThresholdPlan(tuple(map(float, grid[start:])), target, confidence)


def choose_threshold(plan: ThresholdPlan, calibration: CheckedDocuments) -> ThresholdChoice:
    """Test the plan on the calibration documents, which must not be used for this again.

    Args:
        plan: From `plan_thresholds`, made without these documents.
        calibration: Independent documents of the stated mix, seen by the complete sort rule.

    Raises:
        UsageError: Target or confidence of the plan lie outside their range.
    """
    certified: ThresholdChoice | None = None
    table = zip(*calibration.sorted_at_each(np.array(plan.thresholds)), strict=True)
    for threshold, (count, wrong) in zip(plan.thresholds, table, strict=True):
        sorted_alone, errors = int(count), int(wrong)
        needed = checks_needed(plan.target, plan.confidence, errors)
        if sorted_alone < needed:  # the exact binomial test does not reject "worse than promised"
            break
        certified = ThresholdChoice(threshold, len(calibration), sorted_alone, errors, needed)
    if certified is not None:
        return certified
    sorted_alone, errors = calibration.sorted_at(plan.thresholds[0])
    needed = checks_needed(plan.target, plan.confidence, errors)
    return ThresholdChoice(None, len(calibration), sorted_alone, errors, needed)


def _start(
    validation: CheckedDocuments,
    grid: NDArray[np.float64],
    scale: float,
    target: float,
    confidence: float,
) -> int:
    """Index of the start; the loosest threshold when too few documents are expected anywhere."""
    chances = np.zeros(len(grid))
    table = zip(*validation.sorted_at_each(grid), strict=True)
    for index, (sorted_alone, errors) in enumerate(table):
        expected = int(sorted_alone * scale)
        allowed = _allowed_errors(expected / START_MARGIN, target, confidence)
        if allowed >= 0:
            rate = float(errors + 0.5) / float(sorted_alone + 1)  # none seen is not "never any"
            chances[index] = binomial_tail(allowed, expected, rate)
    if chances.max() == 0:
        return len(grid) - 1
    # The strictest of those about as good: the best one is partly best by luck.
    return int(np.flatnonzero(chances >= NEAR_BEST * chances.max())[0])


def _allowed_errors(documents: float, target: float, confidence: float) -> int:
    """Most errors among so many documents that still certify the target; -1 for none at all."""
    errors = 0
    while checks_needed(target, confidence, errors) <= documents:
        errors += 1
    return errors - 1
