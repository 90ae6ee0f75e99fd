"""The same figures source by source: an average hides the scanner that fails."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.decide.promise import error_upper_bound
from docsorter.model.card import Measured
from docsorter.training.evaluation.automation import CONFIDENCE
from docsorter.training.evaluation.figures import LEAST_PER_LABEL, too_few
from docsorter.training.evaluation.resampling import Resampler
from docsorter.training.looking import Judged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

MOST: Final = 40
"""Sources that get a row of their own, those with most documents first."""


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """One source.

    Attributes:
        source: Its name.
        documents: How many documents it gave.
        groups: How many different ones: near-duplicates and scans of one template count once.
        foreign: How many of the documents are of no label.
        right: How many of those of a label the model takes for what they are.
        accuracy: Their share.
        sorted_alone: How many the rule sorts without a person.
        errors: How many of those to a wrong label.
        upper_bound: Of the error among them, one-sided, 95 % confidence; 1 when none is sorted.
    """

    source: str
    documents: int
    groups: int
    foreign: int
    right: int
    accuracy: Measured
    sorted_alone: int
    errors: int
    upper_bound: float


def source_figures(
    judged: Judged,
    labels: int,
    chosen: "Mask",
    groups: Sequence[int],
    resampler: Resampler,
) -> tuple[SourceFigures, ...]:
    """Return the figures of every source, the largest first; further arguments as elsewhere."""
    names = np.array([sample.source for sample in judged.samples], dtype=object)
    top = judged.probabilities.argmax(axis=1)
    own = judged.targets < labels
    right = own & (top == judged.targets)
    numbers = np.asarray(groups)
    found = []
    for source, documents in Counter(names.tolist()).most_common(MOST):
        here = names == source
        mine = int((here & own).sum())
        alone, errors = int((here & chosen).sum()), int((here & chosen & ~right).sum())
        found.append(
            SourceFigures(
                source=source,
                documents=documents,
                groups=len(np.unique(numbers[here])),
                foreign=documents - mine,
                right=int((here & right).sum()),
                accuracy=resampler.share(right, here & own)
                if mine >= LEAST_PER_LABEL
                else too_few(mine),
                sorted_alone=alone,
                errors=errors,
                upper_bound=error_upper_bound(errors, alone, CONFIDENCE),
            )
        )
    return tuple(found)
