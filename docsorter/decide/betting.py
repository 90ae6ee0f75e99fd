"""Evidence that grows by betting: valid at any time, however often it is looked at.

Whoever believes that at least a share `limit` of documents is wrong can be asked to bet on it. A
fortune that starts at 1 is multiplied at every check by

    1 + bet * (least / inclusion) * (limit - wrong) / (1 - limit),     0 <= bet <= 1

where `inclusion` is the probability with which this document was drawn for a check and `least` the
least one that any document had at that time. If the belief is true the expected factor is at most
1, whatever happened before, so that the chance that the fortune *ever* reaches 1 / alpha is at most
alpha (Ville 1939; Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by
betting"; weights as in Waudby-Smith, Stark and Ramdas 2021, "RiLACS: risk-limiting audits via
confidence sequences"). Reaching it disproves the belief at confidence 1 - alpha, at any time.

The whole fortune on one bet (1.0) is the exact binomial test when nothing is ever wrong (299 checks
for 1 % at 95 %) and lost for ever with the first error. So it is divided in parts that are bet
differently, `1 - bet` being the error, relative to the limit, for which a part grows fastest. The
parts were chosen to cost little where promises live:

    errors                        0     1     2     3     5    10
    exact test, looked at once  299   473   628   773  1049  1693
    any one bet, in hindsight   299   573   767   941  1259  1981
    these parts                 330   662   875  1086  1489  2375
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.errors import UsageError

Floats = NDArray[np.float64]

BETS: Final = (1.0, 0.85, 0.65, 0.4)
"""What part of itself each part of the fortune stakes at most."""

PARTS: Final = (0.45, 0.4, 0.1, 0.05)
"""How the fortune is divided among them, summing to 1."""

_BISECTIONS: Final = 40
_MOST_CHECKS: Final = 10**9


@dataclass(frozen=True, slots=True, eq=False)
class Checks:
    """Checked documents in the order in which they count.

    Attributes:
        wrong: (n,) bool.
        stake: (n,) least inclusion of any document at that time over that of this one, (0, 1].
    """

    wrong: NDArray[np.bool_]
    stake: Floats


def log_fortune(checks: Checks, limit: float) -> Floats:
    """Return the logarithm of the fortune after every check, against "at least `limit` is wrong".

    Args:
        checks: n of them.
        limit: Between 0 and 1, both excluded.

    Returns:
        (n + 1,) float64; the first is 0, before any check.

    Raises:
        UsageError: The limit lies outside its range.
    """
    logs = _log_parts(checks, limit)
    top = logs.max(axis=0)
    result: Floats = top + np.log(np.exp(logs - top).sum(axis=0))
    return result


def upper_bound(checks: Checks, confidence: float) -> float:
    """Upper bound of the share that is wrong, valid at any time.

    It is the least limit that the fortune has ever disproved (a confidence sequence, Howard et al.
    2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences").

    Args:
        checks: Any number of them; without any the bound is 1.
        confidence: Between 0 and 1, both excluded.
    """
    level = disproof(confidence)
    low, high = 0.0, 1.0  # a greater limit is disproved whenever a smaller one is
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if float(log_fortune(checks, middle).max()) >= level:
            high = middle
        else:
            low = middle
    return high


def disproof(confidence: float) -> float:
    """Logarithm of the fortune that disproves a belief, ln(1 / (1 - confidence)).

    Raises:
        UsageError: The confidence does not lie between 0 and 1.
    """
    _check_share("confidence", confidence)
    return -math.log1p(-confidence)


def right_checks_needed(checks: Checks, limit: float, level: float) -> int:
    """How many further checks, all of them right, until the fortune reaches a level.

    Args:
        checks: Those so far.
        limit: The share to be disproved, between 0 and 1.
        level: Logarithm of the fortune, as of `disproof`.

    Returns:
        0 when it was reached already.

    Raises:
        UsageError: The limit lies outside its range, or it takes more than 10^9 checks.
    """
    logs = _log_parts(checks, limit)
    if float(np.logaddexp.reduce(logs, axis=0).max()) >= level:
        return 0
    now, gain = logs[:, -1], np.log1p(np.array(BETS) * limit / (1 - limit))

    def reached(more: int) -> bool:
        return bool(np.logaddexp.reduce(now + more * gain) >= level)

    low, high = 0, 1
    while not reached(high):
        low, high = high, 2 * high
        if high > _MOST_CHECKS:
            raise UsageError(
                f"a share of {limit} cannot be disproved by any number of checks",
                remedy="choose a greater target error",
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _log_parts(checks: Checks, limit: float) -> Floats:
    """Return the logarithm of every part after every check, (parts, n + 1)."""
    _check_share("limit", limit)
    bets = np.array(BETS)[:, np.newaxis]
    gain = np.where(checks.wrong, -1.0, limit / (1 - limit))
    with np.errstate(divide="ignore"):  # a part that staked everything is gone: log 0
        steps = np.log1p(bets * checks.stake * gain)
    begin = np.log(np.array(PARTS))[:, np.newaxis]
    result: Floats = np.concatenate([begin, begin + np.cumsum(steps, axis=1)], axis=1)
    return result


def _check_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise UsageError(
            f"the {name} must lie between 0 and 1, not {value}", remedy="e.g. 0.01 or 0.95"
        )
