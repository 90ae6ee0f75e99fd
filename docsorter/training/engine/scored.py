"""Documents with everything that decides about them, as the exported file sees them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from docsorter.training.looking import Judged

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scored:
    """Documents with everything that decides about them.

    Attributes:
        judged: What the model says of each, n documents.
        held: (n,) whether pages of it name different labels, so that a person is asked.
        features: (n, F) float32, of the first page of each.
        groups: (n,) documents of one group are not independent.
    """

    judged: Judged
    held: "NDArray[np.bool_]"
    features: "NDArray[np.float32]"
    groups: tuple[int, ...]

    def where(self, chosen: "NDArray[np.bool_]") -> "Scored":
        """Return the documents for which `chosen` is true, (n,)."""
        rows = np.flatnonzero(chosen)
        return Scored(
            self.judged.where(chosen),
            self.held[rows],
            self.features[rows],
            tuple(self.groups[row] for row in rows),
        )
