"""Whether a candidate model may take over: paired tests on blind answers neither learned from.

Each checked document gives d = (new model wrong) - (old model wrong), -1, 0 or 1, and was drawn
with a known inclusion probability p. The mean of d over all documents is below a margin m exactly
when the mean of (d - m) / p over the drawn ones is below 0. That is tested by an e-process: the
wealth prod(1 - b (d_i - m) p_min / p_i), averaged over betting fractions b, exceeds 1 / alpha with
at most the probability alpha while the mean is m or more, however often one looks (Ville 1939;
Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by betting").
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.promise import binomial_tail, error_upper_bound
from docsorter.errors import UsageError

_FRACTIONS: Final = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95])
# Half of the wealth on the fraction that grows fastest while the two models agree.
_MIXTURE: Final = np.array([*[0.5 / 7] * 7, 0.5])
_MARGINS: Final = np.linspace(-0.5, 1.0, 301)[1:-1]
_MOST_CHECKS: Final = 100_000


class GateVerdict(StrEnum):
    """What the checks so far allow."""

    PASSED = "passed"
    OPEN = "open"  # too few checks to tell
    FAILED = "failed"


@dataclass(frozen=True, slots=True, eq=False)
class PairedChecks:
    """What both models said of the same checked documents, in the order of drawing.

    Attributes:
        truths: The label of each, by blind answers.
        old_wrong: (n,) whether the most probable label of the model in use is another one.
        new_wrong: (n,) the same of the candidate.
        inclusion: (n,) probability with which each was drawn, (0, 1].
    """

    truths: tuple[str, ...]
    old_wrong: NDArray[np.bool_]
    new_wrong: NDArray[np.bool_]
    inclusion: NDArray[np.float64]

    def __post_init__(self) -> None:
        n = len(self.truths)
        if not n == len(self.old_wrong) == len(self.new_wrong) == len(self.inclusion):
            raise UsageError("the checks of a comparison are not of one length")
        if n and not (self.inclusion.min() > 0 and self.inclusion.max() <= 1):
            raise UsageError("an inclusion probability lies outside 0 to 1")

    @property
    def difference(self) -> NDArray[np.float64]:
        """(n,) -1 where only the new model is right, 1 where only the old one is, else 0."""
        return self.new_wrong.astype(np.float64) - self.old_wrong.astype(np.float64)


@dataclass(frozen=True, slots=True)
class GatePlan:
    """What a candidate has to show; fixed before its checks are evaluated.

    Attributes:
        margin: It must be shown to be worse by less than this share of documents, > 0.
        confidence: Of that, 0-1.
        label_margin: No label may be worse by more than this share of its own checks.
        label_least: A label with fewer checks is not tested on its own.
    """

    margin: float = 0.02
    confidence: float = 0.95
    label_margin: float = 0.05
    label_least: int = 10


@dataclass(frozen=True, slots=True)
class LabelDifference:
    """One label in a comparison."""

    label: str
    checks: int
    old_wrong: int
    new_wrong: int
    holds: bool


@dataclass(frozen=True, slots=True)
class GateEvaluation:
    """How far a candidate has come.

    Attributes:
        verdict: Whether it may take over.
        why: The same in words.
        checks: Checks that count.
        only_old_right: Documents that only the model in use got right.
        only_new_right: Documents that only the candidate got right.
        difference: Weighted share of documents by which the candidate is worse (below 0: better).
        upper_bound: That share is below this with the confidence of the plan, at any time.
        needed: Least further checks without a difference until it passes; 0 once it did.
        p_value: Exact McNemar test, two-sided, unweighted; for information only.
        labels: Label by label.
    """

    verdict: GateVerdict
    why: str
    checks: int
    only_old_right: int
    only_new_right: int
    difference: float
    upper_bound: float
    needed: int
    p_value: float
    labels: tuple[LabelDifference, ...]


def evaluate_candidate(checks: PairedChecks, plan: GatePlan) -> GateEvaluation:
    """Say whether a candidate may take over.

    It passes when it is shown to be worse by less than the margin and the floor of every label
    holds; it fails when it is shown to be worse at all, or a floor is broken. May be asked after
    every check: both errors are bounded by 1 - confidence over all looks together.

    Raises:
        UsageError: A number of the plan lies outside its range.
    """
    if not (0 < plan.margin < 1 and 0 < plan.confidence < 1):
        raise UsageError("margin and confidence of a gate lie between 0 and 1")
    d, weights = checks.difference, _weights(checks.inclusion)
    wanted = 1 / (1 - plan.confidence)
    logs = _log_wealth(weights * (d - plan.margin), 1 - plan.margin)
    passed = _mixed(logs).max(initial=1.0) >= wanted
    worse = _mixed(_log_wealth(-weights * d, 1.0)).max(initial=1.0) >= wanted
    labels = _labels(checks, plan)
    broken = tuple(label.label for label in labels if not label.holds)
    needed = 0 if passed else _checks_needed(logs, weights, plan.margin, wanted)
    verdict, why = _verdict(passed=passed, worse=worse, broken=broken, needed=needed, plan=plan)
    only_old, only_new = int((d > 0).sum()), int((d < 0).sum())
    return GateEvaluation(
        verdict=verdict,
        why=why,
        checks=len(d),
        only_old_right=only_old,
        only_new_right=only_new,
        difference=float((weights * d).sum() / weights.sum()) if len(d) else 0.0,
        upper_bound=_least_margin_shown(d, weights, wanted),
        needed=needed,
        p_value=mcnemar(only_old, only_new),
        labels=labels,
    )


def _labels(checks: PairedChecks, plan: GatePlan) -> tuple[LabelDifference, ...]:
    found = []
    weights, d = _weights(checks.inclusion), checks.difference
    for label in sorted(set(checks.truths)):
        mine = np.array([truth == label for truth in checks.truths])
        worse = float((weights * d)[mine].sum() / weights[mine].sum())
        found.append(
            LabelDifference(
                label=label,
                checks=int(mine.sum()),
                old_wrong=int(checks.old_wrong[mine].sum()),
                new_wrong=int(checks.new_wrong[mine].sum()),
                holds=mine.sum() < plan.label_least or worse <= plan.label_margin,
            )
        )
    return tuple(found)


def _verdict(
    *, passed: bool, worse: bool, broken: Sequence[str], needed: int, plan: GatePlan
) -> tuple[GateVerdict, str]:
    if worse:
        return GateVerdict.FAILED, "it is shown to be wrong more often than the model in use"
    if broken:
        return GateVerdict.FAILED, (
            f"it is worse by more than {100 * plan.label_margin:g} % of {', '.join(broken)}"
        )
    if passed:
        return GateVerdict.PASSED, (
            f"it is shown not to be worse by {100 * plan.margin:g} % of documents or more, "
            f"{100 * plan.confidence:g} % confidence"
        )
    return GateVerdict.OPEN, f"at least {needed} more checked documents are needed to tell"


def _weights(inclusion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each check counts, (0, 1]; the least inclusion is the sampling plan's."""
    least = float(inclusion.min(initial=1.0))
    weights: NDArray[np.float64] = least / inclusion
    return weights


def _log_wealth(losses: NDArray[np.float64], most: float) -> NDArray[np.float64]:
    """Return the logarithm of the wealth by fraction after each check, (n, fractions).

    Args:
        losses: (n,) what is lost per unit bet, each at most `most`.
        most: Greatest loss, > 0.
    """
    logs: NDArray[np.float64] = np.log1p(-np.outer(losses, _FRACTIONS / most))
    return np.cumsum(logs, axis=0)


def _mixed(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the wealth averaged over fractions, (n,), of what `_log_wealth` returns."""
    result: NDArray[np.float64] = np.exp(np.minimum(logs, 700.0)) @ _MIXTURE
    return result


def _checks_needed(
    logs: NDArray[np.float64], weights: NDArray[np.float64], margin: float, wanted: float
) -> int:
    """Return the least number of further checks without a difference until the wealth is reached.

    Args:
        logs: (n, fractions) so far, as `_log_wealth` returns them; n may be 0.
        weights: (n,) what each check counted, (0, 1].
        margin: That is tested, 0-1.
        wanted: Wealth to be reached, above 1.
    """
    now = logs[-1] if len(logs) else np.zeros(len(_FRACTIONS))
    weight = float(weights.mean()) if len(weights) else 1.0
    gain = np.log1p(weight * margin * _FRACTIONS / (1 - margin))
    low, high = 0, 1
    while _mixed((now + high * gain)[np.newaxis])[0] < wanted and high < _MOST_CHECKS:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        reached = _mixed((now + middle * gain)[np.newaxis])[0] >= wanted
        low, high = (low, middle) if reached else (middle, high)
    return high


def _least_margin_shown(
    d: NDArray[np.float64], weights: NDArray[np.float64], wanted: float
) -> float:
    """Return the least margin that is shown, in steps of half a percent; 1 for none."""

    def shown(margin: float) -> bool:
        logs = _log_wealth(weights * (d - margin), 1 - margin)
        return bool(_mixed(logs).max(initial=1.0) >= wanted)

    # The wealth grows with the margin, whatever the checks are: what is shown stays shown.
    margins: list[float] = _MARGINS.tolist()
    place = bisect.bisect_left(margins, True, key=shown)
    return margins[place] if place < len(margins) else 1.0


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of the exact McNemar test.

    Documents that both models get right, or both wrong, say nothing about which is better; of the
    others each model would be right about half if neither were (McNemar 1947; exact by the
    binomial distribution, e.g. Fagerland, Lydersen and Laake 2013).

    Returns:
        0-1; 1.0 when no document tells them apart.

    Raises:
        UsageError: A count is negative.
    """
    if min(only_first, only_second) < 0:
        raise UsageError(f"no document counts as {min(only_first, only_second)}")
    n = only_first + only_second
    return min(1.0, 2 * binomial_tail(min(only_first, only_second), n, 0.5)) if n else 1.0


def proportion_interval(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided Clopper-Pearson interval of a share.

    Args:
        k: 0 to n.
        n: Documents; without any the interval is all from 0 to 1.
        confidence: Between 0 and 1, both excluded.

    Raises:
        UsageError: A number lies outside its range.
    """
    if n == 0:
        return 0.0, 1.0
    side = 1 - (1 - confidence) / 2
    return 1 - error_upper_bound(n - k, n, side), error_upper_bound(k, n, side)
