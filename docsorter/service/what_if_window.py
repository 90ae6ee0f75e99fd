"""The documents that `docsorter what-if` looks at: stored predictions of the model in use."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.policy import decide, is_eligible, score_of
from docsorter.service.promise_view import Viewer
from docsorter.store import Store

MOST_DOCUMENTS: Final = 5_000
"""The latest ones that are looked at, however many there are."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The documents that are looked at.

    Attributes:
        scores: (n,) of those that could be sorted alone: what the threshold applies to.
        confidences: (n,) of the same; what the model expects to be right.
        documents: How many there are in all.
        days: Over how many days.
        is_cut: Whether there were more documents than are looked at.
    """

    scores: NDArray[np.float64]
    confidences: NDArray[np.float64]
    documents: int
    days: float
    is_cut: bool

    def alone(self, threshold: float | None) -> int:
        """Return how many a threshold sorts alone."""
        return 0 if threshold is None else int((self.scores >= threshold).sum())

    def a_day(self, alone: int) -> float:
        """Return how many documents a day people are asked about, when so many are not."""
        return (self.documents - alone) / self.days

    def expected(self, thresholds: Sequence[float], target: float) -> float | None:
        """Return the loosest threshold above which the model itself expects no more errors.

        All there is to go by before the first check.

        Args:
            thresholds: The strictest first.
            target: Share that may be wrong, 0-1.
        """
        fitting = None
        for threshold in thresholds:
            above = self.confidences[self.scores >= threshold]
            if len(above) and float((1 - above).mean()) <= target:
                fitting = threshold
        return fitting


def look(viewer: Viewer, store: Store, now: dt.datetime, days: int) -> Window:
    """Read the latest predictions of the model in use.

    Args:
        viewer: Knows the model.
        store: Has them.
        now: Until when.
        days: Since so many days.
    """
    since = now - dt.timedelta(days=days)
    seen = store.predictions_since(viewer.card.name, since, MOST_DOCUMENTS)
    any_threshold = replace(viewer.rule, threshold=0.0)
    eligible = [
        (score_of(prediction, viewer.rule), prediction.confidence)
        for _, _, prediction in seen
        if is_eligible(decide(prediction, any_threshold, viewer.card.labels))
    ]
    is_cut = len(seen) >= MOST_DOCUMENTS
    begin = min((at for _, at, _ in seen), default=since)
    span = max(1.0, (now - begin).total_seconds() / 86_400)
    scores, confidences = np.array(eligible, np.float64).reshape(-1, 2).T
    return Window(scores, confidences, len(seen), span, is_cut)
