"""Whether a candidate may take over without automation that was earned being lost.

While it waited, documents of every kind were drawn with one chance, so that they stand for all that
arrive. What the model in use sorts alone of them is known from its threshold; what the candidate
would sort follows from the threshold that its own evidence certifies, reckoned here exactly as it
will be once the candidate is in use.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.autonomy import make_plan
from docsorter.decide.double_looks import MissRate
from docsorter.decide.earned import CheckedScores, standing
from docsorter.service.evidence import policy_of, replanned
from docsorter.settings import PromiseSettings

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The documents that were drawn while a candidate waited, in the order of drawing.

    Attributes:
        old: (n,) what the threshold of the model in use applies to, 0-1; NaN where it could sort
            the document at no threshold.
        new: (n,) the same of the candidate.
        wrong: (n,) whether people have not said what the candidate says.
        pending: (n,) whether nobody has answered yet; counts as wrong.
        inclusion: (n,) probability with which each was drawn, (0, 1].
    """

    old: Floats
    new: Floats
    wrong: NDArray[np.bool_]
    pending: NDArray[np.bool_]
    inclusion: Floats


@dataclass(frozen=True, slots=True)
class TakingOver:
    """What would become of automation.

    Attributes:
        drawn: Documents that say so.
        before: Share of all documents that the model in use sorts alone, 0-1.
        after: The same of the candidate, by its own evidence so far.
    """

    drawn: int
    before: float
    after: float

    @property
    def holds(self) -> bool:
        """Whether the candidate has earned something, and nothing that was earned is lost.

        Without a certificate of its own it waits even where the model in use has none: both gather
        evidence meanwhile, and that of the model in use would be given up.
        """
        return self.after > 0 and self.after >= self.before

    @property
    def why(self) -> str:
        """The same in words."""
        would = f"by its own evidence it would sort {self.after:.1%} alone"
        if not self.drawn:
            would = "no document was drawn for it yet"
        return f"{would}, the model in use {self.before:.1%}"


def taking_over(
    heard: Heard,
    in_use: float | None,
    promise: PromiseSettings,
    misses: MissRate,
    *,
    least: float = 0.0,
) -> TakingOver:
    """Return what would become of automation if the candidate took over now.

    Args:
        heard: What was drawn.
        in_use: Threshold of the model in use; None sorts nothing alone.
        promise: What is promised.
        misses: At most which share of the mistakes people miss.
        least: Threshold that the settings ask for in any case, 0-1.
    """
    before = None if in_use is None else max(in_use, least)
    certified = _certified(heard, promise, misses)
    after = None if certified is None else max(certified, least)
    return TakingOver(
        len(heard.old),
        _share(heard.old, heard.inclusion, before),
        _share(heard.new, heard.inclusion, after),
    )


def _certified(heard: Heard, promise: PromiseSettings, misses: MissRate) -> float | None:
    """Return the threshold that the candidate's checks certify after its pilot."""
    could = np.flatnonzero(~np.isnan(heard.new))
    pilot, rest = np.split(could, [promise.pilot_documents])
    if len(pilot) < promise.pilot_documents:
        return None
    grid = make_plan(heard.new[pilot], policy_of(promise))
    checks = CheckedScores(
        heard.new[rest],
        heard.wrong[rest] | heard.pending[rest],
        heard.inclusion[rest],
        pending=heard.pending[rest],
    )
    return standing(checks, replanned(grid, promise, misses), in_use=None).threshold


def _share(scores: Floats, inclusion: Floats, threshold: float | None) -> float:
    """Return the share of all documents above a threshold (Hajek 1971)."""
    if threshold is None or not len(scores):
        return 0.0
    weights = 1 / inclusion
    return float(weights[np.nan_to_num(scores, nan=-1.0) >= threshold].sum() / weights.sum())


def heard_of(rows: Sequence[tuple[float | None, float | None, str, str | None, float]]) -> Heard:
    """Gather what was drawn.

    Args:
        rows: Score by the model in use and by the candidate, the candidate's label, what people
            said last (None: nobody yet; "" for no label), and the probability of the draw.
    """
    columns = list(zip(*rows, strict=True)) or [()] * 5
    old, new, labels, said, inclusion = columns
    return Heard(
        np.array([np.nan if score is None else score for score in old], np.float64),
        np.array([np.nan if score is None else score for score in new], np.float64),
        np.array([a != b for a, b in zip(labels, said, strict=True)], np.bool_),
        np.array([one is None for one in said], np.bool_),
        np.array(inclusion, np.float64),
    )
