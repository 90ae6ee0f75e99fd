"""How sure the model may be: temperature, novelty, and a threshold that was put to the test.

Everything here is fitted on what the exported file says of documents it was not taught: with four
sets the grid, its start, the temperature and the novelty on validation, then the calibration set is
used once (Learn-then-Test); with few documents on out-of-fold answers, and nothing is certified.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.decide.calibration import fit_temperature, label_probabilities
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.policy import comparable, offsets_of
from docsorter.decide.prediction import disagreement
from docsorter.decide.promise import checks_needed, not_certifiable_yet, promise_statement
from docsorter.decide.thresholds import CheckedDocuments, choose_threshold, plan_thresholds
from docsorter.documents import SortRule
from docsorter.errors import ModelError
from docsorter.training.looking import Judged, Looked
from docsorter.training.rule import NOVELTY_LIMIT, thresholds_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

FOREIGN_SORTED: Final = 0.0
"""Share of generated foreign documents that may be sorted. The starter learned from such documents,
so that real ones pass far more often: up to 9 of 100 of them where 1 % of the generated ones may,
3 to 4 where none may (83 real ones, 5 to 20 documents per label, `bench.own_documents`)."""

LEAST_TEMPERATURE: Final = 0.5
"""Out-of-fold heads are less sure than the final one; a set of a hundred must not undo that."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What can be promised of the documents sorted alone, or what is missing for it.

    Attributes:
        certified: Whether the threshold passed the test.
        target: Error that is promised, 0-1.
        confidence: Of the promise, 0-1.
        tested: Documents of the calibration set; 0 when documents were too few for one.
        sorted_alone: Of those, sorted at the threshold, or where the test ended.
        errors: Of those, to a wrong label.
        needed: Documents sorted alone that the promise takes with so many errors.
        more: How many more labelled documents it takes, about; 0 when certified.
    """

    certified: bool
    target: float
    confidence: float
    tested: int
    sorted_alone: int
    errors: int
    needed: int
    more: int

    def statement(self) -> str:
        """Say it in one line."""
        if self.certified:
            return promise_statement(self.target, self.confidence, self.sorted_alone)
        return not_certifiable_yet(self.needed, self.sorted_alone, self.errors)


@dataclass(frozen=True, slots=True)
class Confidence:
    """The sort rule with what stands behind it.

    Attributes:
        rule: For the card.
        novelty: Distance from the documents learned from.
        promise: What the threshold may claim.
    """

    rule: SortRule
    novelty: NoveltyModel
    promise: Promise


def temperature_of(looked: Looked, background: int) -> float:
    """Return the temperature under which first pages are most likely, within sensible bounds."""
    fitted = fit_temperature(looked.first_logits, looked.targets, background)
    return max(LEAST_TEMPERATURE, fitted)


def pages_disagree(looked: Looked, temperature: float, background: int) -> "Mask":
    """Say for each document whether two of its pages confidently name different labels, (n,)."""
    tables = (label_probabilities(o.logits, temperature, background) for o in looked.outputs)
    return np.array([disagreement(table) is not None for table in tables], np.bool_)


def checked(
    judged: Judged,
    held: "Mask",
    labels: tuple[str, ...],
    policies: Mapping[str, str],
    offsets: Mapping[str, float],
) -> CheckedDocuments:
    """Return documents as the complete sort rule sees them.

    Args:
        judged: The documents.
        held: (n,) those whose pages disagree.
        labels: The labels; further columns are background.
        policies: By label; only "auto" documents are sorted.
        offsets: By label; confidences come back comparable across labels.
    """
    top = judged.probabilities.argmax(axis=1)
    auto = np.array([policies.get(name, "auto") == "auto" for name in labels] + [False], np.bool_)
    free = auto[np.minimum(top, len(labels))]
    eligible = free & (judged.novelty <= NOVELTY_LIMIT) & ~held
    shifts = offsets_of([*labels, ""], offsets)[np.minimum(top, len(labels))]
    scores = comparable(judged.probabilities.max(axis=1), shifts)
    return CheckedDocuments(scores, top == judged.targets, eligible)


def threshold_by_test(
    validation: CheckedDocuments,
    calibration: CheckedDocuments,
    target: float,
    confidence: float,
) -> tuple[float | None, Promise]:
    """Plan on validation, test on calibration, once.

    Returns:
        The certified threshold or None, and what may be promised.

    Raises:
        UsageError: Target or confidence lie outside their range.
    """
    try:
        plan = plan_thresholds(validation, len(calibration), target=target, confidence=confidence)
    except ModelError:  # nothing on validation could be sorted alone
        return None, untested(0, len(calibration), target, confidence)
    choice = choose_threshold(plan, calibration)
    certified = choice.threshold is not None
    more = 0
    if not certified:
        rate = max(choice.sorted_alone, 1) / max(len(calibration), 1)
        more = max(0, round(choice.needed / rate) - len(calibration))
    return choice.threshold, Promise(
        certified, target, confidence, len(calibration), choice.sorted_alone, choice.errors,
        choice.needed, more,
    )  # fmt: skip


def untested(sorted_alone: int, documents: int, target: float, confidence: float) -> Promise:
    """Return the promise of a rule that no set of its own has tested.

    Args:
        sorted_alone: Documents it sorts, of all.
        documents: How many there are.
        target: Error that is to be promised.
        confidence: Of the promise.
    """
    needed = checks_needed(target, confidence)
    rate = max(sorted_alone, 1) / max(documents, 1)
    return Promise(False, target, confidence, 0, 0, 0, needed, round(needed / rate))


def careful_thresholds(
    parts: Sequence[Judged], labels: Sequence[str], target: float
) -> tuple[float, dict[str, float]]:
    """Return a threshold, with offsets, that errs towards asking a person, for want of a test."""
    return thresholds_of(parts, labels, NOVELTY_LIMIT, target, FOREIGN_SORTED)
