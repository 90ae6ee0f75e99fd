"""What the evidence from a person's own documents allows: the loosest threshold that stands.

For every threshold of a grid that was fixed before the evidence began, a fortune is bet against
"of the documents above it more than the target is wrong" (`betting`). A threshold is certified once
its fortune has ever reached what its share of the risk asks for. The shares wander: the whole risk
begins at one or two thresholds and moves on to the next looser one as each is certified (fixed
sequence with several starts, a graphical procedure: Bretz, Maurer, Brannath and Posch 2009; valid
here since 1 over the greatest fortune so far is a p-value at every time). So the chance that any
threshold is ever certified wrongly is at most 1 - confidence, over the whole grid and for ever, as
long as documents do not change. When they do, the alarm (`detector`) says so.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.betting import Checks, Fortune, bet, disproof, log_fortune, upper_bound
from docsorter.decide.detector import detector
from docsorter.decide.earn_plan import EarnPlan
from docsorter.errors import UsageError


@dataclass(frozen=True, slots=True, eq=False)
class CheckedScores:
    """Checks in the order in which they were first answered.

    Attributes:
        scores: (n,) float64, confidence of the top label, 0-1.
        wrong: (n,) bool; also true while a disagreement waits for its second look.
        inclusion: (n,) float64, probability with which each was drawn, above 0 and at most 1.
        least: (n,) float64, the least inclusion that any eligible document had when this one was
            drawn, at most its own; None: all had the same at every time.
        pending: (n,) bool, disagreements that wait for their second look. They count against a
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
    def stake(self) -> NDArray[np.float64]:
        """How much may be staked on each, (n,), above 0 and at most 1."""
        return np.ones(len(self)) if self.least is None else self.least / self.inclusion

    def above(self, threshold: float) -> Checks:
        """Return the checks of documents that a threshold sorts, and no others."""
        chosen = self.scores >= threshold
        return Checks(self.wrong[chosen], self.stake[chosen])

    def bets(self, plan: EarnPlan) -> Fortune:
        """Bet at every threshold of a plan on the documents above it; arrays of (thresholds,)."""
        chosen = self.scores >= np.array(plan.thresholds)[:, np.newaxis]
        return bet(Checks(self.wrong, self.stake), plan.limit, chosen)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the evidence so far allows.

    Attributes:
        threshold: The loosest certified one; None: nothing yet.
        checked: Checks above it; when nothing is certified above the threshold that lacks least.
        errors: Of those, to a wrong label.
        upper_bound: Of the error above it, valid at any time at the plan's confidence.
        needed: Least further checks above the next threshold, all right, until it is certified;
            0 when nothing looser is left.
        alarm: The detector has fired for the threshold in use.
        doubt: How near the alarm is: the greatest value of its detector of late over `patience`;
            1 or more is the alarm.
    """

    threshold: float | None
    checked: int
    errors: int
    upper_bound: float
    needed: int
    alarm: bool
    doubt: float = 0.0


def standing(checks: CheckedScores, plan: EarnPlan, *, in_use: float | None) -> Standing:
    """Say what the evidence so far allows.

    Args:
        checks: All checks since the evidence of this rule began.
        plan: Fixed before.
        in_use: The threshold that documents are sorted by at present; None: none are.

    Raises:
        UsageError: A number lies outside its range.
    """
    fortune = checks.bets(plan)
    certified, levels = _certified(fortune, plan)
    lacking = {
        place: fortune.right_checks_needed(level, place)
        for place, level in levels.items()
        if np.isfinite(level) and place > max(certified, default=-1)
    }
    chosen = max(certified) if certified else min(lacking, key=lambda k: (lacking[k], k))
    above = checks.above(plan.thresholds[chosen])
    found = 0.0 if in_use is None else doubt(checks, plan, in_use)
    return Standing(
        threshold=plan.thresholds[chosen] if certified else None,
        checked=len(above.wrong),
        errors=int(above.wrong.sum()),
        upper_bound=min(1.0, upper_bound(above, plan.certainty) / (1 - plan.miss_rate)),
        needed=min(lacking.values(), default=0),
        alarm=found >= 1,
        doubt=found,
    )


def certified_thresholds(checks: CheckedScores, plan: EarnPlan) -> tuple[float, ...]:
    """Return all thresholds that are certified, strictest first."""
    fortune = checks.bets(plan)
    certified, _ = _certified(fortune, plan)
    return tuple(plan.thresholds[place] for place in sorted(certified))


def _certified(fortune: Fortune, plan: EarnPlan) -> tuple[set[int], dict[int, float]]:
    """Return what is certified, and for every other threshold what its fortune must reach.

    The levels are logarithms; infinite where no risk has arrived yet.
    """
    reached = fortune.best
    base = disproof(plan.confidence)
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


def doubt(checks: CheckedScores, plan: EarnPlan, in_use: float) -> float:
    """Return how near the alarm for a threshold is; 1 or more is the alarm.

    The detector begins when the threshold was certified, or with the checks when it was not.

    Args:
        checks: All checks since the evidence began.
        plan: Fixed before.
        in_use: The threshold, of the grid or not.
    """
    above = checks.above(in_use)
    wrong = above.wrong
    if checks.pending is not None:
        wrong = wrong & ~checks.pending[checks.scores >= in_use]
    reached = np.flatnonzero(log_fortune(above, plan.limit) >= disproof(plan.confidence))
    since = int(reached[0]) if len(reached) else 0
    values = detector(Checks(wrong[since:], above.stake[since:]), plan.limit)
    fired = bool((values >= plan.patience).any())
    return float(values.max() if fired else values[-1]) / plan.patience
