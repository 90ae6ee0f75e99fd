"""What another target would have meant for past documents: arithmetic on stored numbers."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.earn_plan import EarnPlan
from docsorter.decide.earned import CheckedScores, standing
from docsorter.errors import UsageError


@dataclass(frozen=True, slots=True, eq=False)
class PastDocuments:
    """Documents of some past days, as they were decided.

    Attributes:
        scores: (n,) float64, confidence of the top label, 0-1.
        eligible: (n,) bool, everything but the threshold let the document be sorted.
        alone: (n,) bool, sorted without a person.
        mistaken: (n,) bool, known to have been taken for a wrong label.
        days: Days over which they came, above 0.
    """

    scores: NDArray[np.float64]
    eligible: NDArray[np.bool_]
    alone: NDArray[np.bool_]
    mistaken: NDArray[np.bool_]
    days: float

    def __post_init__(self) -> None:
        shape = (len(self.scores),)
        if not self.eligible.shape == self.alone.shape == self.mistaken.shape == shape:
            raise UsageError("past documents need one score, eligibility and outcome each")
        if not self.days > 0:
            raise UsageError(f"documents came over more than {self.days} days")


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a target would have meant.

    Attributes:
        target: The promised error that was asked about.
        threshold: That it leads to; None: nothing would have been sorted alone.
        certified: Whether the evidence allows to promise the target there. If not, the threshold
            is a guess: the loosest one above which the checks found no more than the target.
        needed: Right checks that the promise still lacks, 0 when certified.
        reviews_per_day: Documents that a person would have been asked about.
        more_reviews_per_day: How many more than were; negative for fewer.
        caught: Places of known mistakes that were sorted alone and would not have been.
        still_wrong: Places of known mistakes that would be sorted alone all the same.
    """

    target: float
    threshold: float | None
    certified: bool
    needed: int
    reviews_per_day: float
    more_reviews_per_day: float
    caught: tuple[int, ...]
    still_wrong: tuple[int, ...]


def what_if(past: PastDocuments, checks: CheckedScores, plan: EarnPlan, target: float) -> WhatIf:
    """Ask what another target would have meant.

    Args:
        past: Documents to reckon with.
        checks: The evidence.
        plan: The plan of the evidence; only its target gives way.
        target: The promised error to ask about, between 0 and 1.

    Raises:
        UsageError: The target lies outside its range.
    """
    found = standing(checks, replace(plan, target=target), in_use=None)
    certified = found.threshold is not None
    threshold = found.threshold if certified else guessed_threshold(checks, plan, target)
    alone = np.zeros(len(past.scores), np.bool_)
    if threshold is not None:
        alone = past.eligible & (past.scores >= threshold)
    return WhatIf(
        target=target,
        threshold=threshold,
        certified=certified,
        needed=0 if certified else found.needed,
        reviews_per_day=float((~alone).sum()) / past.days,
        more_reviews_per_day=(float(past.alone.sum()) - float(alone.sum())) / past.days,
        caught=_places(past.mistaken & past.alone & ~alone),
        still_wrong=_places(past.mistaken & alone),
    )


def guessed_threshold(checks: CheckedScores, plan: EarnPlan, target: float) -> float | None:
    """Return the loosest threshold above which the checks found no more errors than the target.

    Every check counts for as many documents as it stands for, 1 / inclusion (Hajek 1971). This is
    an estimate and no promise: about half the time more is wrong.

    Args:
        checks: The evidence; without any there is no guess.
        plan: Has the grid, and how much people miss.
        target: 0-1.
    """
    guess = None
    weights = 1 / checks.inclusion
    for threshold in plan.thresholds:
        above = checks.scores >= threshold
        whole = float(weights[above].sum())
        wrong = float(weights[above & checks.wrong].sum())
        if whole > 0 and wrong <= target * (1 - plan.miss_rate) * whole:
            guess = threshold
    return guess


def _places(chosen: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(place) for place in np.flatnonzero(chosen))
