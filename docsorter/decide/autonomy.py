"""How a machine earns its autonomy: how much is checked, and when the threshold moves.

The daemon and `make simulate` decide by these functions; `docs/promise.md` says why they are as
they are and what they brought.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.earn_plan import EarnPlan, plan_grid
from docsorter.decide.earned import CheckedScores, Standing, certified_thresholds, doubt, standing
from docsorter.decide.promise import error_upper_bound
from docsorter.decide.sampling import draw_probability

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
