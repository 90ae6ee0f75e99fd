"""How the starter's sort rule is fitted, and what a rule does to documents of known labels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.decide.calibration import fit_temperature
from docsorter.decide.policy import offsets_of, threshold_scores
from docsorter.decide.promise import error_upper_bound
from docsorter.documents import SortRule
from docsorter.model.card import NONE_OF_THESE, CardEvidence
from docsorter.training.dataset import Predictions, RawPredictions
from docsorter.training.sort_rule import CONFIDENCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOREIGN_SORTED: Final = 0.02
"""Share of foreign documents of the calibration set that the threshold may let through."""

FOREIGN_SHARE: Final = 0.05
"""Share of foreign documents in the mix that the confidence is meant for; labels are alike."""


def prior_shift(drawn: float, expected: float = FOREIGN_SHARE) -> float:
    """Return what to add to the logit of "none of these" for another share of foreign documents.

    A network trained where a share `drawn` of pages was foreign expects as many ever after. Adding
    the difference of the log odds corrects that exactly where its probabilities are true (Saerens,
    Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori
    probabilities").

    Args:
        drawn: Share among the training draws, between 0 and 1.
        expected: Share among the documents to come, between 0 and 1.
    """
    return math.log(expected / (1 - expected)) - math.log(drawn / (1 - drawn))


def mix_weights(targets: "NDArray[np.int64]", labels: int) -> "NDArray[np.float64]":
    """Weigh documents so that they stand for the stated mix.

    Args:
        targets: (n,) column of the label, `labels` for a foreign document.
        labels: How many labels there are.

    Returns:
        (n,) summing to n: foreign documents have `FOREIGN_SHARE` of it, each label that occurs an
        equal share of the rest.
    """
    counts = np.bincount(targets, minlength=labels + 1)
    occurring = int((counts[:labels] > 0).sum())
    shares = np.full(labels + 1, (1 - FOREIGN_SHARE) / max(1, occurring))
    shares[labels] = FOREIGN_SHARE
    weights = shares[targets] / counts[targets]
    result: NDArray[np.float64] = weights * len(targets) / weights.sum()
    return result


def temperature_of(parts: list[RawPredictions], labels: int, background: int) -> float:
    """Return the greatest of the temperatures fitted on each set of documents, at least 1.

    Args:
        parts: Sets of documents of different origin; sets under 20 documents have no say.
        labels: How many labels there are.
        background: Outputs that mean "none of these".
    """
    fitted = [
        fit_temperature(
            part.first_logits, part.targets, background, mix_weights(part.targets, labels)
        )
        for part in parts
        if len(part.samples) >= 20
    ]
    return max([1.0, *fitted])


@dataclass(frozen=True, slots=True)
class RuleTest:
    """What a rule does to a set of documents.

    Attributes:
        documents: How many of them there are, foreign ones included.
        sorted_alone: How many it sorts without a person.
        errors: How many of those to a wrong label; a foreign document is always one.
        foreign: How many documents are of no label.
        foreign_sorted: How many of those it sorts.
    """

    documents: int
    sorted_alone: int
    errors: int
    foreign: int
    foreign_sorted: int

    def evidence(self, description: str) -> CardEvidence:
        """Return it as the card states it."""
        return CardEvidence(
            documents=self.documents,
            sorted_alone=self.sorted_alone,
            errors=self.errors,
            confidence=CONFIDENCE,
            upper_bound=error_upper_bound(self.errors, self.sorted_alone, CONFIDENCE),
            description=description,
        )


def apply_rule(predictions: Predictions, labels: Sequence[str], rule: SortRule) -> RuleTest:
    """Apply a rule to documents whose labels are known."""
    top = predictions.probabilities.argmax(axis=1)
    named = [*labels, NONE_OF_THESE]
    offsets = offsets_of([named[column] for column in top], predictions.novelty, rule)
    sure = threshold_scores(predictions.probabilities.max(axis=1), offsets) >= rule.threshold * (
        1 - 1e-12
    )
    chosen = sure & (predictions.novelty <= rule.novelty_limit) & (top < len(labels))
    wrong = chosen & (top != predictions.targets)
    foreign = predictions.targets >= len(labels)
    return RuleTest(
        documents=len(predictions.samples),
        sorted_alone=int(chosen.sum()),
        errors=int(wrong.sum()),
        foreign=int(foreign.sum()),
        foreign_sorted=int((chosen & foreign).sum()),
    )
