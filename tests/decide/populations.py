"""Departments by the thousand, side by side, watched at every single document."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.certification import draw_probability
from docsorter.decide.e_process import FRACTION_WEIGHTS, log_factors, rejection_level

THRESHOLDS = np.array([0.95, 0.9, 0.85, 0.8, 0.75, 0.7])
"""Strictest first; scores are uniform from 0.7 to 1."""

SCORED = 0.3


@dataclass(frozen=True)
class Population:
    """How often documents are wrong, by the band of scores between two thresholds."""

    rates: tuple[float, ...]

    @property
    def errors(self) -> NDArray[np.float64]:
        """The true error above each threshold."""
        widths = -np.diff(THRESHOLDS, prepend=1.0)
        shares: NDArray[np.float64] = np.cumsum(np.array(self.rates) * widths) / np.cumsum(widths)
        return shares


@dataclass(frozen=True)
class Lives:
    """How the departments fared: each ever certified which thresholds, and how it ended."""

    certified: NDArray[np.bool_]
    sorted_alone: NDArray[np.int64]
    errors: NDArray[np.int64]


def live(
    population: Population, departments: int, documents: int, target: float, seed: int,
    *, planned: float | None = None,
) -> Lives:  # fmt: skip
    """Let departments live under fixed sequence, continuous monitoring and an adaptive threshold.

    The threshold in use is the loosest one certified so far and changes with the very next
    document; before the first everything is checked, afterwards a share.

    Args:
        population: The documents.
        departments: How many live.
        documents: How many come to each.
        target: To be promised.
        seed: Of everything.
        planned: Share of checks once something is sorted; from `draw_probability` when not given.
    """
    rng = np.random.default_rng(seed)
    share = draw_probability(100, 5, target, 10 * target) if planned is None else planned
    enough = np.exp(rejection_level(0.95))
    shape = (departments, len(THRESHOLDS))
    fortunes = np.array(FRACTION_WEIGHTS)[:, np.newaxis, np.newaxis] * np.ones((1, *shape))
    right_or_wrong = np.exp(log_factors(np.array([False, True]), np.ones(2), target))
    reached = np.zeros(shape, np.bool_)
    certified = np.zeros(shape, np.bool_)
    alone, errors = np.zeros(departments, np.int64), np.zeros(departments, np.int64)
    rates = np.array(population.rates)
    for _ in range(documents):
        score = 1 - SCORED * rng.random(departments)
        above = score[:, np.newaxis] >= THRESHOLDS
        wrong = rng.random(departments) < rates[above.argmax(axis=1)]
        some = certified.any(axis=1)
        drawn = rng.random(departments) < np.where(some, share, 1.0)
        loosest = np.where(some, THRESHOLDS[certified.sum(axis=1) - 1], np.inf)
        alone += score >= loosest
        errors += (score >= loosest) & wrong
        factors = right_or_wrong[:, wrong.astype(np.int64), np.newaxis]
        fortunes *= np.where(above & drawn[:, np.newaxis], factors, 1.0)
        reached |= fortunes.sum(axis=0) >= enough
        certified = np.logical_and.accumulate(reached, axis=1)
    return Lives(certified, alone, errors)
