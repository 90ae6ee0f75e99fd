"""The sort rule: temperature, novelty limit and threshold, fitted on calibration documents.

The rule that ships must hold on paper that nobody here has seen, so that every choice errs towards
asking a person: the greater of two temperatures, no error among real documents, and a margin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.decide.policy import offset_between
from docsorter.decide.promise import error_upper_bound
from docsorter.documents import SortRule
from docsorter.model.card import Evidence
from docsorter.training.looking import Judged

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIDENCE: Final = 0.95
LEAST_THRESHOLD: Final = 0.9
GREATEST_THRESHOLD: Final = 0.999
NOVELTY_LIMIT: Final = 99.0
"""Percentile: of documents like those of the training one in a hundred is asked about."""

FOREIGN_SORTED: Final = 0.02
"""Share of foreign documents of the calibration set that the threshold may let through."""

ENOUGH: Final = 50
"""Calibration documents taken for a label, from which on it may have a threshold of its own."""

_MARGIN: Final = 0.5
"""Of the way from the least threshold without errors to certainty. A quarter was enough for models
unsure of all real paper; one that was trained for longer is surer of foreign pages too."""


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

    def evidence(self, description: str) -> Evidence:
        """Return it as the card states it."""
        return Evidence(
            documents=self.documents,
            sorted_alone=self.sorted_alone,
            errors=self.errors,
            confidence=CONFIDENCE,
            upper_bound=error_upper_bound(self.errors, self.sorted_alone, CONFIDENCE),
            description=description,
        )


def apply_rule(judged: Judged, labels: Sequence[str], rule: SortRule) -> RuleTest:
    """Apply a rule to documents whose labels are known."""
    top = judged.probabilities.argmax(axis=1)
    never = np.inf  # nothing is sorted to the background
    asked = np.array([*(rule.asked_for(label) for label in labels), never])
    sure = judged.probabilities.max(axis=1) >= asked[np.minimum(top, len(labels))]
    chosen = sure & (judged.novelty <= rule.novelty_limit)
    wrong = chosen & (top != judged.targets)
    foreign = judged.targets >= len(labels)
    return RuleTest(
        documents=len(judged.samples),
        sorted_alone=int(chosen.sum()),
        errors=int(wrong.sum()),
        foreign=int(foreign.sum()),
        foreign_sorted=int((chosen & foreign).sum()),
    )


def threshold_of(
    parts: Sequence[Judged],
    labels: int,
    limit: float,
    target: float,
    foreign: float = FOREIGN_SORTED,
) -> float:
    """Return a threshold that holds on every set of documents, with a margin.

    On each set the least threshold is taken above which errors among documents of the labels stay
    within `target` of those sorted (none at all below 1 / target documents) and at most the share
    `foreign` of the foreign ones are sorted, at every stricter threshold too. The greatest
    of these moves half of the way to 1, and stays within `LEAST_THRESHOLD` and
    `GREATEST_THRESHOLD`.

    Args:
        parts: Calibration documents by origin.
        labels: How many labels there are; further columns are background.
        limit: The novelty limit.
        target: Error rate that sorted documents may have, 0-1.
        foreign: Share of the foreign documents that may be sorted, 0-1.
    """
    return _careful(
        max(_least(part, _can(part, labels, limit), labels, target, foreign) for part in parts)
    )


def thresholds_of(
    parts: Sequence[Judged],
    labels: Sequence[str],
    limit: float,
    target: float,
    foreign: float = FOREIGN_SORTED,
) -> tuple[float, dict[str, float]]:
    """Return a threshold, and offsets for labels that need not wait for the others.

    Each label gets the threshold that `threshold_of` would give the documents taken for it, where
    there are `ENOUGH` of them, with its share of the foreign documents that may be sorted. So each
    keeps to the same error on its own, and all together do.

    Args:
        parts: Calibration documents by origin.
        labels: The labels; further columns are background.
        limit: The novelty limit.
        target: Error rate that sorted documents may have, 0-1.
        foreign: Share of the foreign documents that may be sorted, 0-1.

    Returns:
        The threshold for all, and by label the offset from it, of labels that differ.
    """
    count = len(labels)
    common = threshold_of(parts, count, limit, target, foreign)
    offsets: dict[str, float] = {}
    for column, label in enumerate(labels):
        taken = [part.probabilities.argmax(axis=1) == column for part in parts]
        if sum(int(rows.sum()) for rows in taken) < ENOUGH:
            continue
        least = max(
            _least(part, _can(part, count, limit) & rows, count, target, foreign / count)
            for part, rows in zip(parts, taken, strict=True)
        )
        if (own := _careful(least)) != common:
            offsets[label] = offset_between(common, own)
    return common, offsets


def _careful(least: float) -> float:
    if least > LEAST_THRESHOLD / 2:
        least += _MARGIN * (1 - least)
    return float(np.clip(least, LEAST_THRESHOLD, GREATEST_THRESHOLD))


def _can(judged: Judged, labels: int, limit: float) -> "NDArray[np.bool_]":
    """Say for each document whether some threshold would sort it, (n,) bool."""
    named = judged.probabilities.argmax(axis=1) < labels
    return np.asarray(named & (judged.novelty <= limit), np.bool_)


def _least(
    judged: Judged, can: "NDArray[np.bool_]", labels: int, target: float, allowed_foreign: float
) -> float:
    """Return the least threshold without too many errors among the documents that `can`."""
    confidence = judged.probabilities.max(axis=1)[can]
    order = np.argsort(-confidence, kind="stable")
    targets = judged.targets[can][order]
    foreign = targets >= labels
    wrong = (judged.probabilities.argmax(axis=1)[can][order] != targets) & ~foreign
    allowed = np.floor(np.cumsum(~foreign) * target)
    all_foreign = int((judged.targets >= labels).sum())
    broken = np.flatnonzero(
        (np.cumsum(wrong) > allowed) | (np.cumsum(foreign) > allowed_foreign * all_foreign)
    )
    if not len(broken):
        return 0.0
    return float(np.nextafter(confidence[order][broken[0]], 1.0))
