"""What a head is learned from: pages, how much each counts, and what the base says of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Examples:
    """Pages to learn from.

    Attributes:
        features: (n, F) pooled features.
        prior: (n, C) what the base says, logits; zeros where it knows nothing.
        targets: (n,) columns.
        weights: (n,) how much each page counts, summing to the number of documents it stands for.
        groups: (n,) pages of one group are never on both sides of a cross-validation.
        loose: (C,) outputs that may move as a whole: those of which the base does not know how
            often they occur on this paper. Any other moves only as reluctantly as one feature.
    """

    features: "Floats"
    prior: "Floats"
    targets: "Ints"
    weights: "Floats"
    groups: "Ints"
    loose: "NDArray[np.bool_]"

    def where(self, chosen: "NDArray[np.bool_]") -> "Examples":
        """Return the pages for which `chosen` is true."""
        return Examples(
            self.features[chosen],
            self.prior[chosen],
            self.targets[chosen],
            self.weights[chosen],
            self.groups[chosen],
            self.loose,
        )


def page_weights(targets: "Ints", documents: "Ints", shares: "Floats") -> "Floats":
    """Weigh pages so that every output has its share and every document of it counts alike.

    Args:
        targets: (n,) columns.
        documents: (n,) the document of each page; several pages may be views of one.
        shares: (C,) of the outputs; one that does not occur leaves its share to the others.

    Returns:
        (n,) summing to the number of documents.
    """
    _, rows, views = np.unique(documents, return_inverse=True, return_counts=True)
    weights = 1.0 / views[rows]
    total = float(weights.sum())
    classes = np.unique(targets)
    for column in classes:
        here = targets == column
        weights[here] *= total * shares[column] / shares[classes].sum() / weights[here].sum()
    return np.asarray(weights, np.float64)
