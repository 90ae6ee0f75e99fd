"""How much can be sorted without a person: by the card's rule, by an oracle, as certified."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.decide.promise import checks_needed, error_upper_bound
from docsorter.decide.thresholds import (
    CheckedDocuments,
    choose_threshold,
    plan_thresholds,
)
from docsorter.documents import SortRule
from docsorter.errors import ModelError
from docsorter.model.card import Measured
from docsorter.training.evaluation.resampling import Resampler
from docsorter.training.looking import Judged
from docsorter.training.splits import deal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

CONFIDENCE: Final = 0.95
TARGETS: Final = (0.01, 0.005)


@dataclass(frozen=True, slots=True)
class AtRule:
    """What the rule on the card does to these documents.

    Attributes:
        documents: How many there are, foreign ones included.
        sorted_alone: How many it sorts without a person.
        errors: How many of those to a wrong label; a foreign document is always one.
        foreign: How many documents are of no label.
        foreign_sorted: How many of those it sorts.
        upper_bound: Of the error among sorted documents, exact binomial (Clopper-Pearson),
            one-sided, 95 % confidence, for independent documents.
        automation: Share of the documents of the labels that it sorts.
        error: Share of errors among sorted documents.
        foreign_share: Share of foreign documents that it sorts.
    """

    documents: int
    sorted_alone: int
    errors: int
    foreign: int
    foreign_sorted: int
    upper_bound: float
    automation: Measured
    error: Measured
    foreign_share: Measured


@dataclass(frozen=True, slots=True)
class Automation:
    """How much could be sorted alone at one target error, among documents of the labels.

    Attributes:
        target: Error that sorted documents may have, 0-1.
        oracle: Share sorted by the best threshold for these very documents: optimistic, since the
            threshold knows the answers.
        oracle_threshold: That threshold, None when none keeps the target.
        oracle_foreign: Share of foreign documents that it would sort too.
        certified: Share sorted by thresholds that Learn-then-Test certified on the other half.
        certified_thresholds: Those thresholds by half, None where nothing could be certified.
        needed: Documents sorted alone, without an error, that a certificate takes.
    """

    target: float
    oracle: Measured
    oracle_threshold: float | None
    oracle_foreign: Measured
    certified: Measured
    certified_thresholds: tuple[float | None, ...]
    needed: int


def eligible(
    judged: Judged, labels: tuple[str, ...], rule: SortRule, held: "Mask | None" = None
) -> "Mask":
    """Say for each document whether everything but the threshold lets it be sorted, (n,) bool."""
    auto = np.zeros(judged.probabilities.shape[1], np.bool_)
    auto[: len(labels)] = [rule.policies.get(label, "auto") == "auto" for label in labels]
    free = auto[judged.probabilities.argmax(axis=1)] & (judged.novelty <= rule.novelty_limit)
    return free if held is None else free & ~held


def at_rule(judged: Judged, labels: int, chosen: "Mask", resampler: Resampler) -> AtRule:
    """Count what a rule does.

    Args:
        judged: All documents.
        labels: How many labels there are.
        chosen: (n,) which of them the rule sorts alone.
        resampler: Of all documents.
    """
    wrong = chosen & (judged.probabilities.argmax(axis=1) != judged.targets)
    foreign = judged.targets >= labels
    n, errors = int(chosen.sum()), int(wrong.sum())
    needed = checks_needed(0.01, CONFIDENCE)
    note = "" if n >= needed else "too few for a promise of 1 %"
    return AtRule(
        documents=len(judged.samples),
        sorted_alone=n,
        errors=errors,
        foreign=int(foreign.sum()),
        foreign_sorted=int((chosen & foreign).sum()),
        upper_bound=error_upper_bound(errors, n, CONFIDENCE),
        automation=resampler.share(chosen, ~foreign, "at the card's rule"),
        error=resampler.share(wrong, chosen, note),
        foreign_share=resampler.share(chosen, foreign),
    )


def automation(
    checked: CheckedDocuments,
    own: "Mask",
    resampler: Resampler,
    halves: Sequence[int],
    target: float,
) -> Automation:
    """Say how much could be sorted alone at a target error.

    Args:
        checked: All documents as the rule sees them, foreign ones included.
        own: (n,) which of them are of the labels; only these decide thresholds.
        resampler: Of all documents.
        halves: (n,) 0 or 1, from `in_halves`.
        target: Error that sorted documents may have, between 0 and 1.
    """
    needed = checks_needed(target, CONFIDENCE)
    threshold = oracle_threshold(_part(checked, own), target)
    nobody = np.zeros(len(checked), np.bool_)
    chosen = nobody
    if threshold is not None:
        chosen = checked.eligible & (checked.confidences >= threshold)
    certified, thresholds = _certified(checked, own, halves, target)
    return Automation(
        target=target,
        oracle=_measured(resampler, chosen, own, needed, "threshold chosen on these documents"),
        oracle_threshold=threshold,
        oracle_foreign=resampler.share(chosen, ~own),
        certified=_measured(resampler, certified, own, needed, "certified on the other half"),
        certified_thresholds=thresholds,
        needed=needed,
    )


def oracle_threshold(checked: CheckedDocuments, target: float) -> float | None:
    """Return the threshold that sorts most documents with at most the target error, if any."""
    sure = checked.confidences[checked.eligible]
    order = np.argsort(-sure, kind="stable")
    sure, wrong = sure[order], ~checked.correct[checked.eligible][order]
    counts = np.arange(1, len(sure) + 1)
    last_of_ties = np.append(sure[1:] != sure[:-1], True) if len(sure) else np.zeros(0, np.bool_)
    kept = np.flatnonzero((np.cumsum(wrong) <= target * counts) & last_of_ties)
    return float(sure[kept[-1]]) if len(kept) else None


def in_halves(groups: Sequence[int], targets: "NDArray[np.int64]") -> list[int]:
    """Deal whole groups into two halves with about as many documents of every label."""
    dealt = deal(groups, [str(target) for target in targets], {"0": 0.5, "1": 0.5})
    return [int(half) for half in dealt]


def _certified(
    checked: CheckedDocuments, own: "Mask", halves: Sequence[int], target: float
) -> "tuple[Mask, tuple[float | None, ...]]":
    """Plan on one half, test on the other, sort the first by what the test certified."""
    chosen = np.zeros(len(checked), np.bool_)
    side = np.asarray(halves)
    thresholds: list[float | None] = []
    for half in (0, 1):
        mine, others = own & (side == half), own & (side != half)
        threshold = None
        try:
            plan = plan_thresholds(
                _part(checked, mine), int(others.sum()), target=target, confidence=CONFIDENCE
            )
            threshold = choose_threshold(plan, _part(checked, others)).threshold
        except ModelError:  # nothing there that could be sorted: nothing is certified
            pass
        if threshold is not None:
            chosen |= mine & checked.eligible & (checked.confidences >= threshold)
        thresholds.append(threshold)
    return chosen, tuple(thresholds)


def _part(checked: CheckedDocuments, chosen: "Mask") -> CheckedDocuments:
    return CheckedDocuments(
        checked.confidences[chosen], checked.correct[chosen], checked.eligible[chosen]
    )


def _measured(
    resampler: Resampler, chosen: "Mask", own: "Mask", needed: int, note: str
) -> Measured:
    found = int((chosen & own).sum())
    if found < needed:
        return Measured(
            value=None, n=found, note=f"{found} could be sorted alone, {needed} are needed"
        )
    return resampler.share(chosen, own, note)
