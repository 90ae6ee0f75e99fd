"""What comes through the door: documents drawn from the pool, day by day."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bench.department.models import NAMES, targets
from bench.department.pool import Pool

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

PER_DAY: Final = 120
FOREIGN: Final = 0.05
MIX: Final = (0.60, 0.15, 0.25)
"""Invoices, claims and letters among the documents that are of a label."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Documents in the order in which they come.

    Attributes:
        rows: (N,) documents of the pool.
        truth: (N,) what each really is, an output; see `models.NAMES`.
        days: How many days; each brings equally many documents.
    """

    rows: "Ints"
    truth: "Ints"
    days: int

    def of_day(self, day: int) -> slice:
        """Return which arrivals a day brings."""
        each = len(self.rows) // self.days
        return slice(day * each, (day + 1) * each)

    def from_day(self, day: int, later: "Arrivals") -> "Arrivals":
        """Return these until a day, and others from then on."""
        cut = self.of_day(day).start
        return replace(
            self,
            rows=np.concatenate([self.rows[:cut], later.rows[cut:]]),
            truth=np.concatenate([self.truth[:cut], later.truth[cut:]]),
        )


def mix_of(shares: tuple[float, float, float] = MIX) -> "NDArray[np.float64]":
    """Return the shares of all outputs, foreign documents among them."""
    return np.append((1 - FOREIGN) * np.array(shares) / sum(shares), FOREIGN)


def draw(
    pool: Pool,
    days: int,
    seed: int,
    *,
    among: "NDArray[np.bool_]",
    mix: "NDArray[np.float64] | None" = None,
) -> Arrivals:
    """Draw the label of every arrival by the mix, then one of its documents, with replacement.

    Args:
        pool: The documents.
        days: How many days.
        seed: Of the draws.
        among: (n,) or (days, n) bool, the documents that may come (on each day).
        mix: (4,) shares of the outputs; the department's usual one when not given.
    """
    rng = np.random.default_rng(seed)
    truth_of = targets(pool)
    shares = mix_of() if mix is None else mix
    allowed = np.broadcast_to(among, (days, len(pool)))
    rows = []
    for day in range(days):
        wanted = rng.choice(len(NAMES), PER_DAY, p=shares)
        choices = [
            np.flatnonzero(allowed[day] & (truth_of == label)) for label in range(len(NAMES))
        ]
        rows.append([rng.choice(choices[label]) for label in wanted])
    drawn = np.array(rows, np.int64).ravel()
    return Arrivals(drawn, truth_of[drawn], days)


def periods(
    pool: Pool, days: int, cuts: tuple[int, ...], shares: tuple[float, ...], seed: int = 11
) -> "NDArray[np.bool_]":
    """Divide the layouts of the pool among the periods between the cuts, (days, n) bool.

    A document, and any other of its layout, comes in one period only. So what a model learned at a
    cut is never drawn again as if it were new, and what is new has a layout that it never saw.
    The documents of the scanner that is not there yet come in none.

    Args:
        pool: The documents.
        days: How many days.
        cuts: First days of all periods but the first, ascending.
        shares: Of the layouts of every label that each period gets, summing to 1.
        seed: Of the division.
    """
    rng = np.random.default_rng(seed)
    usual = pool.scanner == ""
    period = np.full(len(pool), -1)
    for label in NAMES:
        layouts = np.unique(pool.layout[usual & (pool.label == label)])
        layouts = layouts[rng.permutation(len(layouts))]
        ends = np.round(np.cumsum(shares) * len(layouts)).astype(int)
        for number, part in enumerate(np.split(layouts, ends[:-1])):
            period[usual & np.isin(pool.layout, part)] = number
    by_day = np.searchsorted(np.array(cuts), np.arange(days), side="right")
    return np.asarray(period[np.newaxis, :] == by_day[:, np.newaxis])
