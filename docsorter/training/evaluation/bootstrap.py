"""95 % intervals from resampled groups: ten scans of one template are not ten documents.

The cluster bootstrap (Efron and Tibshirani 1993; Davison and Hinkley 1997, section 3.8): whole
groups are drawn with replacement, so that the interval is as wide as the number of *different*
documents deserves.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.model.card import Measured
from docsorter.training.splits import deal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]
    Mask = NDArray[np.bool_]

LEAST_PER_LABEL: Final = 30
RESAMPLES: Final = 1000
_Z: Final = 1.959964
_ENDS: Final = (2.5, 97.5)


def wilson_interval(hits: float, n: float) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson 1927), 0-1; n must be above 0."""
    share, square = hits / n, _Z * _Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z * float(np.sqrt(share * (1 - share) / n + square / (4 * n * n))) / (1 + square / n)
    # At the ends the formula gives 0 and 1 but for rounding.
    low = 0.0 if hits <= 0 else max(0.0, middle - half)
    high = 1.0 if hits >= n else min(1.0, middle + half)
    return low, high


def too_few(n: int, least: int = LEAST_PER_LABEL, what: str = "documents") -> Measured:
    """Return a figure that cannot be measured, and why."""
    return Measured(value=None, n=n, note=f"not measurable under {least} {what}")


class Resampler:
    """Draws groups of documents again and again, the same draws for every figure.

    Args:
        groups: (n,) group of each document, any integers.
        rng: What draws.
        resamples: How often.
    """

    def __init__(
        self,
        groups: "Sequence[int] | NDArray[np.int64]",
        rng: np.random.Generator,
        resamples: int = RESAMPLES,
    ) -> None:
        unique, self._member = np.unique(np.asarray(groups, np.int64), return_inverse=True)
        self.documents = len(self._member)
        self.groups = len(unique)
        shares = np.full(self.groups, 1 / max(1, self.groups))
        # float32 counts exactly up to 2**24, and multiplies fast.
        self._draws = rng.multinomial(self.groups, shares, resamples).astype(np.float32)

    def share(self, hits: "Mask", among: "Mask | None" = None, note: str = "") -> Measured:
        """Return the share of hits among some documents.

        Where every document is a hit, or none, all resamples agree and the bootstrap has nothing to
        say; the interval is then Wilson's for as many documents as there are groups. Otherwise it
        is never narrower than Wilson's for independent documents.

        Args:
            hits: (n,) which documents count.
            among: (n,) of which; all when not given.
            note: Goes into the figure.
        """
        chosen = np.ones(self.documents, np.bool_) if among is None else among
        n, found = int(chosen.sum()), int((hits & chosen).sum())
        if n == 0:
            return Measured(value=None, n=0, note=note or "no documents")
        if found in {0, n}:
            groups = len(np.unique(self._member[chosen]))
            low, high = wilson_interval(groups * found / n, groups)
        else:
            drawn = self._ratio(hits & chosen, chosen)
            ends = np.percentile(drawn, _ENDS)
            plain = wilson_interval(found, n)
            low, high = min(float(ends[0]), plain[0]), max(float(ends[1]), plain[1])
        return Measured(value=found / n, n=n, low=low, high=high, note=note)

    def spread(self, figures: "Callable[[Rows], Floats]") -> "Floats":
        """Return figures of every resample, (resamples, k); `figures` gets row numbers."""
        every = np.arange(self.documents)
        return np.stack(
            [figures(np.repeat(every, draw[self._member].astype(np.int64))) for draw in self._draws]
        )

    def _ratio(self, hits: "Mask", among: "Mask") -> "Floats":
        def sums(mask: "Mask") -> "Floats":
            per_group = np.bincount(self._member, mask, self.groups).astype(np.float32)
            return np.asarray(self._draws @ per_group, np.float64)

        above, below = sums(hits), sums(among)
        return above[below > 0] / below[below > 0]


def percentile_interval(drawn: "Floats") -> tuple[float, float]:
    """Return the ends of the percentile interval; draws that were no number are left out."""
    low, high = np.nanpercentile(drawn, _ENDS)
    return float(low), float(high)


def pivotal_interval(value: float, drawn: "Floats") -> tuple[float, float]:
    """Return the pivotal ("basic") interval, at least 0.

    For figures that resampling moves in one direction, as it does a calibration error: the resample
    of a resample looks worse than it is by about as much as the sample did.
    """
    low, high = percentile_interval(drawn)
    return max(0.0, min(value, 2 * value - high)), max(value, 2 * value - low)


def in_halves(groups: Sequence[int], targets: "NDArray[np.int64]") -> list[int]:
    """Deal whole groups into two halves with about as many documents of every label."""
    dealt = deal(groups, [str(target) for target in targets], {"0": 0.5, "1": 0.5})
    return [int(half) for half in dealt]
