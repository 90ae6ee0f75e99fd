"""The sentences about what was earned; every number in them is rounded to the careful side."""

import math

from docsorter.decide.earned import Standing
from docsorter.documents import Reason, ReasonCode
from docsorter.store import PromiseMove


def pilot_reason(left: int) -> Reason:
    """Say that the model is only being got to know, for so many documents more."""
    text = (
        "shown to a person until the evidence suffices: "
        f"it begins to count after {max(1, left)} more documents"
    )
    return Reason(ReasonCode.EARNING, text)


def earning_reason(standing: Standing) -> Reason:
    """Say how much evidence there is and how much is missing at least."""
    errors = f" ({standing.errors} wrong or still open)" if standing.errors else ""
    text = (
        f"shown to a person until the evidence suffices: {standing.checked} checked{errors}, "
        f"at least {standing.needed} more needed"
    )
    return Reason(ReasonCode.EARNING, text)


def certified_statement(moved: PromiseMove, level: Standing) -> str:
    """Say what the threshold in use rests on.

    Args:
        moved: The last change of it, with a threshold.
        level: The evidence above it.
    """
    return (
        f"threshold {two_digits(moved.threshold)} certified on {level.checked} checks of your own "
        f"paper: at most {percent_up(level.upper_bound)} wrong, {percent(moved.confidence)}"
    )


def changed_statement(moved: PromiseMove) -> str:
    """Say what a threshold rested on when it came into use."""
    return (
        f"threshold {two_digits(moved.threshold)} certified on {moved.checked} checks of your own "
        f"paper: at most {percent_up(moved.upper_bound)} wrong, {percent(moved.confidence)}"
    )


def carried_statement(moved: PromiseMove) -> str:
    """Say what a threshold rests on that an alarm has left."""
    return (
        f"threshold {two_digits(moved.threshold)} left by the alarm, certified on {moved.checked} "
        f"checks before it: at most {percent_up(moved.upper_bound)} wrong, "
        f"{percent(moved.confidence)}"
    )


def nothing_yet(standing: Standing | None, target: float, confidence: float) -> str:
    """Say that nothing is sorted alone, and what that would take."""
    promised = f"at most {percent(target)} wrong, {percent(confidence)}"
    if standing is None:
        return f"nothing is sorted alone yet ({promised}): the evidence does not suffice"
    return (
        f"nothing is sorted alone yet ({promised}): {standing.checked} checked, "
        f"at least {standing.needed} more needed"
    )


def percent(share: float) -> str:
    """Write a share as people say it: 0.01 is "1 %"."""
    return f"{100 * share:.6g} %"


def percent_up(share: float) -> str:
    """Write an upper bound with one decimal, rounded up, so that the sentence stays true."""
    return f"{math.ceil(share * 1000 - 1e-9) / 10:.1f} %"


def two_digits(threshold: float | None) -> str:
    """Write a threshold rounded up, with as many digits as tell it from 1."""
    if threshold is None:
        return "none"
    digits = 2
    while threshold < 1 and digits < 6 and math.ceil(threshold * 10**digits) >= 10**digits:  # noqa: PLR2004 -- millionths are enough
        digits += 1
    return f"{math.ceil(threshold * 10**digits - 1e-9) / 10**digits:.{digits}f}"


def with_evidence_of_its_own(threshold: float | None) -> str:
    """Say what becomes of evidence and automation when a model is put to use.

    Args:
        threshold: What checks of that very model allow, from when it was in use or rehearsed; None
            when nothing.
    """
    own = "evidence is of one model and its rule: that of the model before is kept and counts again"
    if threshold is None:
        return f"nothing of its own is certified: everything goes to a person until it is; {own}"
    return f"checks of its own count on: what is sure to {threshold:.4f} is sorted alone; {own}"
