"""How good the exported file is on documents it did not learn from, and the sort rule from that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.decide.calibration import label_probabilities
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.prediction import PageHeads
from docsorter.decide.promise import error_upper_bound
from docsorter.decide.thresholds import CheckedDocuments
from docsorter.documents import RawOutput, SortRule
from docsorter.model.card import CardEvidence
from docsorter.service.workspace.process import Progress
from docsorter.training.base import BaseWeights, ForeignDocuments
from docsorter.training.dataset import DocumentJudge, Predictions, RawPredictions, joined
from docsorter.training.evaluation.evaluation import Evaluation, evaluate_predictions
from docsorter.training.export import Exported
from docsorter.training.head import Adjustment
from docsorter.training.material import Material
from docsorter.training.request import TrainingRequest
from docsorter.training.sort_rule import (
    CONFIDENCE,
    NOVELTY_LIMIT,
    Confidence,
    KnownForeign,
    Promise,
    careful_thresholds,
    checked,
    least_for_foreign,
    temperature_of,
    threshold_by_test,
    untested,
)
from docsorter.training.splits import FOLDS
from docsorter.training.transfer import TrainedModel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scored:
    """Documents with everything that decides about them.

    Attributes:
        predictions: What the model says of each, n documents.
        held: (n,) whether a person is asked in any case, see `DocumentJudge.held`.
        features: (n, F) float32, of the first page of each.
        groups: (n,) documents of one group are not independent.
    """

    predictions: Predictions
    held: "NDArray[np.bool_]"
    features: "NDArray[np.float32]"
    groups: tuple[int, ...]

    def where(self, chosen: "NDArray[np.bool_]") -> "Scored":
        """Return the documents for which `chosen` is true, (n,)."""
        rows = np.flatnonzero(chosen)
        return Scored(
            self.predictions.where(chosen),
            self.held[rows],
            self.features[rows],
            tuple(self.groups[row] for row in rows),
        )


_NOVELTY_DOCUMENTS: Final = 600
TESTED: Final = "your documents, held back for the test"
CROSS_FITTED: Final = "your documents, each judged by a head that did not learn from it"
FOREIGN: Final = "generated documents of none of the labels"
REAL_FOREIGN: Final = "real documents of none of the labels, known to the base"


@dataclass(frozen=True, slots=True)
class Measurement:
    """Everything measured on the exported file.

    Attributes:
        confidence: The sort rule and what stands behind it.
        evidence: What the rule did to documents that had no part in it.
        sets: Evaluations by name of the documents, the user's own first.
    """

    confidence: Confidence
    evidence: CardEvidence
    sets: dict[str, Evaluation]


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a base knows that holds for the new model too: how unusual pages are to be judged.

    Attributes:
        rule: The sort rule on its card. Its weight of novelty holds for any labels, its offsets
            for its own.
        novelty: Its novelty model where it knows every label; None where it does not.
    """

    rule: SortRule
    novelty: NoveltyModel | None

    def among(self, own: RawPredictions) -> NoveltyModel | None:
        """Return the model with percentiles half among its documents, half among one's own.

        It never saw those, so that nothing has to be cross-fitted.
        """
        if self.novelty is None:
            return None
        mine = self.novelty.distance(own.first_features)
        shares = (np.arange(len(mine)) + 0.5) / len(mine)
        both = np.concatenate([mine, np.quantile(self.novelty.reference, shares)])
        reference = np.sort(both).astype(np.float32)
        return NoveltyModel.from_arrays({**self.novelty.to_arrays(), "reference": reference})


def known_to(base: BaseWeights, material: Material, trained: TrainedModel) -> Known | None:
    """Return what the base knows of usual pages, where the new model has its trunk; None else.

    Where the base knows every label, distances from its many documents say more than those from a
    few dozen. With 20 documents per label (4 draws, real documents of other layouts, foreign ones
    of other sources) 0.44 of the own paper and 9.4 % of the foreign were sorted with a novelty
    model of their own and no weight, 0.48 and 7.0 % with a weight of 4, 0.48 and 2.5 % with that of
    the base and percentiles among both.
    """
    rule = base.rule
    if rule is None or not rule.novelty_weight or trained.foreign is None:
        return None
    every = material.start.known[: len(material.labels)].all()
    return Known(rule, NoveltyModel.from_arrays(base.novelty) if every else None)


def measure(
    material: Material,
    trained: TrainedModel,
    exported: Exported,
    request: TrainingRequest,
    progress: Progress,
    base: Known | None = None,
) -> Measurement:
    """Fit the sort rule and measure the model.

    Args:
        material: The documents and how they are divided.
        trained: What was learned.
        exported: The file that runs.
        request: What was asked for.
        progress: Is told how far it is.
        base: What the base knows that holds for the new model too.
    """
    background = len(material.start.plan.outputs) - len(material.labels)
    measuring = _Measuring(material, exported, request, background, progress, trained.foreign, base)
    if material.division.cross_fitted:
        return measuring.cross_fitted(trained.held_out)
    return measuring.on_sets()


@dataclass(frozen=True, slots=True)
class _Foreign:
    """Foreign documents: generated ones, and real ones with weights and folds of their sources.

    `sorted_alone` says which real ones are sorted by a rule that was fitted without their source.
    """

    generated: Scored | None
    real: Scored | None
    weights: "NDArray[np.float64]"
    folds: "NDArray[np.int64]"
    sorted_alone: "NDArray[np.bool_] | None" = None

    def without(self, fold: int) -> "_Foreign":
        """Leave one fold of the real ones out."""
        if self.real is None:
            return self
        kept = self.folds != fold
        return _Foreign(self.generated, self.real.where(kept), self.weights[kept], self.folds[kept])


@dataclass(frozen=True, slots=True)
class _Measuring:
    material: Material
    exported: Exported
    request: TrainingRequest
    background: int
    progress: Progress
    known: ForeignDocuments | None
    base: Known | None

    @property
    def _weight(self) -> float:
        return self.base.rule.novelty_weight if self.base else 0.0

    def on_sets(self) -> Measurement:
        """Validation fits, calibration tests once, test measures."""
        division = self.material.division
        validation, calibration, test = (
            self._predict(division.rows(split)) for split in ("validation", "calibration", "test")
        )
        temperature = temperature_of(validation, self.background)
        novelty = self._known_novelty(validation) or self._novelty(validation)
        seen = [
            self._score(part, division.rows(split), temperature, novelty)
            for part, split in zip(
                (validation, calibration, test), ("validation", "calibration", "test"), strict=True
            )
        ]
        foreign = self._foreign(temperature, novelty)
        parts = [seen[0].predictions]
        _, offsets = self._careful(parts, foreign)  # fixed before the test
        threshold, promise = threshold_by_test(
            self._checked(seen[0], offsets), self._checked(seen[1], offsets),
            self.request.target_error, self.request.confidence,
        )  # fmt: skip
        certified = threshold is not None
        if threshold is None:
            parts.append(seen[1].predictions)
            threshold, offsets = self._careful(parts, foreign)
        elif foreign.real is not None:  # a stricter threshold passed the test before
            real = self._checked(foreign.real, offsets)
            threshold = max(threshold, least_for_foreign(real, foreign.weights))
        foreign = self._tested(foreign, parts, threshold if certified else None)
        rule = self._rule(temperature, threshold, offsets)
        sorted_alone, errors = self._checked(seen[2], offsets).sorted_at(threshold)
        evidence = _evidence(len(seen[2].predictions.samples), sorted_alone, errors, TESTED)
        return self._complete(
            Confidence(rule, novelty, promise), evidence, TESTED, seen[2], foreign
        )

    def cross_fitted(self, heads: Sequence[Adjustment]) -> Measurement:
        """Every document is predicted by the head that did not learn from its fold."""
        folds = self.material.division.folds
        raw = self._predict(np.arange(len(folds)))
        raw = self._out_of_fold(raw, heads)
        # The logits of the base are divided by its temperature: they are true at 1.
        temperature = temperature_of(raw, self.background, 1.0 if self.base else None)
        novelty = self._known_novelty(raw) or self._cross_fitted_novelty(raw)
        scored = self._score(raw, np.arange(len(folds)), temperature, novelty)
        foreign = self._foreign(temperature, novelty)
        threshold, offsets = self._careful([scored.predictions], foreign)
        tested = self._tested(foreign, [scored.predictions], None)
        rule = self._rule(temperature, threshold, offsets)
        counts = np.zeros(2, int)
        for fold in np.unique(folds):
            # Not even the threshold may have seen the documents that it is tested on.
            least, shifts = self._careful([scored.predictions.where(folds != fold)], foreign)
            counts += self._checked(scored.where(folds == fold), shifts).sorted_at(least)
        evidence = _evidence(len(folds), int(counts[0]), int(counts[1]), CROSS_FITTED)
        promise = self._untested(self._checked(scored, offsets), threshold)
        confidence = Confidence(rule, novelty, promise)
        return self._complete(confidence, evidence, CROSS_FITTED, scored, tested)

    def _predict(self, rows: "NDArray[np.int64]") -> RawPredictions:
        return self.exported.predict([self.material.samples[row] for row in rows], self.progress)

    def _own(self, raw: RawPredictions) -> RawPredictions:
        return raw.of_labels(self.material.start.plan)

    def _known_novelty(self, raw: RawPredictions) -> NoveltyModel | None:
        return self.base.among(self._own(raw)) if self.base else None

    def _novelty(self, validation: RawPredictions) -> NoveltyModel:
        rows = self.material.division.rows("train")
        order = np.random.default_rng([self.request.seed, 7]).permutation(rows)
        train = self._own(self._predict(order[:_NOVELTY_DOCUMENTS]))
        held = self._own(validation).first_features
        return NoveltyModel.fit(train.first_features, train.targets, held)

    def _score(
        self,
        raw: RawPredictions,
        rows: "NDArray[np.int64]",
        temperature: float,
        novelty: NoveltyModel,
    ) -> Scored:
        judge = self._judge(temperature, novelty)
        return Scored(
            predictions=judge.predict(raw),
            held=judge.held(raw),
            features=raw.first_features,
            groups=tuple(self.material.groups[row] for row in rows),
        )

    def _judge(self, temperature: float, novelty: NoveltyModel) -> DocumentJudge:
        heads = PageHeads.from_arrays(self.exported.pages)
        return DocumentJudge(temperature, self.background, novelty, NOVELTY_LIMIT, heads)

    def _foreign(self, temperature: float, novelty: NoveltyModel) -> "_Foreign":
        generated = self._generated(temperature, novelty)
        if self.known is None:
            return _Foreign(generated, None, np.zeros(0), np.zeros(0, np.int64))
        real = self._real(self.known, temperature, novelty)
        return _Foreign(generated, real, self.known.weights, self.known.folds(FOLDS))

    def _generated(self, temperature: float, novelty: NoveltyModel) -> Scored | None:
        samples = self.material.foreign.held
        if not samples:
            return None
        raw = self.exported.predict(samples, self.progress)
        judge = self._judge(temperature, novelty)
        return Scored(
            predictions=judge.predict(raw),
            held=judge.held(raw),
            features=raw.first_features,
            groups=tuple(range(len(samples))),
        )

    def _real(self, known: ForeignDocuments, temperature: float, novelty: NoveltyModel) -> Scored:
        plan, rows = self.material.start.plan, len(known.names)
        predictions = Predictions(
            known.samples(),
            np.full(rows, len(self.material.labels), np.int64),
            label_probabilities(plan.pooled(known.logits), temperature, self.background),
            novelty.percentile(known.features),
        )
        groups = tuple(known.sources.tolist())
        return Scored(predictions, np.zeros(rows, np.bool_), known.features, groups)

    def _tested(
        self, foreign: "_Foreign", parts: list[Predictions], certified: float | None
    ) -> "_Foreign":
        """Say what is sorted by rules that were fitted without the same source."""
        if foreign.real is None:
            return foreign
        chosen = np.zeros(len(foreign.weights), np.bool_)
        for fold in np.unique(foreign.folds):
            here = foreign.folds == fold
            threshold, offsets = self._careful(parts, foreign.without(fold))
            seen = self._checked(foreign.real.where(here), offsets)
            needed = threshold if certified is None else certified
            chosen[here] = seen.eligible & (seen.confidences >= needed)
        return replace(foreign, sorted_alone=chosen)

    def _checked(self, scored: Scored, offsets: dict[str, float]) -> CheckedDocuments:
        rule = self._rule(1.0, 0.0, offsets)
        return checked(scored.predictions, scored.held, self.material.labels, rule)

    def _careful(
        self, parts: list[Predictions], foreign: "_Foreign"
    ) -> tuple[float, dict[str, float]]:
        labels, target = self.material.labels, self.request.target_error
        made = [foreign.generated.predictions] if foreign.generated else []
        if foreign.real is None:
            return careful_thresholds([*parts, *made], labels, target)
        # Beside real ones generated ones count as one more: there are kinds that only they are of.
        weights = [foreign.weights, *(np.ones(len(part.samples)) for part in made)]
        known = KnownForeign(joined([foreign.real.predictions, *made]), np.concatenate(weights))
        offsets = None
        if self.base and self.base.novelty and self.material.division.cross_fitted:
            offsets = self.base.rule.offsets
        return careful_thresholds(
            parts, labels, target, known=known, weight=self._weight, offsets=offsets
        )

    def _rule(self, temperature: float, threshold: float, offsets: dict[str, float]) -> SortRule:
        policies = dict(self.request.policies)
        return SortRule(
            temperature, threshold, NOVELTY_LIMIT, policies, offsets, novelty_weight=self._weight
        )

    def _untested(self, seen: CheckedDocuments, threshold: float) -> Promise:
        sorted_alone, _ = seen.sorted_at(threshold)
        return untested(sorted_alone, len(seen), self.request.target_error, self.request.confidence)

    def _out_of_fold(self, raw: RawPredictions, heads: Sequence[Adjustment]) -> RawPredictions:
        outputs = []
        for output, fold in zip(raw.outputs, self.material.division.folds, strict=True):
            prior = self.material.start.prior(output.features)
            logits = heads[int(fold)].logits(output.features, prior)
            outputs.append(RawOutput(logits.astype(np.float32), output.features))
        return RawPredictions(raw.samples, raw.targets, tuple(outputs))

    def _cross_fitted_novelty(self, raw: RawPredictions) -> NoveltyModel:
        """Fit on all documents; compare with distances from models that lacked the document."""
        folds, mine = self.material.division.folds, raw.targets < len(self.material.labels)
        features, targets = raw.first_features, raw.targets
        distances = []
        for fold in np.unique(folds[mine]):
            rest, here = mine & (folds != fold), mine & (folds == fold)
            model = NoveltyModel.fit(features[rest], targets[rest], features[here])
            distances.append(model.reference)
        whole = NoveltyModel.fit(features[mine], targets[mine], features[mine])
        reference = np.sort(np.concatenate(distances))
        return NoveltyModel.from_arrays({**whole.to_arrays(), "reference": reference})

    def _complete(
        self,
        confidence: Confidence,
        evidence: CardEvidence,
        name: str,
        scored: Scored,
        foreign: "_Foreign",
    ) -> Measurement:
        sets = {name: scored, REAL_FOREIGN: foreign.real, FOREIGN: foreign.generated}
        found = {}
        for number, (title, part) in enumerate(sets.items()):
            if part is None:
                continue
            found[title] = evaluate_predictions(
                part.predictions,
                self.material.labels,
                confidence.rule,
                groups=part.groups,
                rng=np.random.default_rng([self.request.seed, 8, number]),
                features=part.features if title == name else None,
                held=part.held,
                sorted_alone=foreign.sorted_alone if title == REAL_FOREIGN else None,
                progress=self.progress,
            )
        return Measurement(confidence, evidence, found)


def _evidence(documents: int, sorted_alone: int, errors: int, description: str) -> CardEvidence:
    return CardEvidence(
        documents=documents,
        sorted_alone=sorted_alone,
        errors=errors,
        confidence=CONFIDENCE,
        upper_bound=error_upper_bound(errors, sorted_alone, CONFIDENCE),
        description=description,
    )
