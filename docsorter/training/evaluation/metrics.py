"""Figures of a model on one set of documents, each with its n and its 95 % interval.

How often it is right and whether its confidence is true, label by label and source by source (an
average hides the scanner that fails), and how much can be sorted without a person: by the card's
rule, by an oracle, as certified.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.decide.calibration import brier
from docsorter.decide.promise import checks_needed, error_upper_bound
from docsorter.decide.thresholds import CheckedDocuments, choose_threshold, plan_thresholds
from docsorter.errors import ModelError
from docsorter.model.card import Measured
from docsorter.training.dataset import Predictions
from docsorter.training.evaluation.curves import (
    LEAST_PER_LABEL,
    Resampler,
    aurc,
    calibration_error,
    calibration_error_by_chance,
    errors_caught,
    excess_aurc,
    percentile_interval,
    pivotal_interval,
    too_few,
    wilson_interval,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

LEAST_FOR_ECE: Final = 100
CONFIDENCE: Final = 0.95
TARGETS: Final = (0.01, 0.005)
REVIEWED: Final = (0.05, 0.11, 0.20)
"""Shares of the documents that a person may look at."""
CAUGHT: Final = tuple(
    f"errors caught by reviewing the least sure {100 * s:.0f} %" for s in REVIEWED
)
"""Names of the figures that say how many of the errors that finds."""
_NO_MISTAKE: Final = "no mistake seen"
MOST_SOURCES: Final = 40
"""Sources that get a row of their own, those with most documents first."""


@dataclass(frozen=True, slots=True)
class LabelMetrics:
    """One label.

    Attributes:
        label: Its name.
        documents: How many documents are of it.
        named: How many documents of any kind, foreign ones too, the model takes for it.
        precision: Share of those that are of it.
        recall: Share of its documents that the model finds.
    """

    label: str
    documents: int
    named: int
    precision: Measured
    recall: Measured


@dataclass(frozen=True, slots=True)
class SourceMetrics:
    """One source.

    Attributes:
        groups: How many different documents: near-duplicates and scans of one template count once.
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
        error: Share of errors among sorted documents; it grows with the foreign ones of a test.
        wrong_label: Share of errors among sorted documents of the labels.
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
    wrong_label: Measured
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


def macro_f1(top: "NDArray[np.int64]", targets: "NDArray[np.int64]", labels: int) -> float:
    """Return the mean F1 of the labels; one that neither occurs nor is named counts as 0."""
    return float(_f1(top, targets, labels).mean())


def _f1(top: "NDArray[np.int64]", targets: "NDArray[np.int64]", labels: int) -> "Floats":
    hits = np.bincount(targets[top == targets], minlength=labels)[:labels]
    sizes = np.bincount(top, minlength=labels)[:labels]
    sizes = sizes + np.bincount(targets, minlength=labels)[:labels]
    return np.asarray(2 * hits / np.maximum(sizes, 1), np.float64)


def accuracy_metrics(mine: Predictions, labels: int, resampler: Resampler) -> dict[str, Measured]:
    """Say how often the top label is right.

    Args:
        mine: Documents of the labels, at least one.
        labels: How many labels there are; further columns are background.
        resampler: Of these documents.
    """
    n = len(mine.samples)
    top = mine.probabilities.argmax(axis=1)
    closed = mine.probabilities[:, :labels].argmax(axis=1)
    background = mine.probabilities.shape[1] > labels
    found = {"accuracy": too_few(n), "accuracy among labels": too_few(n)}
    if n >= LEAST_PER_LABEL:
        note = '"other" counts as wrong' if background else ""
        found["accuracy"] = resampler.share(top == mine.targets, note=note)
        note = 'when "other" is no answer' if background else ""
        found["accuracy among labels"] = resampler.share(closed == mine.targets, note=note)
    found["macro-F1"] = _macro_f1(mine, top, labels, resampler, found["accuracy"])
    return found


def _macro_f1(
    mine: Predictions,
    top: "NDArray[np.int64]",
    labels: int,
    resampler: Resampler,
    accuracy: Measured,
) -> Measured:
    n = len(mine.samples)
    if (np.bincount(mine.targets, minlength=labels) < LEAST_PER_LABEL).any():
        return Measured(value=None, n=n, note=f"a label has under {LEAST_PER_LABEL} documents")
    value = macro_f1(top, mine.targets, labels)
    if (top == mine.targets).all():  # every resample is perfect: only the accuracy knows better
        return Measured(value=value, n=n, low=accuracy.low, high=1.0, note=_NO_MISTAKE)
    drawn = resampler.spread(
        lambda rows: np.array([macro_f1(top[rows], mine.targets[rows], labels)])
    )
    low, high = percentile_interval(drawn[:, 0])
    return Measured(value=value, n=n, low=low, high=high)


def confidence_metrics(
    mine: Predictions, resampler: Resampler, rng: np.random.Generator
) -> dict[str, Measured]:
    """Say whether the confidence is true and puts mistakes last.

    Arguments as for `accuracy_metrics`.
    """
    n = len(mine.samples)
    names = ("ECE", "Brier", "AURC", "E-AURC")
    if n < LEAST_PER_LABEL:
        return {**dict.fromkeys(names, too_few(n)), "ECE": too_few(n, LEAST_FOR_ECE)}
    confidence = mine.probabilities.max(axis=1)
    right = mine.probabilities.argmax(axis=1) == mine.targets

    def figures(rows: "NDArray[np.int64]") -> "Floats":
        sure, hit = confidence[rows], right[rows]
        return np.array(
            [
                calibration_error(sure, hit),
                brier(mine.probabilities[rows], mine.targets[rows]),
                aurc(sure, hit),
                excess_aurc(sure, hit),
            ]
        )

    values = figures(np.arange(n))
    drawn = resampler.spread(figures)
    found = {}
    for column, name in enumerate(names):
        value = float(values[column])
        if name.endswith("AURC") and right.all():
            found[name] = Measured(value=value, n=n, note="no mistake seen, so no interval")
        else:
            ends = pivotal_interval if name == "ECE" else _percentile
            low, high = ends(value, drawn[:, column])
            found[name] = Measured(value=value, n=n, low=low, high=high)
    if n < LEAST_FOR_ECE:
        found["ECE"] = too_few(n, LEAST_FOR_ECE)
    else:
        chance = calibration_error_by_chance(confidence, rng)
        note = f"a true confidence would show {chance:.3f} by chance"
        found["ECE"] = found["ECE"].model_copy(update={"note": note})
    return found


def review_metrics(mine: Predictions, resampler: Resampler) -> dict[str, Measured]:
    """Say how many of the errors are found by looking at the least sure documents; n counts errors.

    Arguments as for `accuracy_metrics`.
    """
    n = len(mine.samples)
    confidence = mine.probabilities.max(axis=1)
    right = mine.probabilities.argmax(axis=1) == mine.targets
    errors = int((~right).sum())
    if n < LEAST_PER_LABEL or not errors:
        few = too_few(n) if n < LEAST_PER_LABEL else Measured(value=None, n=0, note=_NO_MISTAKE)
        return dict.fromkeys(CAUGHT, few)
    reviewed = np.array(REVIEWED)
    values = errors_caught(confidence, right, reviewed)
    drawn = resampler.spread(lambda rows: errors_caught(confidence[rows], right[rows], reviewed))
    found = {}
    for name, value, column in zip(CAUGHT, values.tolist(), drawn.T, strict=True):
        # Never narrower than for independent errors, as for any share.
        ends = (*percentile_interval(column), *wilson_interval(value * errors, errors))
        found[name] = Measured(value=value, n=errors, low=min(ends), high=max(ends))
    return found


def _percentile(value: float, drawn: "Floats") -> tuple[float, float]:
    del value
    return percentile_interval(drawn)


def label_metrics(
    predictions: Predictions, labels: tuple[str, ...], resampler: Resampler
) -> tuple[LabelMetrics, ...]:
    """Return precision and recall of every label, of all documents.

    A foreign one that is taken for a label lowers its precision.
    """
    top = predictions.probabilities.argmax(axis=1)
    found = []
    for column, label in enumerate(labels):
        there, named = predictions.targets == column, top == column
        of_it, as_it = int(there.sum()), int(named.sum())
        precision = _share(resampler, there, named, min(of_it, as_it))
        recall = _share(resampler, named, there, of_it)
        found.append(LabelMetrics(label, of_it, as_it, precision, recall))
    return tuple(found)


def _share(resampler: Resampler, hits: "Mask", among: "Mask", n: int) -> Measured:
    """Return the share of hits among some documents, unless there are too few to say."""
    return resampler.share(hits, among) if n >= LEAST_PER_LABEL else too_few(n)


def confusion_counts(predictions: Predictions, labels: int) -> tuple[tuple[int, ...], ...]:
    """Return how many documents of each label (rows) were given each label (columns).

    The last row holds foreign documents, when there are any; the last column the background, when
    the model has one.
    """
    width = predictions.probabilities.shape[1]
    foreign = bool((predictions.targets >= labels).any())
    counts = np.zeros((labels + foreign, width), np.int64)
    rows = np.minimum(predictions.targets, labels)
    np.add.at(counts, (rows, predictions.probabilities.argmax(axis=1)), 1)
    return tuple(tuple(row) for row in counts.tolist())


def source_metrics(
    predictions: Predictions,
    labels: int,
    chosen: "Mask",
    groups: Sequence[int],
    resampler: Resampler,
) -> tuple[SourceMetrics, ...]:
    """Return the figures of every source, the largest first; further arguments as elsewhere."""
    names = np.array([sample.source for sample in predictions.samples], dtype=object)
    top = predictions.probabilities.argmax(axis=1)
    own = predictions.targets < labels
    right = own & (top == predictions.targets)
    numbers = np.asarray(groups)
    found = []
    for source, documents in Counter(names.tolist()).most_common(MOST_SOURCES):
        here = names == source
        mine = int((here & own).sum())
        alone, errors = int((here & chosen).sum()), int((here & chosen & ~right).sum())
        found.append(
            SourceMetrics(
                source=source,
                documents=documents,
                groups=len(np.unique(numbers[here])),
                foreign=documents - mine,
                right=int((here & right).sum()),
                accuracy=_share(resampler, right, here & own, mine),
                sorted_alone=alone,
                errors=errors,
                upper_bound=error_upper_bound(errors, alone, CONFIDENCE),
            )
        )
    return tuple(found)


def at_rule(predictions: Predictions, labels: int, chosen: "Mask", resampler: Resampler) -> AtRule:
    """Count what a rule does that sorts the chosen (n,) of all documents alone."""
    wrong = chosen & (predictions.probabilities.argmax(axis=1) != predictions.targets)
    foreign = predictions.targets >= labels
    n, errors = int(chosen.sum()), int(wrong.sum())
    needed = checks_needed(0.01, CONFIDENCE)
    note = "" if n >= needed else "too few for a promise of 1 %"
    return AtRule(
        documents=len(predictions.samples),
        sorted_alone=n,
        errors=errors,
        foreign=int(foreign.sum()),
        foreign_sorted=int((chosen & foreign).sum()),
        upper_bound=error_upper_bound(errors, n, CONFIDENCE),
        automation=resampler.share(chosen, ~foreign, "at the card's rule"),
        error=resampler.share(wrong, chosen, note),
        wrong_label=resampler.share(wrong, chosen & ~foreign),
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
        oracle=_certifiable(resampler, chosen, own, needed, "threshold chosen on these documents"),
        oracle_threshold=threshold,
        oracle_foreign=resampler.share(chosen, ~own),
        certified=_certifiable(resampler, certified, own, needed, "certified on the other half"),
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


def _certifiable(
    resampler: Resampler, chosen: "Mask", own: "Mask", needed: int, note: str
) -> Measured:
    found = int((chosen & own).sum())
    if found < needed:
        return Measured(
            value=None, n=found, note=f"{found} could be sorted alone, {needed} are needed"
        )
    return resampler.share(chosen, own, note)
