"""Measures everything on one set of documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from docsorter.decide.policy import comparable, offsets_of
from docsorter.decide.thresholds import CheckedDocuments
from docsorter.documents import SortRule
from docsorter.errors import UsageError
from docsorter.model.card import NONE_OF_THESE, Measured
from docsorter.training.dataset import Sample
from docsorter.training.evaluation.automation import (
    TARGETS,
    at_rule,
    automation,
    eligible,
    in_halves,
)
from docsorter.training.evaluation.curves import (
    ReliabilityPoint,
    RiskPoint,
    confidence_counts,
    reliability_points,
    risk_points,
)
from docsorter.training.evaluation.evaluation import Evaluation
from docsorter.training.evaluation.figures import (
    confidence_figures,
    confusion_counts,
    label_figures,
    skill,
)
from docsorter.training.evaluation.mistakes import choose_cases
from docsorter.training.evaluation.novelty import Roc, leave_label_out, shipped_roc
from docsorter.training.evaluation.resampling import Resampler
from docsorter.training.evaluation.sources import source_figures
from docsorter.training.looking import Judged
from docsorter.training.progress import SILENT, Progress
from docsorter.training.splits import group

if TYPE_CHECKING:
    from numpy.typing import NDArray

STAGE: Final = "measuring"
_STEPS: Final = 4


def evaluate_judged(  # noqa: PLR0913 -- all but three by name, each a thing of its own
    judged: Judged,
    labels: tuple[str, ...],
    rule: SortRule,
    *,
    groups: Sequence[int] | None = None,
    rng: np.random.Generator,
    features: "NDArray[np.floating[Any]] | None" = None,
    held: "NDArray[np.bool_] | None" = None,
    progress: Progress = SILENT,
) -> Evaluation:
    """Measure everything on one set of documents.

    Args:
        judged: The documents, foreign ones included, as the model judged them.
        labels: The labels; further columns of the probabilities are background, and targets beyond
            the labels are foreign documents.
        rule: The sort rule; its temperature is taken to be in the probabilities already.
        groups: (n,) near-duplicate cluster or source of each document, never cut by a resample;
            when not given, documents of one layout are one group.
        rng: Of the resamples.
        features: (n, F) of the first pages, for novelty leave-label-out; without them it is not
            measured.
        held: (n,) documents that go to a person for another reason (pages that disagree).
        progress: Called as figures are done.

    Raises:
        UsageError: There is no document, or the arguments do not fit each other.
    """
    n, count = len(judged.samples), len(labels)
    numbers = layout_groups(judged.samples) if groups is None else list(groups)
    _check(n, numbers, features, held)
    names = (*labels, NONE_OF_THESE)[: judged.probabilities.shape[1]]
    own = judged.targets < count
    top, confidence = judged.probabilities.argmax(axis=1), judged.probabilities.max(axis=1)
    free = eligible(judged, labels, rule, held)
    asked = np.array([rule.asked_for(name) for name in names])
    chosen = free & (confidence >= asked[top])
    scores = comparable(confidence, offsets_of(names, rule.offsets)[top])
    progress(STAGE, 0, _STEPS)
    resampler = Resampler(numbers, rng)
    measured = _own_figures(judged.where(own), count, np.asarray(numbers)[own], scores[own], rng)
    progress(STAGE, 1, _STEPS)
    halves = in_halves(numbers, judged.targets)
    checked = CheckedDocuments(scores, top == judged.targets, free)
    automated = tuple(automation(checked, own, resampler, halves, t) for t in TARGETS)
    progress(STAGE, 2, _STEPS)
    curves = _novelty(judged, labels, numbers, features, rng)
    progress(STAGE, 3, _STEPS)
    found = Evaluation(
        labels=labels,
        names=names,
        rule=rule,
        documents=n,
        own=int(own.sum()),
        groups=resampler.groups,
        figures=measured.figures,
        per_label=label_figures(judged, labels, resampler),
        confusion=confusion_counts(judged, count),
        reliability=measured.reliability,
        confidences=confidence_counts(confidence[own]),
        risk=measured.risk,
        at_rule=at_rule(judged, count, chosen, resampler),
        automation=automated,
        novelty=curves,
        sources=source_figures(judged, count, chosen, numbers, resampler),
        cases=choose_cases(judged, names, count, chosen, numbers),
    )
    progress(STAGE, _STEPS, _STEPS)
    return found


def layout_groups(samples: Sequence[Sample]) -> list[int]:
    """Number the groups of documents of one layout; without a layout each is its own."""
    return group([f"{s.source}\0{s.layout}" if s.layout else str(s.path) for s in samples])


@dataclass(frozen=True, slots=True)
class _Own:
    """What is measured on documents of the labels alone."""

    figures: dict[str, Measured]
    reliability: tuple[ReliabilityPoint, ...]
    risk: tuple[RiskPoint, ...]


def _own_figures(
    mine: Judged,
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
        skill(mine, labels, resampler) | confidence_figures(mine, resampler, rng),
        reliability_points(confidence, right),
        risk_points(scores, right),
    )


def _novelty(
    judged: Judged,
    labels: tuple[str, ...],
    groups: Sequence[int],
    features: "NDArray[np.floating[Any]] | None",
    rng: np.random.Generator,
) -> tuple[Roc, ...]:
    shipped = shipped_roc(judged, len(labels), groups, rng)
    left_out: tuple[Roc, ...] = ()
    if features is not None:
        left_out = leave_label_out(features, judged.targets, labels, groups, rng)
    return (*((shipped,) if shipped else ()), *left_out)


def _check(
    n: int,
    groups: Sequence[int],
    features: "NDArray[np.floating[Any]] | None",
    held: "NDArray[np.bool_] | None",
) -> None:
    if n == 0:
        raise UsageError(
            "there is no document to evaluate on",
            remedy="name a folder with one sub-folder per label and documents in them",
        )
    given = [len(groups), *(len(part) for part in (features, held) if part is not None)]
    if any(length != n for length in given):
        raise UsageError(f"{n} documents need as many groups, features and the like, not {given}")
