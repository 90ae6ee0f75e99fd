"""Bets on a difference between two models whose checked documents were drawn unequally often.

The mean of d over all documents is below a margin m exactly when the mean of (d - m) / p over the
drawn ones is below 0, so that is bet on: the capital prod(1 - b (d_i - m) p_min / p_i), averaged
over bets b, exceeds 1 / alpha with at most the probability alpha while the mean is m or more,
however often one looks (Ville 1939; Waudby-Smith and Ramdas 2024, "Estimating means of bounded
random variables by betting").
"""

import bisect
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Half of the stake on the bet that grows fastest while the two models agree.
_BETS: Final = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95])
_STAKES: Final = np.array([*[0.5 / 7] * 7, 0.5])
_MARGINS: Final = np.linspace(-0.5, 1.0, 301)[1:-1]
_MOST_CHECKS: Final = 100_000


def weights_of(inclusion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each check counts, (0, 1]; the least inclusion is the sampling plan's."""
    least = float(inclusion.min(initial=1.0))
    weights: NDArray[np.float64] = least / inclusion
    return weights


def capitals(stakes: NDArray[np.float64], most: float) -> NDArray[np.float64]:
    """Return the logarithm of each bet's capital after each check, (n, bets).

    Args:
        stakes: (n,) what is lost per unit bet, each at most `most`.
        most: Greatest loss, > 0.
    """
    logs: NDArray[np.float64] = np.log1p(-np.outer(stakes, _BETS / most))
    return np.cumsum(logs, axis=0)


def mixture(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the capital over all bets, averaged by their stakes, (n,).

    Args:
        logs: (n, bets) as `capitals` returns them.
    """
    result: NDArray[np.float64] = np.exp(np.minimum(logs, 700.0)) @ _STAKES
    return result


def checks_needed(
    logs: NDArray[np.float64], weights: NDArray[np.float64], margin: float, wanted: float
) -> int:
    """Return the least number of further checks without a difference until the capital is wanted.

    Args:
        logs: (n, bets) capitals so far, as `capitals` returns them; n may be 0.
        weights: (n,) what each check counted, (0, 1].
        margin: That is bet on, 0-1.
        wanted: Capital to be reached, above 1.
    """
    now = logs[-1] if len(logs) else np.zeros(len(_BETS))
    weight = float(weights.mean()) if len(weights) else 1.0
    gain = np.log1p(weight * margin * _BETS / (1 - margin))
    low, high = 0, 1
    while mixture((now + high * gain)[np.newaxis])[0] < wanted and high < _MOST_CHECKS:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        reached = mixture((now + middle * gain)[np.newaxis])[0] >= wanted
        low, high = (low, middle) if reached else (middle, high)
    return high


def least_margin_shown(
    d: NDArray[np.float64], weights: NDArray[np.float64], wanted: float
) -> float:
    """Return the least margin that is shown, in steps of half a percent; 1 for none."""

    def shown(margin: float) -> bool:
        logs = capitals(weights * (d - margin), 1 - margin)
        return bool(mixture(logs).max(initial=1.0) >= wanted)

    # The capital grows with the margin, whatever the checks are: what is shown stays shown.
    margins: list[float] = _MARGINS.tolist()
    place = bisect.bisect_left(margins, True, key=shown)
    return margins[place] if place < len(margins) else 1.0
