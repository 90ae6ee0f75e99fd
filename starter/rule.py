"""How the starter's sort rule is fitted, and what a rule does to documents of known labels."""

import itertools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from docsorter.decide.calibration import fit_temperature, label_probabilities
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.policy import eligible_of, offset_between, offsets_of, reaches, scores_of
from docsorter.decide.promise import error_upper_bound
from docsorter.documents import SortRule
from docsorter.model.card import CardEvidence
from docsorter.training.base import MOST_OF_SOURCE
from docsorter.training.dataset import Predictions, Sample
from docsorter.training.sort_rule import (
    CONFIDENCE,
    LEAST_TEMPERATURE,
    NOVELTY_LIMIT,
)
from starter.corpus import layout_weights
from starter.cross_validate import OutOfFold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

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


def temperature_of(
    sets: "Sequence[tuple[NDArray[np.floating[Any]], NDArray[np.int64]]]",
    labels: int,
    background: int,
) -> float:
    """Return the greatest of the temperatures fitted on each set of documents.

    It may be below 1: a network that learned from mixed pages is less sure than it could be.

    Args:
        sets: Logits (n, outputs) and columns (n,) of documents of one origin; sets under 20
            documents have no say.
        labels: How many labels there are.
        background: Outputs that mean "none of these".
    """
    fitted = [
        fit_temperature(logits, targets, background, mix_weights(targets, labels))
        for logits, targets in sets
        if len(targets) >= 20
    ]
    return max([LEAST_TEMPERATURE, *fitted])


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
    shares, novelty = predictions.probabilities, predictions.novelty
    sure = reaches(scores_of(shares, novelty, labels, rule), rule.threshold)
    chosen = sure & eligible_of(shares, novelty, labels, rule)
    top = shares.argmax(axis=1)
    wrong = chosen & (top != predictions.targets)
    foreign = predictions.targets >= len(labels)
    return RuleTest(
        documents=len(predictions.samples),
        sorted_alone=int(chosen.sum()),
        errors=int(wrong.sum()),
        foreign=int(foreign.sum()),
        foreign_sorted=int((chosen & foreign).sum()),
    )


NOVELTY_WEIGHT: Final = 3.0
"""How much surer the model must be of an unusual page; see `SortRule.offset`. Of 198 real documents
of senders that no network had seen, and 414 foreign ones, thresholds fitted without their source
sorted 0.67 and 4.1 % with a weight of 1, 0.65 and 3.4 % with 2, 0.57 and 1.9 % with 3."""

LEAST_CONFIDENCE: Final = 0.8
"""No label is sorted below it, however few mistakes were seen there."""

_SURE: Final = 1 - 1e-9
_HIGHEST: Final = 11.0  # log odds of a threshold, 0.99998, where nothing may be sorted
_SLACK: Final = 0.002  # log odds: offsets are rounded up by less


@dataclass(frozen=True, slots=True)
class Scored:
    """Documents as thresholds of labels see them.

    Attributes:
        scores: (n,) float64, log odds of the confidence, less what novelty asks for.
        named: (n,) int64, column of the label, beyond the labels for one that is never sorted.
        targets: (n,) int64, column of the true label, beyond the labels for a foreign document.
        weights: (n,) float64, how much each document counts.
    """

    scores: "NDArray[np.float64]"
    named: "NDArray[np.int64]"
    targets: "NDArray[np.int64]"
    weights: "NDArray[np.float64]"

    def where(self, rows: "Mask") -> "Scored":
        """Return the documents for which `rows` is true."""
        return Scored(self.scores[rows], self.named[rows], self.targets[rows], self.weights[rows])

    def sorted_at(self, thresholds: "NDArray[np.float64]") -> "Mask":
        """Say which documents are sorted at a threshold of each label, (n,) bool."""
        asked = np.append(thresholds, np.inf)
        return np.asarray(self.scores >= asked[np.minimum(self.named, len(thresholds))], np.bool_)


def scored(predictions: Predictions, labels: int, novelty_weight: float = NOVELTY_WEIGHT) -> Scored:
    """Return documents as thresholds of labels see them; see `Scored`."""
    rule = SortRule(1.0, 0.5, NOVELTY_LIMIT, novelty_weight=novelty_weight)
    confidence = np.minimum(predictions.probabilities.max(axis=1), _SURE)
    asked = offsets_of([""] * len(confidence), predictions.novelty, rule)
    named = predictions.probabilities.argmax(axis=1)
    free = (named < labels) & (predictions.novelty <= rule.novelty_limit)
    return Scored(
        np.log(confidence / (1 - confidence)) - asked,
        np.where(free, named, labels),
        np.minimum(predictions.targets, labels),
        _counted(predictions.samples, predictions.targets >= labels),
    )


def _counted(samples: Sequence[Sample], foreign: "Mask") -> "NDArray[np.float64]":
    """Count layouts as `LAYOUT_CAP` documents at most, sources of foreign ones as a source may."""
    weights = np.asarray(layout_weights(samples), np.float64)
    sources = np.array([sample.source for sample in samples])
    for source in np.unique(sources[foreign]):
        mine = foreign & (sources == source)
        weights[mine] *= min(1.0, MOST_OF_SOURCE / weights[mine].sum())
    return weights


def best_thresholds(
    documents: Scored, labels: int, target: float, foreign: float
) -> "NDArray[np.float64]":
    """Return the thresholds that sort most documents of the labels within two limits.

    Args:
        documents: What to choose them by.
        labels: How many labels there are; thresholds of all are tried in all combinations, so few.
        target: Share of the sorted documents of the labels that may get a wrong label.
        foreign: Share of the foreign documents, by weight, that may be sorted.

    Returns:
        (labels,) log odds; infinite where nothing can be sorted within the limits.
    """
    allowed = foreign * documents.weights[documents.targets >= labels].sum()
    best, found = -1.0, np.full(labels, np.inf)
    candidates = [_candidates(documents, label, labels, allowed) for label in range(labels)]
    for chosen in itertools.product(*candidates):
        own, number, wrong, strange, _ = map(sum, zip(*chosen, strict=True))
        if own > best and strange <= allowed and wrong <= target * number:
            best, found = own, np.array([one[4] for one in chosen])
    return found


_Candidate: TypeAlias = tuple[float, int, int, float, float]
"""Of a threshold of one label: weight and number of its own documents that it sorts, how many get a
wrong label, weight of the foreign ones, and the threshold."""


def _candidates(documents: Scored, label: int, labels: int, allowed: float) -> list[_Candidate]:
    """Return the thresholds of a label below which the next document would be a mistake."""
    mine = documents.where(documents.named == label)
    mine = mine.where(mine.scores >= _log_odds(LEAST_CONFIDENCE))
    order = np.argsort(-mine.scores, kind="stable")
    foreign, right = mine.targets[order] >= labels, mine.targets[order] == label
    weights = mine.weights[order]
    own = np.cumsum(weights * right)
    number, wrong = np.cumsum(~foreign), np.cumsum(~foreign & ~right)
    strange = np.cumsum(weights * foreign)
    scores = mine.scores[order]
    below = np.append(scores[1:], -np.inf)
    last = right & ~np.append(right[1:], False)
    ends = np.flatnonzero(last & (scores > below) & (strange <= allowed))
    return [(0.0, 0, 0, 0.0, math.inf)] + [
        (float(own[end]), int(number[end]), int(wrong[end]), float(strange[end]),
         float(scores[end] - min(_SLACK, (scores[end] - below[end]) / 2)))
        for end in ends
    ]  # fmt: skip


def _log_odds(share: float) -> float:
    return math.log(share / (1 - share))


def sorted_out_of_group(
    documents: Scored, groups: "NDArray[np.int64]", labels: int, target: float, foreign: float
) -> "Mask":
    """Say what is sorted at thresholds that were fitted without its group, (n,) bool."""
    result = np.zeros(len(groups), np.bool_)
    for group in np.unique(groups):
        left_out = groups == group
        thresholds = best_thresholds(documents.where(~left_out), labels, target, foreign)
        result[left_out] = documents.where(left_out).sorted_at(thresholds)
    return result


def rule_of(
    thresholds: "NDArray[np.float64]", labels: Sequence[str], temperature: float
) -> SortRule:
    """Return the sort rule with these thresholds of labels, (labels,) log odds."""
    needed = 1 / (1 + np.exp(-np.clip(thresholds, _log_odds(LEAST_CONFIDENCE), _HIGHEST)))
    common = float(needed.max())
    offsets = {
        label: offset_between(common, float(own))
        for label, own in zip(labels, needed, strict=True)
        if own < common
    }
    return SortRule(
        temperature, common, NOVELTY_LIMIT, offsets=offsets, novelty_weight=NOVELTY_WEIGHT
    )


@dataclass(frozen=True, slots=True)
class Unseen:
    """What networks that learned nothing of its source say of each of n real documents.

    Attributes:
        samples: The documents.
        targets: (n,) int64, column of the label or of "other".
        logits: (n, outputs) float32.
        kind_logits: (n, kinds) float32.
        features: (n, F) float16.
        distances: (n,) float64, novelty of the page for the network that did not learn from it.
        groups: (n,) int64, sources joined by near-duplicates.
        names: What each is, finer than its label; "" where nobody said.
        fresh: (n,) bool, whether the weights that every network started from had not learned from
            its source either. Only those are measured on.
    """

    samples: tuple[Sample, ...]
    targets: "NDArray[np.int64]"
    logits: "NDArray[np.float32]"
    kind_logits: "NDArray[np.float32]"
    features: "NDArray[np.float16]"
    distances: "NDArray[np.float64]"
    groups: "NDArray[np.int64]"
    names: tuple[str, ...]
    fresh: "Mask"

    @classmethod
    def of(
        cls, found: OutOfFold, names: Mapping[Path, str], learned: Collection[str] = ()
    ) -> "Unseen":
        """Take it out of a cross-validation, without documents that may only be measured on.

        Args:
            found: The cross-validation.
            names: What documents are, by file; see `corpus.document_names`.
            learned: Sources that the weights to start from had learned from.
        """
        folds = found.folds[0]
        distances = np.zeros(len(folds))
        for fold in range(int(folds.max()) + 1):
            material, left_out = found.learned(fold), folds == fold
            features = found.features[left_out].astype(np.float64)
            model = NoveltyModel.fit(
                material.features.astype(np.float64), material.targets, features
            )
            distances[left_out] = model.distance(features)
        rows = np.flatnonzero(folds >= 0)
        return cls(
            tuple(found.samples[row] for row in rows),
            found.targets[rows],
            found.logits[rows],
            found.kind_logits[rows],
            found.features[rows],
            distances[rows],
            found.groups[rows],
            tuple(names.get(found.samples[row].path, "") for row in rows),
            np.array([found.samples[row].source not in learned for row in rows], np.bool_),
        )

    def foreign(
        self, labels: int, ask: "Callable[[Sequence[Sample]], NDArray[np.float32]]"
    ) -> "dict[str, NDArray[np.generic]]":
        """Return what training keeps of the foreign ones, as `foreign.npz` of a bundle.

        Args:
            labels: How many labels there are.
            ask: Returns features (m, F) of documents by the file that ships.
        """
        rows = np.flatnonzero(self.targets >= labels)
        _, sources = np.unique([self.samples[row].source for row in rows], return_inverse=True)
        return {
            "features": ask([self.samples[row] for row in rows]).astype(np.float16),
            "logits": self.kind_logits[rows].astype(np.float16),
            "names": np.array([self.names[row] for row in rows]),
            "groups": sources.astype(np.int16),
        }

    def predictions(
        self, temperature: float, reference: "NDArray[np.floating[Any]]"
    ) -> Predictions:
        """Return them calibrated; percentiles are those of distances among the reference."""
        nearer = np.searchsorted(np.sort(reference), self.distances.astype(reference.dtype))
        return Predictions(
            self.samples,
            self.targets,
            label_probabilities(self.logits, temperature, 1),
            100.0 * nearer / len(reference),
        )

    def sorted_alone(self, predictions: Predictions, labels: int, target: float) -> "Mask":
        """Say which documents are sorted at thresholds fitted without their source, (n,) bool."""
        documents = scored(predictions, labels)
        return sorted_out_of_group(documents, self.groups, labels, target, FOREIGN_SORTED)
