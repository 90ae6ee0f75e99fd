"""What a cross-validation says of real documents, as text for a terminal and as JSON.

The thresholds that say which documents are sorted alone are fitted on other sources than those they
are applied to. Intervals are at 95 % and come from resampled sources: ten
documents of one sender are not ten senders.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from docsorter.model.bundle import CARD
from docsorter.model.card import Measured, read_card
from docsorter.training.dataset import Predictions, Sample
from docsorter.training.evaluation.curves import (
    Resampler,
    auroc,
    calibration_error,
    percentile_interval,
    pivotal_interval,
)
from docsorter.training.evaluation.metrics import at_rule, review_metrics
from starter.cross_validate import OutOfFold
from starter.rule import Unseen, temperature_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Rows = NDArray[np.int64]

_ECE: Final = "ECE"
_AUROC: Final = "AUROC, labels against foreign"


@dataclass(frozen=True, slots=True)
class SortedOut:
    """Documents with what the rule of other sources does to each.

    Attributes:
        predictions: Of the documents, with the temperature and the novelty of other sources.
        chosen: (n,) bool, which are sorted alone.
        groups: (n,) int64, sources joined by near-duplicates.
        labels: The labels; further columns are background.
    """

    predictions: Predictions
    chosen: "Mask"
    groups: "Rows"
    labels: tuple[str, ...]

    def where(self, mask: "Mask") -> "SortedOut":
        """Return the documents for which `mask` is true."""
        return replace(
            self,
            predictions=self.predictions.where(mask),
            chosen=self.chosen[mask],
            groups=self.groups[mask],
        )


def sort_out(found: Unseen, labels: tuple[str, ...], target: float) -> SortedOut:
    """Calibrate the documents, and sort each by thresholds fitted without its source.

    Args:
        found: The documents.
        labels: The labels.
        target: Error that sorted documents may have, 0-1.
    """
    count = len(labels)
    temperature = temperature_of([(found.logits, found.targets)], count, 1)
    predictions = found.predictions(temperature, found.distances[found.targets < count])
    chosen = found.sorted_alone(predictions, count, target)
    return SortedOut(predictions, chosen, found.groups, labels)


def figures(out: SortedOut) -> dict[str, Measured]:
    """Return every figure of some documents by name, each with its n and its interval."""
    labels = len(out.labels)
    seen = out.predictions
    top, targets = seen.probabilities.argmax(axis=1), seen.targets
    own, right = targets < labels, top == targets
    among = seen.probabilities[:, :labels].argmax(axis=1) == targets
    resampler = Resampler(out.groups, np.random.default_rng(0))
    ruled = at_rule(seen, labels, out.chosen, resampler)
    found = {
        'right ("other" counts as wrong)': resampler.share(right, own),
        "right among the labels": resampler.share(among, own),
    }
    for column, label in enumerate(out.labels):
        found[f"right: {label}"] = resampler.share(right, targets == column)
    found |= {
        "foreign taken for a label": resampler.share(top < labels, ~own),
        "sorted alone": ruled.automation,
        "wrong of those sorted, foreign too": ruled.error,
        "wrong of those of a label": ruled.wrong_label,
        "foreign sorted": ruled.foreign_share,
    }
    mine = out.where(own)
    reviewed = review_metrics(mine.predictions, Resampler(mine.groups, np.random.default_rng(0)))
    return found | _curves(out, own, resampler) | reviewed


def _curves(out: SortedOut, own: "Mask", resampler: Resampler) -> dict[str, Measured]:
    """Return the calibration error on documents of the labels, and how foreign ones stand apart."""
    seen = out.predictions
    surest = seen.probabilities[:, : len(out.labels)].max(axis=1)
    confidence = seen.probabilities.max(axis=1)
    right = seen.probabilities.argmax(axis=1) == seen.targets

    def of(rows: "Rows") -> "NDArray[np.float64]":
        here, others = rows[own[rows]], rows[~own[rows]]
        if not len(here):
            return np.full(2, np.nan)
        apart = auroc(-surest[here], -surest[others]) if len(others) else np.nan
        return np.array([calibration_error(confidence[here], right[here]), apart])

    n, both = int(own.sum()), min(int(own.sum()), int((~own).sum()))
    (error, apart), drawn = of(np.arange(len(own))), resampler.spread(of)
    found = {name: Measured(value=None, n=0) for name in (_ECE, _AUROC)}
    if n:
        low, high = pivotal_interval(float(error), drawn[:, 0])
        found[_ECE] = Measured(value=float(error), n=n, low=low, high=high)
    if both:
        low, high = percentile_interval(drawn[:, 1])
        found[_AUROC] = Measured(value=float(apart), n=both, low=low, high=high)
    return found


HEADS: Final = ("n", "right", "sorted", "wrong", "foreign", "taken", "sorted")
_NAME: Final = 24


def by_source(out: SortedOut) -> list[tuple[str, tuple[int, ...]]]:
    """Return the counts of every source, those of `HEADS`, the largest source first."""
    seen, labels = out.predictions, len(out.labels)
    names = np.array([sample.source for sample in seen.samples], object)
    top = seen.probabilities.argmax(axis=1)
    own, right = seen.targets < labels, top == seen.targets
    rows = []
    for name in sorted(set(names)):
        here, foreign = (names == name) & own, (names == name) & ~own
        masks = (
            here, here & right, here & out.chosen, here & out.chosen & ~right,
            foreign, foreign & (top < labels), foreign & out.chosen,
        )  # fmt: skip
        rows.append((str(name), tuple(int(mask.sum()) for mask in masks)))
    return sorted(rows, key=lambda row: (-row[1][0] - row[1][4], row[0]))


def sets_of(samples: Sequence[Sample], learned: Collection[str]) -> "dict[str, Mask]":
    """Tell documents apart by what training ever saw of their sources.

    Args:
        samples: The documents.
        learned: Sources that the weights to start from had learned from.
    """
    known = np.array([sample.source in learned for sample in samples], np.bool_)
    masks = {
        "sources never learned from": ~known,
        "sources that the first weights had learned from": known,
    }
    return {name: mask for name, mask in masks.items() if mask.any()}


def learned_sources(base: str | Path | None) -> frozenset[str]:
    """Return the sources that the network of a bundle learned from; of other weights, none."""
    if base is None or not (Path(base) / CARD).is_file():
        return frozenset()
    return frozenset(origin.name for origin in read_card(Path(base) / CARD).provenance.data)


def cross_report(
    found: OutOfFold, learned: Collection[str] = (), target: float = 0.01
) -> tuple[str, dict[str, Any]]:
    """Return the report as text of at most 80 columns, and as what JSON can hold.

    Args:
        found: What networks said of documents of sources left out.
        learned: Sources that the weights to start from had learned from.
        target: Error that sorted documents may have, 0-1.
    """
    out = sort_out(Unseen.of(found, {}), found.plan.labels, target)
    lines: list[str] = []
    plain: dict[str, Any] = {"repeats": len(found.folds), "sets": {}, "sources": {}}
    for name, mask in sets_of(out.predictions.samples, learned).items():
        part = out.where(mask)
        measured = figures(part)
        lines += [f"{name}, {len(np.unique(part.groups))} groups", *_lines(measured), ""]
        plain["sets"][name] = {key: one.model_dump() for key, one in measured.items()}
    lines += [f"{'source':{_NAME}}" + "".join(f"{head:>8}" for head in HEADS)]
    for name, counts in by_source(out):
        shown = name if len(name) <= _NAME else "…" + name[1 - _NAME :]
        lines.append(f"{shown:{_NAME}}" + "".join(f"{count or '-':>8}" for count in counts))
        plain["sources"][name] = counts
    return "\n".join(lines) + "\n", plain


def _lines(measured: dict[str, Measured]) -> Iterator[str]:
    for name, one in measured.items():
        if one.value is None or one.low is None or one.high is None:
            yield f"  {name:47}     -   n {one.n}"
        else:
            yield f"  {name:47} {one.value:.3f} [{one.low:.3f}, {one.high:.3f}]  n {one.n}"
