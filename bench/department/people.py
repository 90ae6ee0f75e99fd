"""People who answer, nearly always rightly."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bench.department.models import NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

SLIPS: Final = 0.01
"""Share of answers that are slips: any other label, by chance."""

DOUBLE: Final = 0.05
"""Share of blind answers that a second person gives too, to learn how often people differ."""


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What was said of some documents.

    Attributes:
        label: (n,) the answer that counts, an output.
        seconds: How many second looks were given.
        doubles: How many documents were drawn to be looked at twice, so as to compare people.
        differed: In how many of those the two looks differed.
    """

    label: "Ints"
    seconds: int
    doubles: int
    differed: int


class People:
    """Reviewers with a rate of slips.

    Args:
        seed: Of their slips.
        slips: Share of answers that are slips.
    """

    def __init__(self, seed: int, slips: float = SLIPS) -> None:
        self._rng = np.random.default_rng([seed, 77])
        self._slips = slips

    def say(self, truth: "Ints") -> "Ints":
        """Answer once each, (n,)."""
        slipped = self._rng.random(len(truth)) < self._slips
        other = (truth + self._rng.integers(1, len(NAMES), len(truth))) % len(NAMES)
        return np.where(slipped, other, truth)

    def settle(self, truth: "Ints", tops: "list[Ints]") -> Said:
        """Answer blind; whoever disagrees with a model causes a second blind look.

        A disagreement counts when the second look does not name the model's label either; where it
        does, the model was right. With two models the answer that counts is the first one, or the
        second where it backs a model.

        Args:
            truth: (n,).
            tops: What each model says of the documents, (n,) each.
        """
        first = self.say(truth)
        asked_again = np.zeros(len(truth), np.bool_)
        for top in tops:
            asked_again |= first != top
        second = self.say(truth)
        backs = np.zeros(len(truth), np.bool_)
        for top in tops:
            backs |= second == top
        label = np.where(asked_again & backs, second, first)
        double = self._rng.random(len(truth)) < DOUBLE
        return Said(
            label,
            int((asked_again | double).sum()),
            int(double.sum()),
            int((double & (first != second)).sum()),
        )
