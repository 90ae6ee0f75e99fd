"""Noticing that too much is wrong: an alarm whose false ones are rare by construction.

The belief "at most `limit` is wrong" is watched by bets against it. Every check multiplies by
`rate / limit` when the document was wrong and by `(1 - rate) / (1 - limit)` when it was right, which
is at most 1 on average as long as the belief is true; a new bet of 1 joins at every check, since
nobody knows when things go bad (Shiryaev-Roberts form of an e-detector: Shin, Ramdas and Rinaldo
2022, arXiv 2203.03532). The sum of all, minus the number of checks, is a supermartingale under the
belief, so that the mean number of checks until it first reaches `patience` is at least `patience`,
even when exactly `limit` is wrong all the time. Several rates share the bet, as nobody knows either
how bad things get.

All documents that are watched at one time must have the same chance to be drawn: then the
inclusion cancels. It may change over time.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.errors import UsageError

RATES: Final = (3.0, 10.0, 30.0)
"""The error rates that are bet on, as multiples of the limit; none above a half."""

_GREATEST_RATE: Final = 0.5


def detector(wrong: NDArray[np.bool_], limit: float) -> NDArray[np.float64]:
    """Return the value of the detector after every check.

    Args:
        wrong: (n,) bool, in the order in which the checks count.
        limit: The error that is still allowed, between 0 and 1/2.

    Returns:
        (n + 1,) float64, at least 0; the first is 0, before any check. After an alarm it goes on
        as if there had been none.

    Raises:
        UsageError: The limit lies outside its range.
    """
    rates = watched_rates(limit)
    if_wrong, if_right = rates / limit, (1 - rates) / (1 - limit)
    value = np.zeros(len(rates))
    found = np.zeros(len(wrong) + 1)
    for number, error in enumerate(wrong, start=1):
        value = (value + 1) * (if_wrong if error else if_right)
        found[number] = value.mean()
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
    return np.minimum(np.array(RATES) * limit, (limit + _GREATEST_RATE) / 2)
