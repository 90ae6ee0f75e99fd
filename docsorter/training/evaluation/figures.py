"""How often the model is right and whether its confidence is true, for documents of its labels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.decide.calibration import brier
from docsorter.model.card import Measured
from docsorter.training.evaluation.curves import (
    aurc,
    calibration_error,
    calibration_error_by_chance,
    excess_aurc,
)
from docsorter.training.evaluation.resampling import (
    Resampler,
    percentile_interval,
    pivotal_interval,
)
from docsorter.training.looking import Judged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_PER_LABEL: Final = 30
LEAST_FOR_ECE: Final = 500


@dataclass(frozen=True, slots=True)
class LabelFigures:
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


def too_few(n: int, least: int = LEAST_PER_LABEL, what: str = "documents") -> Measured:
    """Return a figure that cannot be measured, and why."""
    return Measured(value=None, n=n, note=f"not measurable under {least} {what}")


def macro_f1(top: "NDArray[np.int64]", targets: "NDArray[np.int64]", labels: int) -> float:
    """Return the mean F1 of the labels; one that neither occurs nor is named counts as 0."""
    return float(_f1(top, targets, labels).mean())


def _f1(top: "NDArray[np.int64]", targets: "NDArray[np.int64]", labels: int) -> "Floats":
    hits = np.bincount(targets[top == targets], minlength=labels)[:labels]
    sizes = np.bincount(top, minlength=labels)[:labels]
    sizes = sizes + np.bincount(targets, minlength=labels)[:labels]
    return np.asarray(2 * hits / np.maximum(sizes, 1), np.float64)


def skill(mine: Judged, labels: int, resampler: Resampler) -> dict[str, Measured]:
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
    mine: Judged,
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
        return Measured(value=value, n=n, low=accuracy.low, high=1.0, note="no mistake seen")
    drawn = resampler.spread(
        lambda rows: np.array([macro_f1(top[rows], mine.targets[rows], labels)])
    )
    low, high = percentile_interval(drawn[:, 0])
    return Measured(value=value, n=n, low=low, high=high)


def confidence_figures(
    mine: Judged, resampler: Resampler, rng: np.random.Generator
) -> dict[str, Measured]:
    """Say whether the confidence is true and puts mistakes last; arguments as for `skill`."""
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


def _percentile(value: float, drawn: "Floats") -> tuple[float, float]:
    del value
    return percentile_interval(drawn)


def label_figures(
    judged: Judged, labels: tuple[str, ...], resampler: Resampler
) -> tuple[LabelFigures, ...]:
    """Return precision and recall of every label.

    Args:
        judged: All documents: a foreign one that is taken for a label lowers its precision.
        labels: The labels.
        resampler: Of all documents.
    """
    top = judged.probabilities.argmax(axis=1)
    found = []
    for column, label in enumerate(labels):
        there, named = judged.targets == column, top == column
        of_it, as_it = int(there.sum()), int(named.sum())
        found.append(
            LabelFigures(
                label=label,
                documents=of_it,
                named=as_it,
                precision=resampler.share(there, named)
                if min(of_it, as_it) >= LEAST_PER_LABEL
                else too_few(min(of_it, as_it)),
                recall=resampler.share(named, there)
                if of_it >= LEAST_PER_LABEL
                else too_few(of_it),
            )
        )
    return tuple(found)


def confusion_counts(judged: Judged, labels: int) -> tuple[tuple[int, ...], ...]:
    """Return how many documents of each label (rows) were given each label (columns).

    The last row holds foreign documents, when there are any; the last column the background, when
    the model has one.
    """
    width = judged.probabilities.shape[1]
    foreign = bool((judged.targets >= labels).any())
    counts = np.zeros((labels + foreign, width), np.int64)
    rows = np.minimum(judged.targets, labels)
    np.add.at(counts, (rows, judged.probabilities.argmax(axis=1)), 1)
    return tuple(tuple(row) for row in counts.tolist())
