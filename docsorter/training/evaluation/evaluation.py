"""Measures everything on one set of documents, and picks those worth looking at."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from docsorter.decide.policy import eligible_of, reaches, scores_of
from docsorter.decide.thresholds import CheckedDocuments
from docsorter.documents import SortRule
from docsorter.errors import UsageError
from docsorter.model.card import NONE_OF_THESE, Measured
from docsorter.service.workspace.process import Progress, silent
from docsorter.training.dataset import Predictions, Sample
from docsorter.training.evaluation.curves import (
    ReliabilityPoint,
    Resampler,
    RiskPoint,
    Roc,
    confidence_counts,
    in_halves,
    leave_label_out,
    reliability_points,
    risk_points,
    shipped_roc,
)
from docsorter.training.evaluation.metrics import (
    TARGETS,
    AtRule,
    Automation,
    LabelMetrics,
    SourceMetrics,
    accuracy_metrics,
    at_rule,
    automation,
    confidence_metrics,
    confusion_counts,
    label_metrics,
    review_metrics,
    source_metrics,
)
from docsorter.training.splits import group

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

STAGE: Final = "measuring"
_STEPS: Final = 4
MISTAKES: Final = 12
OTHERS: Final = 6
_PER_GROUP: Final = 2
"""Ten mistakes on one template teach as much as two."""


@dataclass(frozen=True, slots=True)
class Case:
    """One document to look at.

    Attributes:
        said: What the model takes it for.
        probabilities: Of every label, in the order of the model's columns.
        novelty: Percentile 0-100.
        sorted_alone: Whether the rule sorts it without a person.
        right: Whether the model takes it for what it is.
    """

    sample: Sample
    truth: str
    said: str
    probabilities: tuple[float, ...]
    novelty: float
    sorted_alone: bool
    right: bool


@dataclass(frozen=True, slots=True)
class Cases:
    """Documents to look at, by why, none of them twice.

    Attributes:
        mistakes: Wrong, the most confident first: those sorted alone, then those taken for a
            label, then those taken for none.
        competing: Two labels are about as likely, the closest first.
        close: Sorted alone, but only just; the least sure first.
    """

    mistakes: tuple[Case, ...]
    competing: tuple[Case, ...]
    close: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured on one set of documents.

    Attributes:
        names: The columns of its probabilities: the labels, then "other" with a background.
        own: How many documents are of a label.
        groups: How many different ones: near-duplicates and scans of one template count once.
        figures: By name: accuracy, accuracy among labels, macro-F1, ECE, Brier, AURC, E-AURC,
            errors caught by reviewing the least sure.
        confusion: Rows of counts: the labels, then foreign documents if any; columns as `names`.
        reliability: Bins of equal mass.
        confidences: Documents of the labels by hundredths of confidence.
        automation: What could be sorted alone, by target error.
        novelty: Receiver operating curves: as it ships, then by label left out.
    """

    labels: tuple[str, ...]
    names: tuple[str, ...]
    rule: SortRule
    documents: int
    own: int
    groups: int
    figures: dict[str, Measured]
    per_label: tuple[LabelMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[ReliabilityPoint, ...]
    confidences: tuple[int, ...]
    risk: tuple[RiskPoint, ...]
    at_rule: AtRule
    automation: tuple[Automation, ...]
    novelty: tuple[Roc, ...]
    sources: tuple[SourceMetrics, ...]
    cases: Cases

    def metrics(self) -> dict[str, Measured]:
        """Return the figures that stand on a model card, by name."""
        found = dict(self.figures)
        found |= {f"accuracy of {one.label}": one.recall for one in self.per_label if self.own}
        found |= {
            "error among sorted": self.at_rule.error,
            "wrong label among sorted": self.at_rule.wrong_label,
            "foreign documents sorted": self.at_rule.foreign_share,
            "automation rate": self.at_rule.automation,
        }
        for one in self.automation:
            found[f"automation at {1 - one.target:.1%}, certified"] = one.certified
            found[f"automation at {1 - one.target:.1%}, oracle"] = one.oracle
        for curve in self.novelty:
            what = f"without {curve.name}" if curve.name else "on foreign documents"
            found[f"novelty AUROC {what}"] = curve.auroc
        return found

    def as_json(self, *, names: bool = False) -> dict[str, object]:
        """Return everything, curves too, as plain values.

        Args:
            names: Whether files and sources are named; a bundle that leaves the house names none.
        """
        plain = _plain(self)
        assert isinstance(plain, dict)
        if not names:
            for number, source in enumerate(plain["sources"], 1):
                source["source"] = f"source {number}"
        for cases in plain["cases"].values():
            for case in cases:
                file = case.pop("sample")
                case["file"] = file if names else None
        return plain


def _plain(value: object) -> Any:  # noqa: ANN401 -- JSON: whatever comes out of a tree
    match value:
        case Measured():
            return value.model_dump()
        case Sample():
            return str(value.path)
        case tuple() | list():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case _ if dataclasses.is_dataclass(value):
            return {
                part.name: _plain(getattr(value, part.name)) for part in dataclasses.fields(value)
            }
        case _:
            return value


def evaluate_predictions(  # noqa: PLR0913 -- all but three by name, each a thing of its own
    predictions: Predictions,
    labels: tuple[str, ...],
    rule: SortRule,
    *,
    groups: Sequence[int] | None = None,
    rng: np.random.Generator,
    features: "NDArray[np.floating[Any]] | None" = None,
    held: "NDArray[np.bool_] | None" = None,
    sorted_alone: "NDArray[np.bool_] | None" = None,
    progress: Progress = silent,
) -> Evaluation:
    """Measure everything on one set of documents.

    Args:
        predictions: The documents, foreign ones included, with what the model says of them.
        labels: The labels; further columns of the probabilities are background, and targets beyond
            the labels are foreign documents.
        rule: The sort rule; its temperature is taken to be in the probabilities already.
        groups: (n,) near-duplicate cluster or source of each document, never cut by a resample;
            when not given, documents of one layout are one group.
        rng: Of the resamples.
        features: (n, F) of the first pages, for novelty leave-label-out; without them it is not
            measured.
        held: (n,) documents that go to a person for another reason (pages that disagree).
        sorted_alone: (n,) documents that a rule sorts, where that is known better than by `rule`:
            each by thresholds fitted without its source.
        progress: Called as figures are done.

    Raises:
        UsageError: There is no document, or the arguments do not fit each other.
    """
    n, count = len(predictions.samples), len(labels)
    numbers = layout_groups(predictions.samples) if groups is None else list(groups)
    _check(n, numbers, features, held, sorted_alone)
    names = (*labels, NONE_OF_THESE)[: predictions.probabilities.shape[1]]
    own = predictions.targets < count
    checked, chosen = _by_rule(predictions, labels, rule, held)
    chosen = chosen if sorted_alone is None else sorted_alone
    progress(STAGE, 0, _STEPS)
    resampler = Resampler(numbers, rng)
    scores = checked.confidences[own]
    measured = _own_metrics(predictions.where(own), count, np.asarray(numbers)[own], scores, rng)
    progress(STAGE, 1, _STEPS)
    halves = in_halves(numbers, predictions.targets)
    automated = tuple(automation(checked, own, resampler, halves, t) for t in TARGETS)
    progress(STAGE, 2, _STEPS)
    curves = _novelty(predictions, labels, numbers, features, rng)
    progress(STAGE, 3, _STEPS)
    found = Evaluation(
        labels=labels,
        names=names,
        rule=rule,
        documents=n,
        own=int(own.sum()),
        groups=resampler.groups,
        figures=measured.figures,
        per_label=label_metrics(predictions, labels, resampler),
        confusion=confusion_counts(predictions, count),
        reliability=measured.reliability,
        confidences=confidence_counts(predictions.probabilities.max(axis=1)[own]),
        risk=measured.risk,
        at_rule=at_rule(predictions, count, chosen, resampler),
        automation=automated,
        novelty=curves,
        sources=source_metrics(predictions, count, chosen, numbers, resampler),
        cases=choose_cases(predictions, names, count, chosen, numbers),
    )
    progress(STAGE, _STEPS, _STEPS)
    return found


def layout_groups(samples: Sequence[Sample]) -> list[int]:
    """Number the groups of documents of one layout; without a layout each is its own."""
    return group([f"{s.source}\0{s.layout}" if s.layout else str(s.path) for s in samples])


def _by_rule(
    predictions: Predictions, labels: tuple[str, ...], rule: SortRule, held: "Mask | None"
) -> "tuple[CheckedDocuments, Mask]":
    """Return the documents as the rule compares them, and which of them it sorts alone."""
    shares, novelty = predictions.probabilities, predictions.novelty
    free = eligible_of(shares, novelty, labels, rule)
    free = free if held is None else free & ~held
    scores = scores_of(shares, novelty, labels, rule, predictions.read)
    right = shares.argmax(axis=1) == predictions.targets
    return CheckedDocuments(scores, right, free), free & reaches(scores, rule.threshold)


@dataclass(frozen=True, slots=True)
class _Own:
    """What is measured on documents of the labels alone."""

    figures: dict[str, Measured]
    reliability: tuple[ReliabilityPoint, ...]
    risk: tuple[RiskPoint, ...]


def _own_metrics(
    mine: Predictions,
    labels: int,
    groups: "NDArray[np.int64]",
    scores: "NDArray[np.float64]",
    rng: np.random.Generator,
) -> _Own:
    """Measure the documents of the labels; the risk curve goes by what the rule compares."""
    if not len(mine.samples):
        return _Own({}, (), ())
    resampler = Resampler(groups, rng)
    confidence = mine.probabilities.max(axis=1)
    right = mine.probabilities.argmax(axis=1) == mine.targets
    return _Own(
        accuracy_metrics(mine, labels, resampler)
        | confidence_metrics(mine, resampler, rng)
        | review_metrics(mine, resampler),
        reliability_points(confidence, right),
        risk_points(scores, right),
    )


def _novelty(
    predictions: Predictions,
    labels: tuple[str, ...],
    groups: Sequence[int],
    features: "NDArray[np.floating[Any]] | None",
    rng: np.random.Generator,
) -> tuple[Roc, ...]:
    shipped = shipped_roc(predictions, len(labels), groups, rng)
    left_out: tuple[Roc, ...] = ()
    if features is not None:
        left_out = leave_label_out(features, predictions.targets, labels, groups, rng)
    return (*((shipped,) if shipped else ()), *left_out)


def _check(
    n: int,
    groups: Sequence[int],
    *parts: "NDArray[np.generic] | None",
) -> None:
    if n == 0:
        raise UsageError(
            "there is no document to evaluate on",
            remedy="name a folder with one sub-folder per label and documents in them",
        )
    given = [len(groups), *(len(part) for part in parts if part is not None)]
    if any(length != n for length in given):
        raise UsageError(f"{n} documents need as many groups, features and the like, not {given}")


def choose_cases(
    predictions: Predictions,
    names: tuple[str, ...],
    labels: int,
    chosen: "Mask",
    groups: Sequence[int],
) -> Cases:
    """Choose the documents to look at, at most two of a group.

    `names` are the columns of the probabilities, the first `labels` of them labels; `chosen` (n,)
    says which documents the rule sorts alone.
    """
    shares = predictions.probabilities
    top, confidence = shares.argmax(axis=1), shares.max(axis=1)
    foreign = predictions.targets >= labels
    right = np.where(foreign, top >= labels, top == predictions.targets)
    harmless = top >= labels  # taken for none of the labels: a person will see it
    ranked = np.sort(shares[:, :labels], axis=1)
    margin = ranked[:, -1] - ranked[:, -2] if labels > 1 else np.ones(len(shares))
    # Both labels must be serious candidates, or "other" is the answer.
    torn = (ranked[:, -2:].sum(axis=1) >= 0.5) & (margin < 0.5)

    def case(row: int) -> Case:
        sample = predictions.samples[row]
        return Case(
            sample=sample,
            truth=sample.label if foreign[row] else names[predictions.targets[row]],
            said=names[top[row]],
            probabilities=tuple(shares[row].tolist()),
            novelty=float(predictions.novelty[row]),
            sorted_alone=bool(chosen[row]),
            right=bool(right[row]),
        )

    shown: set[int] = set()

    def first(mask: "Mask", order: "NDArray[np.int64]", most: int) -> tuple[Case, ...]:
        wanted = (row for row in order.tolist() if mask[row] and row not in shown)
        kept = _spread(wanted, groups, most)
        shown.update(kept)
        return tuple(case(row) for row in kept)

    return Cases(
        mistakes=first(~right, np.lexsort((-confidence, harmless, ~chosen)), MISTAKES),
        competing=first(torn, np.argsort(margin, kind="stable"), OTHERS),
        close=first(chosen, np.argsort(confidence, kind="stable"), OTHERS),
    )


def _spread(rows: Iterable[int], groups: Sequence[int], most: int) -> list[int]:
    seen: Counter[int] = Counter()
    kept: list[int] = []
    for row in rows:
        seen[groups[row]] += 1
        if seen[groups[row]] <= _PER_GROUP:
            kept.append(row)
        if len(kept) == most:
            break
    return kept
