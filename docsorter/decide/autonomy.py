"""How autonomy is earned: how much is checked, what reviewers miss, when the threshold moves.

The daemon and `make simulate` decide by these functions; `docs/develop/promise.md` says why they
are as they are and what they brought.

A share of the checks whose first blind answer agreed with the model is looked at again, blind, by
somebody else. A look slips, that is, names the model's label where that is wrong, with a chance
that is no greater than that of two looks differing after the first one agreed: where the model is
right any slip of the second look shows, and where it is wrong the second look nearly always does.
A mistake stays unseen when either of two looks slips, so at most twice that share is missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.certification import (
    CheckedScores,
    EarnPlan,
    Standing,
    certified_thresholds,
    doubt,
    draw_probability,
    plan_grid,
    standing,
)
from docsorter.decide.promise import error_upper_bound

CALM: Final = 0.03
"""From this doubt on more is checked. A single error raises it to 0.04; some ten right checks, or
one more error, later it is known what that meant."""


@dataclass(frozen=True, slots=True)
class EarnPolicy:
    """What may be set about earned autonomy; the defaults are those of the product.

    Attributes:
        target: Promised error among documents sorted alone, between 0 and 1.
        confidence: Of the promise, between 0 and 1.
        miss_rate: Upper bound of the share of wrong documents that people take for right.
        pilot_documents: Eligible documents whose scores make the grid of thresholds; what people
            say of them is no evidence.
        days_to_alarm: Days that may pass, on average, from a jump of the error to the alarm.
        jump: The error after the jump that is to be noticed so soon.
        vigilance: How many times more is checked while there is doubt.
        rehearsal: Least share of checks while a new model gathers its own evidence.
        rehearsal_days: Days after which a new model that allows no more than the old is given up.
    """

    target: float = 0.01
    confidence: float = 0.95
    miss_rate: float = 0.05
    pilot_documents: int = 50
    days_to_alarm: float = 5.0
    jump: float = 0.1
    vigilance: float = 3.0
    rehearsal: float = 0.3
    rehearsal_days: int = 21


@dataclass(frozen=True, slots=True)
class Step:
    """A change of the threshold in use.

    Attributes:
        threshold: The new one; None: everything goes to a person.
        alarm: Whether an alarm is the reason: then earlier evidence counts no more.
        standing: What it rests on.
    """

    threshold: float | None
    alarm: bool
    standing: Standing


def make_plan(scores: NDArray[np.float64], policy: EarnPolicy) -> EarnPlan:
    """Make the plan from the scores of the first `pilot_documents` eligible documents.

    Raises:
        UsageError: As for `plan_grid`.
    """
    return plan_grid(scores, policy.target, policy.confidence, policy.miss_rate)


def miss_rate_bound(differing: int, doubles: int, confidence: float = 0.95) -> float:
    """Upper bound of the share of wrong documents that people pass as right.

    An error is confirmed when two blind looks disagree with the model, so that it goes unseen when
    either of them slips and names the model's label. Two looks at the same document differ about as
    often as either slips. So the share of double looks that differ is measured, and its exact upper
    bound taken (Clopper and Pearson 1934), as if every slip hit the one label that hides the error.
    Slips are taken to be no more frequent where the model is wrong than elsewhere.

    Args:
        differing: Documents of which two blind answers differ, before any of them was settled.
        doubles: Documents that were given two blind answers, whatever the first one was.
        confidence: Between 0 and 1, both excluded.

    Returns:
        0-1; 1 without a double look.

    Raises:
        UsageError: A number lies outside its range.
    """
    return error_upper_bound(differing, doubles, confidence)


def share_checked(
    policy: EarnPolicy,
    *,
    in_use: float | None,
    volume_per_day: float,
    doubt: float = 0.0,
    rehearsing: bool = False,
) -> float:
    """Say with what probability every eligible document is drawn for a blind answer from now on.

    It is one share for all scores, and depends on what was seen before and never on the document at
    hand: so the inclusion of a check says nothing of whether it is right (`betting`).

    Args:
        policy: What is set.
        in_use: The threshold that documents are sorted by; None: none are.
        volume_per_day: Documents sorted alone in a day, of late.
        doubt: Of the standing, see there.
        rehearsing: Whether a new model gathers its own evidence meanwhile.

    Returns:
        From 0.02 to 1.
    """
    if in_use is None:
        return 1.0
    share = draw_probability(volume_per_day, policy.days_to_alarm, policy.target, policy.jump)
    if doubt >= CALM:
        share *= policy.vigilance
    if rehearsing:
        share = max(share, policy.rehearsal)
    return min(1.0, share)


def next_step(checks: CheckedScores, plan: EarnPlan, in_use: float | None) -> Step | None:
    """Say whether the threshold in use is to move.

    It comes down to the loosest certified threshold. On an alarm it goes up to the next stricter
    one that is certified and calm, or to none.

    Args:
        checks: All since the evidence began, or since the last alarm.
        plan: Fixed before.
        in_use: The threshold in use.

    Returns:
        None when it stays.
    """
    found = standing(checks, plan, in_use=in_use)
    if found.alarm and in_use is not None:
        return Step(_still_standing(checks, plan, in_use), alarm=True, standing=found)
    if found.threshold is not None and (in_use is None or found.threshold < in_use):
        return Step(found.threshold, alarm=False, standing=found)
    return None


def _still_standing(checks: CheckedScores, plan: EarnPlan, in_use: float) -> float | None:
    stricter = [t for t in certified_thresholds(checks, plan) if t > in_use]
    calm = [t for t in stricter if doubt(checks, plan, t) < CALM]
    return min(calm, default=None)


FIRST: Final = 200
"""Double looks before the first reckoning; then at 400, 800 and so on. Between those times nobody
looks, so that the exact binomial holds."""

RISK_SHARE: Final = 0.1
"""Of the risk of the promise, for the measured rate; the thresholds keep the rest. It is divided
among the reckonings: a half for the first, a quarter for the second, and so on."""

_SLIPS: Final = 2  # looks that both have to notice a mistake
_REFUTED: Final = 0.95  # confidence with which a greater rate is no longer put down to chance
_MOST: Final = 0.99


@dataclass(frozen=True, slots=True)
class MissRate:
    """At most which share of the mistakes people take for right.

    Attributes:
        rate: What is reckoned with, below 1.
        measured: Whether that is what the double looks show; otherwise it is assumed.
        looks: Double looks so far.
        differing: In how many of them the second answer was another one.
        reckoned: How many of them the rate rests on, 0 while it is assumed.
        next_at: Double looks at which it is reckoned again.
    """

    rate: float
    measured: bool = False
    looks: int = 0
    differing: int = 0
    reckoned: int = 0
    next_at: int = FIRST

    @property
    def risk_kept(self) -> float:
        """The share of the promise's risk that is left for its thresholds."""
        return 1 - RISK_SHARE if self.measured else 1.0


def measured_miss_rate(differs: Sequence[bool], assumed: float, confidence: float) -> MissRate:
    """Say which miss rate is reckoned with after some double looks.

    The assumed one stands until the measured bound is lower, or the looks refute it; then the
    measured bound replaces it.

    Args:
        differs: In the order of answering, whether the second look named another label.
        assumed: The rate that is assumed, below 1.
        confidence: Of the promise, between 0 and 1, both excluded.
    """
    looks, differing = len(differs), sum(differs)
    reckoned, risk = FIRST, RISK_SHARE * (1 - confidence) / 2
    if looks < FIRST:
        return MissRate(assumed, looks=looks, differing=differing)
    while 2 * reckoned <= looks:
        reckoned, risk = 2 * reckoned, risk / 2
    found = sum(differs[:reckoned])
    most = min(_MOST, _SLIPS * miss_rate_bound(found, reckoned, 1 - risk))
    least = _SLIPS * (1 - miss_rate_bound(reckoned - found, reckoned, _REFUTED))
    measured = most < assumed or least > assumed
    return MissRate(
        most if measured else assumed,
        measured,
        looks,
        differing,
        reckoned if measured else 0,
        2 * reckoned,
    )
