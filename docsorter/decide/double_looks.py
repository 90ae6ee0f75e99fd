"""How many mistakes people miss: assumed at first, then measured by looking twice.

A share of the checks whose first blind answer agreed with the model is looked at again, blind, by
somebody else. A look slips, that is, names the model's label where that is wrong, with a chance
that is no greater than that of two looks differing after the first one agreed: where the model is
right any slip of the second look shows, and where it is wrong the second look nearly always does.
A mistake stays unseen when either of two looks slips, so at most twice that share is missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from docsorter.decide.autonomy import miss_rate_bound

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
