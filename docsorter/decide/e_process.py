"""Evidence that is valid at any time, however often it is looked at: e-processes by betting.

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

The belief "at most `limit` is wrong" is watched by bets against it. A check multiplies them by

    1 + stake * (ratio - 1)

where `ratio` is `rate / limit` for a wrong document and `(1 - rate) / (1 - limit)` for a right one,
and `stake` the least inclusion of any document over its own (`betting`). That is at most 1 on
average as long as the belief is true. A new bet of 1 joins at every check, since nobody knows when
things go bad (Shiryaev-Roberts form of an e-detector: Shin, Ramdas and Rinaldo 2022, arXiv
2203.03532). The sum of all bets, minus the number of checks, is a supermartingale under the
belief, so that the mean number of checks until it first reaches `patience` is at least `patience`,
even when exactly `limit` is wrong all the time. Several rates share the bet, as nobody knows either
how bad things get.

Measured: mean number of checks to the alarm at 1 % with a patience of 3,000, by the error that is
really there. Half of the limit: 17,000; the limit: 5,700; 3 %: 260; 5 %: 110; 10 %: 42; 30 %: 12.
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

_BISECTIONS: Final = 30
_MOST_CHECKS: Final = 10**9


@dataclass(frozen=True, slots=True, eq=False)
class Checks:
    """Checked documents in the order in which they count.

    Attributes:
        wrong: (..., n) bool.
        stake: (..., n) float64, 0-1: least inclusion of any document at that time over that of
            this one; 0 where a document is of no concern (it lies below the threshold).
    """

    wrong: NDArray[np.bool_]
    stake: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Fortune:
    """How the fortune went.

    Attributes:
        best: (...) float64, logarithm of the greatest fortune so far, at least 0.
        parts: (parts, ...) float64, logarithm of what every part is worth now.
        limit: What was bet against.
    """

    best: Floats
    parts: Floats
    limit: float

    def right_checks_needed(self, level: float, place: int | None = None) -> int:
        """How many further checks of stake 1, all of them right, until the fortune is enough.

        Args:
            level: Logarithm of the fortune, as of `disproof`.
            place: Which one, where there are many.

        Returns:
            0 when it was enough already.

        Raises:
            UsageError: It takes more than 10^9 checks.
        """
        best, now = (
            (self.best, self.parts) if place is None else (self.best[place], self.parts[:, place])
        )
        if float(best) >= level:
            return 0
        gain = log_steps(np.array(False), np.array(1.0), self.limit)

        def reached(more: int) -> bool:
            return bool(np.logaddexp.reduce(now + more * gain) >= level)

        low, high = 0, 1
        while not reached(high):
            low, high = high, 2 * high
            if high > _MOST_CHECKS:
                raise UsageError(
                    f"a share of {self.limit} cannot be disproved by any number of checks",
                    remedy="choose a greater target error",
                )
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(middle) else (middle, high)
        return high


def log_steps(wrong: NDArray[np.bool_], stake: Floats, limit: float) -> Floats:
    """Return what checks multiply every part by, as logarithms, against "`limit` is wrong".

    Args:
        wrong: (...) bool.
        stake: (...) as of `Checks`.
        limit: Between 0 and 1, both excluded.

    Returns:
        (parts, ...) float64; -inf where a part staked everything and lost.

    Raises:
        UsageError: The limit lies outside its range.
    """
    _check_share("limit", limit)
    bets = np.array(BETS).reshape(-1, *[1] * np.ndim(stake))
    with np.errstate(divide="ignore"):
        result: Floats = np.log1p(bets * stake * np.where(wrong, -1.0, limit / (1 - limit)))
    return result


def log_fortune(checks: Checks, limit: float) -> Floats:
    """Return the logarithm of the fortune after every check, (..., n + 1), beginning with 0.

    Raises:
        UsageError: The limit lies outside its range.
    """
    return _total(_accumulated(log_steps(checks.wrong, checks.stake, limit)))


def bet(checks: Checks, limit: float, chosen: NDArray[np.bool_] | None = None) -> Fortune:
    """Bet on all checks against "at least `limit` is wrong".

    Args:
        checks: (n,) of them.
        limit: Between 0 and 1, both excluded.
        chosen: (k, n) bool, which of them are bet on by each of k gamblers; one gambler who bets on
            all when not given.

    Returns:
        Arrays of (k,), or of no dimension for one gambler.

    Raises:
        UsageError: The limit lies outside its range.
    """
    steps = log_steps(checks.wrong, checks.stake, limit)
    if chosen is not None:
        steps = np.where(chosen, steps[:, np.newaxis, :], 0.0)
    # What is right never lowers a fortune: it is greatest just before an error, or now.
    heights = np.append(np.flatnonzero(checks.wrong), len(checks.wrong))
    logs = _accumulated(steps)
    return Fortune(_total(logs[..., heights]).max(axis=-1), logs[..., -1], limit)


def upper_bound(checks: Checks, confidence: float) -> float:
    """Upper bound of the share that is wrong, valid at any time.

    It is the least limit that the fortune has ever disproved (a confidence sequence, Howard et al.
    2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences").

    Args:
        checks: (n,) of them; without any the bound is 1.
        confidence: Between 0 and 1, both excluded.
    """
    level = disproof(confidence)
    low, high = 0.0, 1.0  # a greater limit is disproved whenever a smaller one is
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if float(bet(checks, middle).best) >= level:
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


def _accumulated(steps: Floats) -> Floats:
    """Return the logarithm of every part before the first and after every check."""
    parts = np.log(np.array(PARTS)).reshape(-1, *[1] * (steps.ndim - 1))
    result = np.zeros((*steps.shape[:-1], steps.shape[-1] + 1))
    np.cumsum(steps, axis=-1, out=result[..., 1:])
    result += parts
    return result


def _total(logs: Floats) -> Floats:
    top = logs.max(axis=0)
    result: Floats = top + np.log(np.exp(logs - top).sum(axis=0))
    return result


def _check_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise UsageError(
            f"the {name} must lie between 0 and 1, not {value}", remedy="e.g. 0.01 or 0.95"
        )


RATES: Final = (3.0, 10.0, 30.0)
"""The error rates that are bet on, as multiples of the limit."""

_GREATEST_RATE: Final = 0.5  # where a multiple is more, half-way from the limit to it


def detector(checks: Checks, limit: float) -> NDArray[np.float64]:
    """Return the value of the detector after every check.

    Args:
        checks: (..., n) of them.
        limit: The error that is still allowed, between 0 and 1/2.

    Returns:
        (..., n + 1) float64, at least 0; the first is 0, before any check. After an alarm it goes
        on as if there had been none.

    Raises:
        UsageError: The limit lies outside its range.
    """
    rates = watched_rates(limit).reshape(-1, *[1] * checks.stake.ndim)
    ratio = np.where(checks.wrong, rates / limit, (1 - rates) / (1 - limit))
    factors = 1 + checks.stake * (ratio - 1)
    bets = np.zeros(factors.shape[:-1])
    found = np.zeros((*checks.stake.shape[:-1], checks.stake.shape[-1] + 1))
    for number in range(factors.shape[-1]):
        bets = (bets + 1) * factors[..., number]
        found[..., number + 1] = bets.mean(axis=0)
    return found


def watched_rates(limit: float) -> NDArray[np.float64]:
    """Return the error rates that are bet on.

    Raises:
        UsageError: The limit does not lie between 0 and 1/2.
    """
    if not 0 < limit < _GREATEST_RATE:
        raise UsageError(
            f"the target error must lie between 0 and {_GREATEST_RATE}, not {limit}",
            remedy="e.g. 0.01",
        )
    rates = np.array(RATES) * limit
    return np.where(rates < _GREATEST_RATE, rates, (limit + _GREATEST_RATE) / 2)
