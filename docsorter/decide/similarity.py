"""Which sample pages a page is most like, and which unknown documents form groups.

Groups are made by average linkage (Sokal and Michener 1958; distances of merged groups by Lance and
Williams 1967) up to a cut: two groups become one while the mean distance between their members is
below it. Distances differ from model to model, so the cut is a share of the median distance between
sample pages of different labels that the bundle carries. The share is measured (`bench.grouping`,
docs/teach/retraining.md has the figures). The whitened space of novelty separates unknown kinds
less well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.novelty import NoveltyModel
from docsorter.documents import Likeness
from docsorter.errors import UsageError

SHOWN: Final = 3
"""Sample pages that are named for a page."""

MAX_DOCUMENTS: Final = 600
"""Documents that are grouped at once; the cost grows with their cube."""

DEFAULT_CUT: Final = 0.55
"""The cut for features of unit length where the model has too few sample pages to give its own."""

CUT_SHARE: Final = 0.6
"""The cut as a share of the median distance between pages of different labels."""

_LEAST_PAIRS: Final = 6

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SamplePages:
    """The sample pages of a model, which say what a page is like without showing a customer's.

    Attributes:
        names: What each is called in the bundle.
        labels: What each is; see `Likeness`.
        places: (n, k) float64, by `NoveltyModel.whiten`.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    places: NDArray[np.float64]

    @classmethod
    def from_features(
        cls,
        names: Sequence[str],
        labels: Sequence[str],
        features: Sequence[NDArray[np.floating[Any]]],
        novelty: NoveltyModel,
    ) -> "SamplePages":
        """Whiten the features of sample pages.

        Raises:
            ModelError: A shape does not fit, or a number is not finite.
        """
        return cls(tuple(names), tuple(labels), novelty.whiten(np.stack(features)))

    def nearest(
        self, features: NDArray[np.floating[Any]], novelty: NoveltyModel
    ) -> Sequence[tuple[Likeness, ...]]:
        """Return for each page the samples nearest to it, the nearest first.

        Raises:
            ModelError: The shape does not fit, or a number is not finite.
        """
        return [self._nearest(place) for place in novelty.whiten(features)]

    def _nearest(self, place: NDArray[np.float64]) -> tuple[Likeness, ...]:
        distances = np.linalg.norm(self.places - place, axis=1)
        return tuple(
            Likeness(self.names[one], self.labels[one], float(distances[one]))
            for one in np.argsort(distances, kind="stable")[:SHOWN]
        )


@dataclass(frozen=True, slots=True)
class SimilarGroup:
    """A group of similar documents.

    Attributes:
        members: Rows, the most typical one first.
        tightness: Mean distance of its members from each other, as a share of the cut, 0-1.
    """

    members: tuple[int, ...]
    tightness: float


def group_similar(places: Floats, cut: float = DEFAULT_CUT) -> tuple[SimilarGroup, ...]:
    """Return groups of at least two, the largest first.

    Args:
        places: (n, k) one row per document, see `unit_vectors`.
        cut: Mean distance up to which groups are joined, > 0.

    Raises:
        UsageError: There are more than `MAX_DOCUMENTS`, or the cut is not above 0.
    """
    if len(places) > MAX_DOCUMENTS or not cut > 0:
        raise UsageError(
            f"at most {MAX_DOCUMENTS} documents are grouped at once, with a cut above 0"
        )
    distances = _distances(places)
    found = [group for group in _linked(distances, cut) if len(group) > 1]
    groups = []
    for rows in found:
        inside = distances[np.ix_(rows, rows)]
        order = inside.mean(axis=1).argsort(kind="stable")
        mean = inside.sum() / (len(rows) * (len(rows) - 1))
        groups.append(SimilarGroup(tuple(int(rows[row]) for row in order), float(mean / cut)))
    return tuple(sorted(groups, key=lambda group: (-len(group.members), group.members)))


def linkage_cut(places: Floats, labels: Sequence[str]) -> float:
    """Return the cut by a model's sample pages; `DEFAULT_CUT` if they are too few or all alike."""
    distances, names = _distances(places), np.array(labels)
    one, other = np.triu_indices(len(names), 1)
    apart = distances[one, other][names[one] != names[other]]
    median = float(np.median(apart)) if len(apart) >= _LEAST_PAIRS else 0.0
    return CUT_SHARE * median if median > 0 else DEFAULT_CUT


def unit_vectors(features: NDArray[np.floating]) -> Floats:
    """Return features scaled to unit length, so that distances lie within 0-2.

    Args:
        features: (n, F) pooled features; a row of zeros stays where it is.
    """
    wide = features.astype(np.float64)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    placed: Floats = wide / np.where(length > 0, length, 1.0)
    return placed


def _distances(places: Floats) -> Floats:
    squares = (places**2).sum(axis=1)
    found = squares[:, np.newaxis] + squares - 2 * places @ places.T
    np.fill_diagonal(found, 0.0)
    result: Floats = np.sqrt(np.maximum(found, 0.0))
    return result


def _linked(distances: Floats, cut: float) -> list[NDArray[np.int64]]:
    between = distances.copy()
    np.fill_diagonal(between, np.inf)
    members = [[row] for row in range(len(between))]
    while len(between) > 1:
        one, other = divmod(int(between.argmin()), len(between))
        if not between[one, other] < cut:
            break
        one, other = min(one, other), max(one, other)
        sizes = len(members[one]), len(members[other])
        merged = (sizes[0] * between[one] + sizes[1] * between[other]) / sum(sizes)
        between[one], between[:, one] = merged, merged
        between[one, one] = np.inf
        between = np.delete(np.delete(between, other, axis=0), other, axis=1)
        members[one] += members.pop(other)
    return [np.array(sorted(rows), np.int64) for rows in members]
