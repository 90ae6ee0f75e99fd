"""Which sample pages of a model a page is most like, by the features that tell its novelty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from docsorter.decide.novelty import NoveltyModel
from docsorter.documents import Likeness

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
