"""Earned autonomy: how much is checked, and how many mistakes reviewers are taken to miss.

The daemon and `make simulate` decide by these functions; `docs/develop/promise.md` says why they
are as they are and what they brought.

Some checks whose first blind answer agreed with the model are asked again, blind, of somebody else.
An answer is a slip when it names the model's label where that is wrong. Its rate is no greater than
that of two answers differing after the first one agreed: where the model is right any slip of the
second answer shows, and where it is wrong the second answer nearly always does. So the share of
second answers that differ is measured, and its exact upper bound taken (Clopper and Pearson 1934).
A mistake stays unseen when either of two answers is a slip: at most twice that share is missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.certification import CertificationPlan, draw_probability, plan_grid
from docsorter.decide.promise import error_upper_bound

ELEVATED: Final = 0.03
"""From this alarm level on more is checked. A single error raises it to 0.04; some ten right
checks, or one more error, later it is known what that meant."""

FIRST: Final = 200
"""Second answers before the miss rate is first computed; then at 400, 800 and so on. It is not
computed between those times, so that the exact binomial bound holds."""

RISK_SHARE: Final = 0.1
"""Of the risk of the promise, for the measured rate; the thresholds keep the rest. It is divided
among the times of computing: a half for the first, a quarter for the second, and so on."""

_ANSWERS: Final = 2  # that both have to notice a mistake
_REFUTED: Final = 0.95  # confidence with which a greater rate is no longer put down to chance
_MOST: Final = 0.99


@dataclass(frozen=True, slots=True)
class AutonomyPolicy:
    """What may be set about earned autonomy; the defaults are those of the product.

    Attributes:
        target: Promised error among documents sorted alone, between 0 and 1.
        confidence: Of the promise, between 0 and 1.
        miss_rate: Upper bound of the share of wrong documents that people take for right.
        pilot_documents: Eligible documents whose scores make the grid of thresholds; what people
            say of them is no evidence.
        days_to_alarm: Days that may pass, on average, from a jump of the error to the alarm.
        jump: The error after the jump that is to be noticed so soon.
        vigilance: How many times more is checked while the alarm level is elevated.
    """

    target: float = 0.01
    confidence: float = 0.95
    miss_rate: float = 0.05
    pilot_documents: int = 50
    days_to_alarm: float = 5.0
    jump: float = 0.1
    vigilance: float = 3.0


def make_plan(scores: NDArray[np.float64], policy: AutonomyPolicy) -> CertificationPlan:
    """Make the plan from the scores of the first `pilot_documents` eligible documents.

    Raises:
        UsageError: As for `plan_grid`.
    """
    return plan_grid(scores, policy.target, policy.confidence, policy.miss_rate)


def share_checked(
    policy: AutonomyPolicy,
    *,
    in_use: float | None,
    volume_per_day: float,
    alarm_level: float = 0.0,
) -> float:
    """Say with what probability every eligible document is drawn for a blind answer from now on.

    It is one share for all scores, and depends on what was seen before and never on the document at
    hand: so the inclusion of a check says nothing of whether it is right (`e_process`).

    Args:
        policy: What is set.
        in_use: The threshold that documents are sorted by; None: none are.
        volume_per_day: Documents sorted alone in a day, of late.
        alarm_level: Of the threshold in use, see `certification.alarm_level`.

    Returns:
        From 0.02 to 1.
    """
    if in_use is None:
        return 1.0
    share = draw_probability(volume_per_day, policy.days_to_alarm, policy.target, policy.jump)
    return min(1.0, share * policy.vigilance if alarm_level >= ELEVATED else share)


@dataclass(frozen=True, slots=True)
class MissRate:
    """At most which share of the mistakes people take for right.

    Attributes:
        rate: What is reckoned with, below 1.
        measured: Whether that is what second answers show; otherwise it is assumed.
        looks: Second answers so far.
        differing: In how many of them the second answer was another one.
        reckoned: How many of them the rate rests on, 0 while it is assumed.
        next_at: Second answers at which it is computed again.
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
    """Say which miss rate is reckoned with after some second answers.

    The assumed one stands until the measured bound is lower, or the answers refute it; then the
    measured bound replaces it.

    Args:
        differs: In the order of answering, whether the second answer named another label.
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
    most = min(_MOST, _ANSWERS * error_upper_bound(found, reckoned, 1 - risk))
    least = _ANSWERS * (1 - error_upper_bound(reckoned - found, reckoned, _REFUTED))
    measured = most < assumed or least > assumed
    return MissRate(
        most if measured else assumed,
        measured,
        looks,
        differing,
        reckoned if measured else 0,
        2 * reckoned,
    )
