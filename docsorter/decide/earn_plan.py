"""What is promised of a person's own documents and how it is tested, fixed before it begins."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.betting import disproof
from docsorter.decide.sampling import PATIENCE
from docsorter.errors import UsageError

COVERAGES: Final = tuple(round(0.2 + 0.02 * step, 2) for step in range(41))
"""Shares of the eligible documents that the thresholds of a grid sort."""

STARTS: Final = ((0.6, 0.8), (0.2, 0.2))
"""Where the test starts: share of the documents sorted there, and share of the risk.

Nothing can be certified at a strict threshold before many documents have come, and nothing at all
from a start where too much is wrong. So most of the risk goes to a middle start, and some to a
strict one.
"""


@dataclass(frozen=True, slots=True)
class EarnPlan:
    """What is to be promised and how it is tested, fixed before the evidence begins.

    Attributes:
        target: Promised error among documents sorted alone, between 0 and 1.
        confidence: Of the promise, between 0 and 1.
        thresholds: The grid, strictest first.
        miss_rate: Upper bound of the share of the wrong documents that people take for right.
        starts: Where the test starts: index of the threshold, share of the risk; shares sum to 1.
        patience: Least mean number of checks between two false alarms.
    """

    target: float
    confidence: float
    thresholds: tuple[float, ...]
    miss_rate: float = 0.0
    starts: tuple[tuple[int, float], ...] = field(default=((0, 1.0),))
    patience: float = PATIENCE

    def __post_init__(self) -> None:
        disproof(self.confidence)
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
    def certainty(self) -> float:
        """The confidence of one bound: what of the risk the starts do not use is used elsewhere."""
        return 1 - (1 - self.confidence) * sum(share for _, share in self.starts)

    @property
    def limit(self) -> float:
        """The error that people may find when the target is kept, since they miss some."""
        return self.target * (1 - self.miss_rate)


def plan_grid(
    scores: NDArray[np.float64], target: float, confidence: float, miss_rate: float = 0.0
) -> EarnPlan:
    """Make a plan from scores of eligible documents of which nobody has said what they are.

    Args:
        scores: (n,) at least 1; of documents that will not count as evidence.
        target: Promised error, between 0 and 1.
        confidence: Of the promise, between 0 and 1.
        miss_rate: As in `EarnPlan`.

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
    return EarnPlan(target, confidence, tuple(map(float, grid)), miss_rate, starts)
