"""How many documents to check, so that bad news does not come late."""

import math
from typing import Final

from docsorter.errors import UsageError

PATIENCE: Final = 3000.0
"""Least mean number of checks between two false alarms; see `detector`."""

LEAST_PROBABILITY: Final = 0.02
"""Fewer checks would leave what is promised without evidence for months."""


def checks_to_alarm(target: float, jump: float, patience: float = PATIENCE) -> float:
    """About how many checks pass between a jump of the error and the alarm.

    First order of the delay of a CUSUM or Shiryaev-Roberts rule: the logarithm of its threshold
    over the divergence of the error before and after (Lorden 1971).

    Args:
        target: Error that is still allowed, between 0 and 1.
        jump: Error after the jump, greater than the target, below 1.
        patience: Least mean number of checks between two false alarms.

    Raises:
        UsageError: The jump is no jump.
    """
    if not 0 < target < jump < 1:
        raise UsageError(
            f"an error of {jump} is no jump above a target of {target}",
            remedy="choose a jump greater than the target error, e.g. ten times as great",
        )
    divergence = jump * math.log(jump / target) + (1 - jump) * math.log((1 - jump) / (1 - target))
    return math.log(patience) / divergence


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
