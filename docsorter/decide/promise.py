"""What can be promised after so many checked documents, and the sentences that say it.

Everything rests on the exact binomial distribution, one-sided: no normal approximation, which is
wrong exactly where promises live, at few errors among a few hundred documents.
"""

import functools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from docsorter.documents import SortEvidence, at_most_percent, percent
from docsorter.errors import UsageError

_BISECTIONS: Final = 200
_MOST_CHECKS: Final = 10**12


def binomial_tail(errors: int, n: int, p: float) -> float:
    """Probability of at most `errors` errors in n independent documents of error rate p.

    Args:
        errors: At least 0; from n on the answer is 1.
        n: At least 0.
        p: 0-1.

    Raises:
        UsageError: A number lies outside its range.
    """
    if errors < 0 or n < 0 or not 0 <= p <= 1:
        raise UsageError(f"no binomial distribution has {errors} errors, n = {n}, p = {p}")
    if errors >= n or p == 0:
        return 1.0
    if p == 1:
        return 0.0
    # From the largest count down: log pmf(i - 1) = log pmf(i) + log(i (1 - p) / ((n - i + 1) p)).
    top = math.lgamma(n + 1) - math.lgamma(errors + 1) - math.lgamma(n - errors + 1)
    top += errors * math.log(p) + (n - errors) * math.log1p(-p)
    counts = np.arange(errors, 0, -1, dtype=np.float64)
    steps = np.log(counts) - np.log(n - counts + 1) + (math.log1p(-p) - math.log(p))
    logs = top + np.concatenate([[0.0], np.cumsum(steps)])
    peak = float(logs.max())
    return min(1.0, math.exp(peak) * float(np.exp(logs - peak).sum()))


def error_upper_bound(errors: int, n: int, confidence: float = 0.95) -> float:
    """Upper bound of the error rate after `errors` errors in n documents.

    One-sided Clopper-Pearson (1934): the largest rate that leaves at least 1 - confidence
    chance of so few errors.

    Args:
        errors: 0 to n.
        n: Checked documents; with 0 nothing is known and the bound is 1.
        confidence: Between 0 and 1, both excluded.

    Raises:
        UsageError: A number lies outside its range.
    """
    _check_share("confidence", confidence)
    if not 0 <= errors <= n:
        raise UsageError(f"{n} checked documents cannot hold {errors} errors")
    if errors == n:
        return 1.0
    low, high = errors / n, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if binomial_tail(errors, n, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def is_certified(errors: int, n: int, target: float, confidence: float = 0.95) -> bool:
    """Say whether so few errors reject "the error rate is above the target" (exact test).

    Raises:
        UsageError: A number lies outside its range.
    """
    _check_share("target error", target)
    _check_share("confidence", confidence)
    return errors < n and binomial_tail(errors, n, target) <= 1 - confidence


@functools.lru_cache(maxsize=4096)  # a plan asks for the same few numbers at every threshold
def checks_needed(target: float, confidence: float = 0.95, errors: int = 0) -> int:
    """How many documents must be checked to promise a target, when so many errors are found.

    Args:
        target: Promised error rate, between 0 and 1, both excluded.
        confidence: Between 0 and 1, both excluded.
        errors: Errors found among them.

    Returns:
        The least n for which `error_upper_bound(errors, n, confidence) <= target`, e.g. 299 for
        1 % at 95 % without an error.

    Raises:
        UsageError: A number lies outside its range, or no possible number of checks is enough.
    """
    low, high = errors, max(errors + 1, 2)
    while not is_certified(errors, high, target, confidence):
        low, high = high, 2 * high
        if high > _MOST_CHECKS:
            raise UsageError(
                f"a target error of {target} cannot be certified by any number of checks",
                remedy="choose a greater target error",
            )
    while high - low > 1:
        middle = (low + high) // 2
        if is_certified(errors, middle, target, confidence):
            high = middle
        else:
            low = middle
    return high


@dataclass(frozen=True, slots=True)
class RealFigures:
    """What a model did with real documents of senders that it never saw, in numbers of documents.

    Attributes:
        documents: Of the labels.
        right: Of those, taken for what they are; None where there were too few to say.
        sorted_alone: Of those, sorted by the rule without a person.
        wrong: Of those sorted, to a wrong label.
        foreign: Of none of the labels.
        foreign_sorted: Of those, sorted all the same.
    """

    documents: int
    right: int | None
    sorted_alone: int
    wrong: int
    foreign: int
    foreign_sorted: int

    def sentence(self) -> str:
        """Say it in two lines of 80 columns at most, without a full stop."""
        right = "" if self.right is None else f"right {percent(self.right / self.documents)}, "
        alone = "sorts none alone"
        if self.sorted_alone:
            share = percent(self.sorted_alone / self.documents)
            wrong = at_most_percent(self.wrong / self.sorted_alone)
            alone = f"sorts {share} alone, {wrong} of that wrong"
        text = f"on real documents of senders it never saw: {right}{alone} (n = {self.documents})"
        if not self.foreign:
            return text
        share = at_most_percent(self.foreign_sorted / self.foreign)
        return f"{text}; of {self.foreign} foreign ones {share} sorted"


def starter_statement(evidence: SortEvidence | None, real: RealFigures | None = None) -> str:
    """Say what the model's own test showed, and that it is no promise for the user's paper.

    Args:
        evidence: Of the test that its rule rests on; None when there was none.
        real: Of the same rule on real documents, which then come first.

    Returns:
        Three lines of 80 columns at most, for what descriptions bundles carry; no full stop.
    """
    kind, few = "", ""
    if evidence is not None:
        kind = evidence.description.partition(" of ")[0] or "test documents"
        few = f"{_count(evidence.errors, 'error')} in {evidence.sorted_alone}"
    if real is not None:
        beside = f"; on {kind} {few}" if kind and not kind.startswith("real") else ""
        return f"uncertified on your paper; {real.sentence()}{beside}"
    if evidence is None:
        return "uncertified on your paper: the sort rule of this model was never tested"
    return (
        f"uncertified on your paper: on {kind}{',' if ',' in kind else ''} {few} "
        f"sorted alone (at most {at_most_percent(evidence.upper_bound)}, "
        f"{plain_percent(evidence.confidence)} sure)"
    )


def not_certifiable_yet(needed: int, have: int, errors: int = 0) -> str:
    """Say how much evidence is missing."""
    allowed = "without an error" if errors == 0 else f"with no more than {_count(errors, 'error')}"
    return (
        f"not certifiable yet: {_count(needed, 'checked document')} {allowed} needed, "
        f"you have {have}"
    )


def promise_statement(target: float, confidence: float, checked: int) -> str:
    """Say what is promised, with its evidence; only ever of the user's own paper."""
    return (
        f"of what is sorted alone at most {plain_percent(target)} is wrong "
        f"({plain_percent(confidence)} confidence, {checked} checked)"
    )


def plain_percent(share: float) -> str:
    """Write a share as people say it: 0.01 is "1 %"."""
    return f"{100 * share:.6g} %"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _check_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise UsageError(
            f"the {name} must lie between 0 and 1, not {value}", remedy="e.g. 0.01 or 0.95"
        )
