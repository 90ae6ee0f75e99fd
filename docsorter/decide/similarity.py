"""Which sample pages a page is most like, and which unknown documents look alike.

Average linkage (Sokal and Michener 1958; distances of merged groups by Lance and Williams 1967)
up to a cut: two groups become one while the mean distance between their members is below it.

Models differ in how far apart they see documents, so the cut is a share of the model's own measure:
the middle of the distances between sample pages of different labels that its bundle carries. The
share is measured (`bench/alike.py`, docs/teach/retraining.md has the figures). The space of novelty
tells unknown kinds apart less well.
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


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The sample pages of a model: whatever a page can be said to be like without a customer's.

    Attributes:
        names: What each is called in the bundle.
        labels: What each is; see `Likeness`.
        places: (n, k) float64, by `NoveltyModel.place`.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    places: "NDArray[np.float64]"

    @classmethod
    def placed(
        cls,
        names: Sequence[str],
        labels: Sequence[str],
        features: "Sequence[NDArray[np.floating[Any]]]",
        novelty: NoveltyModel,
    ) -> "Samples":
        """Find the places of sample pages.

        Args:
            names: What each is called.
            labels: What each is.
            features: (F,) of each.
            novelty: Of the same model.

        Raises:
            ModelError: A shape does not fit, or a number is not finite.
        """
        return cls(tuple(names), tuple(labels), novelty.place(np.stack(features)))

    def nearest(
        self, features: "NDArray[np.floating[Any]]", novelty: NoveltyModel
    ) -> Sequence[tuple[Likeness, ...]]:
        """Return for each page the samples nearest to it, the nearest first.

        Args:
            features: (pages, F) of a document.
            novelty: Of the same model.

        Raises:
            ModelError: The shape does not fit, or a number is not finite.
        """
        return [self._nearest(place) for place in novelty.place(features)]

    def _nearest(self, place: "NDArray[np.float64]") -> tuple[Likeness, ...]:
        distances = np.linalg.norm(self.places - place, axis=1)
        return tuple(
            Likeness(self.names[one], self.labels[one], float(distances[one]))
            for one in np.argsort(distances, kind="stable")[:SHOWN]
        )


MOST: Final = 600
"""Documents that are grouped at once; the cost grows with their cube."""

CUT: Final = 0.55
"""Mean distance of features of unit length up to which documents are of one group, where the model
has too few sample pages to say so itself."""

SHARE: Final = 0.6
"""The cut as a share of the middle distance between pages of different labels."""

_LEAST_PAIRS: Final = 6

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Alike:
    """A group of documents.

    Attributes:
        members: Rows, the most typical one first.
        tightness: Mean distance of its members from each other, as a share of the cut, 0-1.
    """

    members: tuple[int, ...]
    tightness: float


def group_alike(places: Floats, cut: float = CUT) -> tuple[Alike, ...]:
    """Return groups of at least two, the largest first.

    Args:
        places: (n, k) one row per document, see `places_of`.
        cut: Mean distance up to which groups are joined, > 0.

    Raises:
        UsageError: There are more than `MOST`, or the cut is none.
    """
    if len(places) > MOST or not cut > 0:
        raise UsageError(f"at most {MOST} documents are grouped at once, with a cut above 0")
    distances = _distances(places)
    found = [group for group in _linked(distances, cut) if len(group) > 1]
    groups = []
    for rows in found:
        inside = distances[np.ix_(rows, rows)]
        order = inside.mean(axis=1).argsort(kind="stable")
        mean = inside.sum() / (len(rows) * (len(rows) - 1))
        groups.append(Alike(tuple(int(rows[row]) for row in order), float(mean / cut)))
    return tuple(sorted(groups, key=lambda group: (-len(group.members), group.members)))


def cut_of(places: Floats, labels: Sequence[str]) -> float:
    """Return the cut for a model by its sample pages; `CUT` where they are too few or all alike.

    Args:
        places: (n, k) of the sample pages, see `places_of`.
        labels: What each is.
    """
    distances, names = _distances(places), np.array(labels)
    one, other = np.triu_indices(len(names), 1)
    apart = distances[one, other][names[one] != names[other]]
    middle = float(np.median(apart)) if len(apart) >= _LEAST_PAIRS else 0.0
    return SHARE * middle if middle > 0 else CUT


def places_of(features: NDArray[np.floating]) -> Floats:
    """Return where documents lie: features of unit length, so that distances lie within 0-2.

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
