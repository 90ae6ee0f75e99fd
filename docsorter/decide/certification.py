"""What checked documents of a person's own certify: the plan, and the loosest threshold that holds.

For every threshold of a grid that was fixed before the evidence began, an e-process tests "of the
documents above it more than the target is wrong" (`docsorter.decide.e_process`). A threshold is
certified once its wealth has ever reached what its share of the risk asks for. The shares move: the
whole risk begins at one or two thresholds and passes on to the next looser one as each is certified
(fixed sequence with several starts, a graphical procedure: Bretz, Maurer, Brannath and Posch 2009;
valid here since 1 over the greatest wealth so far is a p-value at every time). So the chance that
any threshold is ever certified wrongly is at most 1 - confidence, over the whole grid and for ever,
as long as documents do not change. When they do, the alarm of the e-detector says so.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.e_process import (
    Checks,
    Wealth,
    e_detector,
    log_wealth,
    rejection_level,
    run_e_process,
    upper_bound,
)
from docsorter.errors import UsageError

RUN_LENGTH: Final = 3000.0
"""Least mean number of checks between two false alarms (average run length)."""

LEAST_PROBABILITY: Final = 0.02
"""Fewer checks would leave what is promised without evidence for months."""

COVERAGES: Final = tuple(round(0.2 + 0.02 * step, 2) for step in range(41))
"""Shares of the eligible documents that the thresholds of a grid sort."""

STARTS: Final = ((0.6, 0.8), (0.2, 0.2))
"""Where the test starts: share of the documents sorted there, and share of the risk.

Nothing can be certified at a strict threshold before many documents have come, and nothing at all
from a start where too much is wrong. So most of the risk goes to a middle start, and some to a
strict one.
"""


@dataclass(frozen=True, slots=True)
class CertificationPlan:
    """What is to be promised and how it is tested, fixed before the evidence begins.

    Attributes:
        target: Promised error among documents sorted alone, between 0 and 1.
        confidence: Of the promise, between 0 and 1.
        thresholds: The grid, strictest first.
        miss_rate: Upper bound of the share of the wrong documents that people take for right.
        starts: Where the test starts: index of the threshold, share of the risk; shares sum to 1.
        run_length: Least mean number of checks between two false alarms.
    """

    target: float
    confidence: float
    thresholds: tuple[float, ...]
    miss_rate: float = 0.0
    starts: tuple[tuple[int, float], ...] = field(default=((0, 1.0),))
    run_length: float = RUN_LENGTH

    def __post_init__(self) -> None:
        rejection_level(self.confidence)
        falling = all(a > b for a, b in zip(self.thresholds, self.thresholds[1:], strict=False))
        if not self.thresholds or not falling:
            raise UsageError("a plan needs thresholds that fall, the strictest first")
        if not 0 < self.target < 1 or not 0 <= self.miss_rate < 1:
            raise UsageError("target and miss rate must lie between 0 and 1")
        places = [place for place, _ in self.starts]
        shares = [share for _, share in self.starts]
        inside = all(0 <= place < len(self.thresholds) for place in places)
        if not inside or min(shares, default=0) <= 0 or sum(shares) > 1 + 1e-9:
            raise UsageError("a start names a threshold of the plan and a share of the risk")

    @property
    def bound_confidence(self) -> float:
        """The confidence of one bound: what of the risk the starts do not use is used elsewhere."""
        return 1 - (1 - self.confidence) * sum(share for _, share in self.starts)

    @property
    def limit(self) -> float:
        """The error that people may find when the target is kept, since they miss some."""
        return self.target * (1 - self.miss_rate)


def plan_grid(
    scores: NDArray[np.float64], target: float, confidence: float, miss_rate: float = 0.0
) -> CertificationPlan:
    """Make a plan from scores of eligible documents of which nobody has said what they are.

    Args:
        scores: (n,) at least 1; of documents that will not count as evidence.
        target: Promised error, between 0 and 1.
        confidence: Of the promise, between 0 and 1.
        miss_rate: As in `CertificationPlan`.

    Raises:
        UsageError: There is no score, or a number lies outside its range.
    """
    if len(scores) == 0:
        raise UsageError("no grid of thresholds can be planned without a score")
    levels = 1 - np.array(COVERAGES)
    # `lower` keeps thresholds at scores that occurred, so that ties fall on the sorted side.
    found = np.quantile(scores, levels, method="lower")
    grid = np.unique(found)[::-1]
    shares: dict[int, float] = {}
    for coverage, share in STARTS:
        wanted = found[COVERAGES.index(coverage)]
        place = int(np.flatnonzero(grid == wanted)[0])
        shares[place] = shares.get(place, 0.0) + share
    starts = tuple(shares.items())
    return CertificationPlan(target, confidence, tuple(map(float, grid)), miss_rate, starts)


@dataclass(frozen=True, slots=True, eq=False)
class CheckedScores:
    """Checks in the order in which they were first answered.

    Attributes:
        scores: (n,) float64, confidence of the top label, 0-1.
        wrong: (n,) bool; also true while a disagreement waits for its second answer.
        inclusion: (n,) float64, probability with which each was drawn, above 0 and at most 1.
        least: (n,) float64, the least inclusion that any eligible document had when this one was
            drawn, at most its own; None: all had the same at every time.
        pending: (n,) bool, disagreements that wait for their second answer. They count against a
            certificate and not yet for an alarm; None: there are none.
    """

    scores: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    inclusion: NDArray[np.float64]
    least: NDArray[np.float64] | None = None
    pending: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        shape = (len(self.scores),)
        given = (self.wrong, self.inclusion, self.least, self.pending)
        if any(array is not None and array.shape != shape for array in given):
            raise UsageError("checks need one score, outcome and inclusion each")
        chances = [self.inclusion] if self.least is None else [self.least, self.inclusion]
        inside = all(bool(((array > 0) & (array <= 1)).all()) for array in chances)
        if not inside or bool((chances[0] > chances[-1]).any()):
            raise UsageError("the inclusion of a check must lie above 0 and not above 1")
        if not bool(np.isfinite(self.scores).all()):
            raise UsageError("a check has a score that is no number")

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def weight(self) -> NDArray[np.float64]:
        """What each counts in the e-process, (n,), above 0 and at most 1."""
        return np.ones(len(self)) if self.least is None else self.least / self.inclusion

    def above(self, threshold: float) -> Checks:
        """Return the checks of documents that a threshold sorts, and no others."""
        chosen = self.scores >= threshold
        return Checks(self.wrong[chosen], self.weight[chosen])

    def wealth(self, plan: CertificationPlan) -> Wealth:
        """Run one e-process per threshold of a plan on the documents above it, (thresholds,)."""
        chosen = self.scores >= np.array(plan.thresholds)[:, np.newaxis]
        return run_e_process(Checks(self.wrong, self.weight), plan.limit, chosen)


@dataclass(frozen=True, slots=True)
class Certification:
    """What the evidence so far allows.

    Attributes:
        threshold: The loosest certified one; None: nothing yet.
        checked: Checks above it; when nothing is certified above the threshold that lacks least.
        errors: Of those, to a wrong label.
        upper_bound: Of the error above it, valid at any time at the plan's confidence.
        needed: Least further checks above the next threshold, all right, until it is certified;
            0 when nothing looser is left.
        alarm: The e-detector has fired for the threshold in use.
        alarm_level: The greatest value of that e-detector of late over `run_length`; 1 or more is
            the alarm.
    """

    threshold: float | None
    checked: int
    errors: int
    upper_bound: float
    needed: int
    alarm: bool
    alarm_level: float = 0.0


def certify(
    checks: CheckedScores, plan: CertificationPlan, *, in_use: float | None
) -> Certification:
    """Say what the evidence so far allows.

    Raises:
        UsageError: A number lies outside its range.
    """
    wealth = checks.wealth(plan)
    certified, levels = _certified(wealth, plan)
    lacking = {
        place: wealth.right_checks_needed(level, place)
        for place, level in levels.items()
        if np.isfinite(level) and place > max(certified, default=-1)
    }
    chosen = max(certified) if certified else min(lacking, key=lambda k: (lacking[k], k))
    above = checks.above(plan.thresholds[chosen])
    level = 0.0 if in_use is None else alarm_level(checks, plan, in_use)
    return Certification(
        threshold=plan.thresholds[chosen] if certified else None,
        checked=len(above.wrong),
        errors=int(above.wrong.sum()),
        upper_bound=min(1.0, upper_bound(above, plan.bound_confidence) / (1 - plan.miss_rate)),
        needed=min(lacking.values(), default=0),
        alarm=level >= 1,
        alarm_level=level,
    )


def certified_thresholds(checks: CheckedScores, plan: CertificationPlan) -> tuple[float, ...]:
    """Return all thresholds that are certified, strictest first."""
    certified, _ = _certified(checks.wealth(plan), plan)
    return tuple(plan.thresholds[place] for place in sorted(certified))


def _certified(wealth: Wealth, plan: CertificationPlan) -> tuple[set[int], dict[int, float]]:
    """Return what is certified, and for every other threshold what its wealth must reach.

    The levels are logarithms; infinite where no risk has arrived yet.
    """
    reached = wealth.best
    base = rejection_level(plan.confidence)
    shares = np.zeros(len(reached))
    for place, share in plan.starts:
        shares[place] += share
    certified: set[int] = set()
    while True:
        with np.errstate(divide="ignore"):
            levels = base - np.log(shares)
        passed = [k for k in range(len(reached)) if k not in certified and reached[k] >= levels[k]]
        if not passed:
            break
        certified.add(passed[0])
        if len(certified) < len(reached):
            shares[_next(passed[0], certified, len(reached))] += shares[passed[0]]
        shares[passed[0]] = 0
    return certified, {k: float(levels[k]) for k in range(len(reached)) if k not in certified}


def _next(place: int, certified: set[int], count: int) -> int:
    """Return where the risk goes on: the next looser threshold, after the last the strictest."""
    while place in certified:
        place = (place + 1) % count
    return place


def alarm_level(checks: CheckedScores, plan: CertificationPlan, in_use: float) -> float:
    """Return the e-detector of a threshold over its limit; 1 or more is the alarm.

    The e-detector begins when the threshold was certified, or with the checks when it was not.
    """
    above = checks.above(in_use)
    wrong = above.wrong
    if checks.pending is not None:
        wrong = wrong & ~checks.pending[checks.scores >= in_use]
    reached = np.flatnonzero(log_wealth(above, plan.limit) >= rejection_level(plan.confidence))
    since = int(reached[0]) if len(reached) else 0
    values = e_detector(Checks(wrong[since:], above.weight[since:]), plan.limit)
    fired = bool((values >= plan.run_length).any())
    return float(values.max() if fired else values[-1]) / plan.run_length


def draw_probability(
    volume_per_day: float, days_to_alarm: float, target: float, jump: float
) -> float:
    """With what probability a document that is sorted alone is drawn for a blind check.

    Args:
        volume_per_day: Documents sorted alone in a day; with none every document is checked.
        days_to_alarm: Days that may pass, on average, between a jump of the error and the alarm.
        target: Promised error, between 0 and 1.
        jump: The error after the jump that is to be noticed, greater than the target.

    Returns:
        From 0.02 to 1.

    Raises:
        UsageError: The jump is no jump, or the days are not above 0.
    """
    if not days_to_alarm > 0:
        raise UsageError(f"an alarm takes time, not {days_to_alarm} days")
    needed = checks_to_alarm(target, jump)
    passing = volume_per_day * days_to_alarm
    return 1.0 if passing <= needed else max(LEAST_PROBABILITY, needed / passing)


def checks_to_alarm(target: float, jump: float, run_length: float = RUN_LENGTH) -> float:
    """About how many checks pass between a jump of the error and the alarm.

    First order of the delay of a CUSUM or Shiryaev-Roberts rule: the logarithm of its threshold
    over the divergence of the error before and after (Lorden 1971).

    Args:
        target: Error that is still allowed, between 0 and 1.
        jump: Error after the jump, greater than the target, below 1.
        run_length: Least mean number of checks between two false alarms.

    Raises:
        UsageError: The jump is no jump.
    """
    if not 0 < target < jump < 1:
        raise UsageError(
            f"an error of {jump} is no jump above a target of {target}",
            remedy="choose a jump greater than the target error, e.g. ten times as great",
        )
    divergence = jump * math.log(jump / target) + (1 - jump) * math.log((1 - jump) / (1 - target))
    return math.log(run_length) / divergence


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
    """What another target would have meant.

    Attributes:
        target: The promised error that was asked about.
        threshold: That it leads to; None: nothing would have been sorted alone.
        certified: Whether the evidence allows to promise the target there. If not, the threshold
            is an estimate: the loosest one above which the checks found no more than the target.
        needed: Right checks that the promise still lacks, 0 when certified.
        reviews_per_day: Documents that a person would have been asked about.
        more_reviews_per_day: How many more than were; negative for fewer.
        caught: Indices of known mistakes that were sorted alone and would not have been.
        still_wrong: Indices of known mistakes that would be sorted alone all the same.
    """

    target: float
    threshold: float | None
    certified: bool
    needed: int
    reviews_per_day: float
    more_reviews_per_day: float
    caught: tuple[int, ...]
    still_wrong: tuple[int, ...]


def what_if(
    past: PastDocuments, checks: CheckedScores, plan: CertificationPlan, target: float
) -> WhatIf:
    """Ask what another target would have meant.

    Raises:
        UsageError: The target lies outside its range.
    """
    found = certify(checks, replace(plan, target=target), in_use=None)
    certified = found.threshold is not None
    threshold = found.threshold if certified else estimated_threshold(checks, plan, target)
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
        caught=_indices(past.mistaken & past.alone & ~alone),
        still_wrong=_indices(past.mistaken & alone),
    )


def estimated_threshold(
    checks: CheckedScores, plan: CertificationPlan, target: float
) -> float | None:
    """Return the loosest threshold above which the checks found no more errors than the target.

    Every check counts for as many documents as it stands for, 1 / inclusion (Hajek 1971). This is
    an estimate and no promise: about half the time more is wrong.
    """
    loosest = None
    weights = 1 / checks.inclusion
    for threshold in plan.thresholds:
        above = checks.scores >= threshold
        whole = float(weights[above].sum())
        wrong = float(weights[above & checks.wrong].sum())
        if whole > 0 and wrong <= target * (1 - plan.miss_rate) * whole:
            loosest = threshold
    return loosest


def _indices(chosen: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(place) for place in np.flatnonzero(chosen))
