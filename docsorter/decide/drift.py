"""Whether documents of one time differ from those before, by tests whose assumptions are stated.

Numbers by the two-sample Kolmogorov-Smirnov test with the limiting distribution (Smirnov 1939;
Stephens's correction for finite samples 1970); shares by the chi-square test of homogeneity
(Pearson 1900), cells with fewer than five expected joined into one. Many comparisons at once are
corrected by Holm's step-down (1979). With many documents any trifle is significant, so that an
effect has to be large as well: Kolmogorov's distance, or the total variation of shares.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEAST: Final = 50
"""Documents on each side from which on anything is compared."""

LEVEL: Final = 0.01
"""Chance of a false alarm over all comparisons of one report together, at most."""

LEAST_DISTANCE: Final = 0.2
"""Kolmogorov's distance from which on a difference of numbers matters, 0-1."""

LEAST_SHIFT: Final = 0.15
"""Share of documents that must have moved between labels, 0-1."""

_EXPECTED: Final = 5.0
_TERMS: Final = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """One comparison of before and now.

    Attributes:
        test: "Kolmogorov-Smirnov" or "chi-square".
        before: Documents before.
        now: Documents now.
        effect: Kolmogorov's distance or total variation, 0-1.
        p_value: As the test gives it, before any correction.
        middle_before: Median before; None for shares.
        middle_now: Median now.
        shares_before: Share of each word before; empty for numbers.
        shares_now: Share of each word now.
    """

    test: str
    before: int
    now: int
    effect: float
    p_value: float
    middle_before: float | None = None
    middle_now: float | None = None
    shares_before: tuple[tuple[str, float], ...] = ()
    shares_now: tuple[tuple[str, float], ...] = ()

    @property
    def is_large(self) -> bool:
        """Whether the effect matters, however sure it is."""
        least = LEAST_SHIFT if self.middle_before is None else LEAST_DISTANCE
        return self.effect >= least


def compare_numbers(before: Sequence[float], now: Sequence[float]) -> Difference | None:
    """Compare two samples of numbers; None where there are too few."""
    if min(len(before), len(now)) < LEAST:
        return None
    first, second = np.sort(np.array(before, float)), np.sort(np.array(now, float))
    places = np.concatenate([first, second])
    distance = float(np.abs(_share_up_to(first, places) - _share_up_to(second, places)).max())
    effective = math.sqrt(len(first) * len(second) / (len(first) + len(second)))
    stretched = (effective + 0.12 + 0.11 / effective) * distance
    return Difference(
        test="Kolmogorov-Smirnov",
        before=len(first),
        now=len(second),
        effect=distance,
        p_value=_kolmogorov(stretched),
        middle_before=float(np.median(first)),
        middle_now=float(np.median(second)),
    )


def compare_words(before: Sequence[str], now: Sequence[str]) -> Difference | None:
    """Compare how often words occur; None where there are too few documents."""
    if min(len(before), len(now)) < LEAST:
        return None
    counts = Counter(before), Counter(now)
    words = sorted(counts[0].keys() | counts[1].keys())
    table = np.array([[count[word] for word in words] for count in counts], np.float64)
    shares = table / table.sum(axis=1, keepdims=True)
    return Difference(
        test="chi-square",
        before=len(before),
        now=len(now),
        effect=float(np.abs(shares[0] - shares[1]).sum() / 2),
        p_value=_homogeneity(table),
        shares_before=tuple(zip(words, shares[0].tolist(), strict=True)),
        shares_now=tuple(zip(words, shares[1].tolist(), strict=True)),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for being many, in the same order, 0-1."""
    order = sorted(range(len(p_values)), key=lambda row: p_values[row])
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, row in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[row]))
        corrected[row] = highest
    return corrected


def chi_square_tail(value: float, freedom: int) -> float:
    """Return the probability of a chi-square variable above a value (Abramowitz & Stegun 26.4)."""
    half = value / 2
    if freedom % 2 == 0:
        term, total = 1.0, 1.0
        for number in range(1, freedom // 2):
            term *= half / number
            total += term
        return min(1.0, math.exp(-half) * total)
    total = math.erfc(math.sqrt(half))
    term = math.exp(-half) * math.sqrt(half) / math.gamma(1.5)
    for number in range(1, (freedom + 1) // 2):
        total += term
        term *= half / (number + 0.5)
    return min(1.0, total)


def _share_up_to(ordered: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.searchsorted(ordered, places, side="right") / len(ordered)
    return shares


def _kolmogorov(value: float) -> float:
    """Return the probability that Kolmogorov's limiting variable exceeds a value."""
    if value < 0.2:  # noqa: PLR2004 -- 1 to twelve digits, where the series converges slowly
        return 1.0
    terms = ((-1) ** (k - 1) * math.exp(-2 * (k * value) ** 2) for k in range(1, _TERMS))
    return min(1.0, max(0.0, 2 * math.fsum(terms)))


def _homogeneity(table: NDArray[np.float64]) -> float:
    total = table.sum()
    least = table.sum(axis=0) * table.sum(axis=1).min() / total
    rare = least < _EXPECTED
    joined = table[:, ~rare]
    if rare.any():
        joined = np.concatenate([joined, table[:, rare].sum(axis=1, keepdims=True)], axis=1)
    if joined.shape[1] < 2:  # noqa: PLR2004 -- one kind is no difference
        return 1.0
    expected = joined.sum(axis=1, keepdims=True) * joined.sum(axis=0, keepdims=True) / total
    value = float(((joined - expected) ** 2 / expected).sum())
    return chi_square_tail(value, joined.shape[1] - 1)
