"""From a trained network to a bundle: export, gate, confidence, figures, card."""

import datetime as dt
import importlib.metadata
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from docsorter.decide.novelty import NoveltyModel
from docsorter.documents import SortRule
from docsorter.errors import ModelError
from docsorter.model.card import InputSpec, ModelCard, Origin, Provenance
from docsorter.model.classifier import Classifier, LiteRTClassifier
from docsorter.settings import PagesSettings
from docsorter.training.bundle_writer import LIBRARIES, BundleParts, GoldenPicture, model_card_text
from docsorter.training.dataset import (
    ClassPlan,
    DocumentJudge,
    Predictions,
    RawPredictions,
    Sample,
    fingerprint,
    joined,
)
from docsorter.training.evaluation.evaluation import Evaluation, evaluate_predictions
from docsorter.training.evaluation.report import html_page
from docsorter.training.export import (
    CALIBRATION_PAGES,
    ExportCost,
    check_gate,
    compare,
    export,
    trained_logits,
)
from docsorter.training.network import Network, build_network, copy_weights
from docsorter.training.rasters import RasterCache
from docsorter.training.request import VARIANTS, ExportGate, Variant
from docsorter.training.sort_rule import NOVELTY_LIMIT
from starter.corpus import Corpus, origins
from starter.rasters import unreadable
from starter.rule import (
    FOREIGN_SORTED,
    Unseen,
    apply_rule,
    best_thresholds,
    rule_of,
    scored,
    temperature_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Identity:
    """What the card says of the model beyond what is measured.

    Attributes:
        name: Of the bundle.
        base: Where the first weights came from.
        limits: What the model cannot do, in Markdown.
        target_error: Error that sorted documents may have when the threshold is fitted.
    """

    name: str
    base: Origin
    limits: str
    target_error: float = 0.01


def draft_card(
    network: Network, corpus: Corpus, now: dt.datetime, identity: Identity | None
) -> ModelCard:
    """Return the card as far as it is known before anything is measured.

    Args:
        network: The trained network.
        corpus: All documents.
        now: When the model was made.
        identity: What else the card says; None for a card that only serves to run the file.
    """
    plan = network.plan
    base = identity.base if identity else Origin(name="none", licence="none")
    described = identity is not None
    train = corpus.of("train")
    return ModelCard(
        name=identity.name if identity else "draft",
        created_at=now,
        labels=plan.labels,
        background=1 if plan.background else 0,
        kinds=plan.kinds,
        input=InputSpec(size=network.size),
        provenance=Provenance(
            architecture="InceptionV3, global average pooling, one dense layer over "
            f"{len(plan.kinds)} kinds pooled into {len(plan.outputs)} outputs",
            base=base,
            data=origins(train) if described else (),
            fingerprint=fingerprint(train) if described else "",
            documents=corpus.counts() if described else {},
        ),
        temperature=1.0,
        threshold=1.0,
        novelty_limit=NOVELTY_LIMIT,
        versions={name: importlib.metadata.version(name) for name in LIBRARIES},
    )


def complete_card(
    card: ModelCard,
    rule: SortRule,
    predictions: dict[str, Predictions],
    evaluations: dict[str, Evaluation],
) -> ModelCard:
    """Return the card with the rule and everything that was measured.

    Args:
        card: As `draft_card` made it.
        rule: Fitted on documents that are not among those.
        predictions: Test documents by name; the first set is the evidence.
        evaluations: Of the same.
    """
    metrics = {name: found.metrics() for name, found in evaluations.items()}
    first = next(iter(predictions))
    seen = apply_rule(predictions[first], card.labels, rule)
    changes: dict[str, Any] = {
        "evidence": seen.evidence(first),
        "metrics": metrics,
    }
    return card.with_rule(rule).model_copy(update=changes)


PER_OUTPUT: Final = 2


def choose_golden(
    corpus: Corpus, plan: ClassPlan, cache: RasterCache, size: int
) -> tuple[GoldenPicture, ...]:
    """Choose the first generated test page of each of the first kinds of every output.

    Args:
        corpus: All documents; only generated ones of "test" are considered.
        plan: The outputs.
        cache: Where pages are kept.
        size: Side of a page in pixels.

    Returns:
        At most `PER_OUTPUT` pages for each output, in the order of the outputs.
    """
    pictures = []
    for output in plan.outputs:
        mine = [s for s in corpus.of("test", "synthetic") if s.label == output]
        for kind in sorted({sample.kind for sample in mine})[:PER_OUTPUT]:
            sample = next(s for s in mine if s.kind == kind)
            pixels = cache.pages(sample.path, size)[0]
            name = kind if kind.startswith(output) else f"{output}-{kind or 'page'}"
            pictures.append(GoldenPicture(f"{name}.png", pixels))
    return tuple(pictures)


_LOG: Final = logging.getLogger(__name__)
_NOVELTY_PAGES: Final = 400  # training pages per label that novelty is fitted on
_COST_PAGES: Final = 400


@dataclass(frozen=True, slots=True)
class Finished:
    """A model with everything known of it.

    Attributes:
        parts: What the bundle is written from.
        predictions: Test documents by name, with what the exported model says of them.
        cost: What each export lost.
    """

    parts: BundleParts
    predictions: dict[str, Predictions]
    cost: tuple[ExportCost, ...]


class Finisher:
    """Measures a trained network on the file that will run.

    Args:
        network: The trained network.
        corpus: All documents.
        cache: Where their pages are.
        work: Folder for the exported files.
        now: Gives the time for the card.
        real: What networks that learned nothing of its source say of each real document; without
            it nothing is fitted or measured on real ones that were learned from.
        variants: Ways to export, the best first; all are compared, the first that passes ships.
    """

    def __init__(
        self,
        network: Network,
        corpus: Corpus,
        cache: RasterCache,
        work: Path,
        now: Callable[[], dt.datetime],
        *,
        real: "Unseen | None" = None,
        variants: tuple[Variant, ...] = VARIANTS,
    ) -> None:
        self._plan: ClassPlan = network.plan
        self._network = build_network(network.plan, size=network.size)
        copy_weights(network, self._network)
        self._corpus = corpus
        self._cache = cache
        self._work = work
        self._now = now
        self._real = real
        self._variants = variants
        self._background = 1 if network.plan.background else 0

    def finish(self, identity: Identity, gate: ExportGate) -> Finished:
        """Export, measure and describe the model.

        Raises:
            ModelError: No exported file passes the gate.
        """
        costs = self._export_all()
        for cost in costs:
            _LOG.info("export: %s", json.dumps(cost.as_json()))
        chosen = first_within(costs, gate)
        _LOG.info("exported: %s", chosen.as_json())
        card = self._draft(identity)
        classifier = LiteRTClassifier(self._runtime(chosen.variant), card)
        raw = self._predict_all(classifier)
        novelty = self._fit_novelty(classifier, raw)
        rule = self._fit_rule(raw, novelty, identity.target_error)
        tests = test_sets(raw)
        judge = DocumentJudge(rule.temperature, self._background, novelty, NOVELTY_LIMIT)
        predictions = {name: judge.predict(part) for name, part in tests.items()}
        evaluations = {
            name: evaluate_predictions(
                part, card.labels, rule, rng=np.random.default_rng(0),
                features=tests[name].first_features,
            )
            for name, part in predictions.items()
        }  # fmt: skip
        if self._real is not None:
            unseen = _of_unseen(self._real, novelty, card.labels, rule, identity.target_error)
            evaluations = {UNSEEN: unseen, **evaluations}
        card = complete_card(card, rule, predictions, evaluations)
        parts = self._parts(card, identity, chosen, novelty, evaluations)
        if self._real is not None:
            parts = replace(
                parts, foreign=self._real.foreign(len(card.labels), self._asked(classifier))
            )
        return Finished(parts, predictions, costs)

    def _predict_all(self, classifier: Classifier) -> dict[tuple[str, str], RawPredictions]:
        """Ask about every document that was not learned from, by split and origin."""
        return {
            (split, origin): predict_raw(
                classifier, documents, self._plan, self._cache, self._network.size
            )
            for split in ("validation", "calibration", "test", "eval-only")
            for origin in ("synthetic", "real")
            if (documents := self._corpus.of(split, origin))
        }

    def _parts(
        self,
        card: ModelCard,
        identity: Identity,
        chosen: ExportCost,
        novelty: NoveltyModel,
        evaluations: dict[str, Evaluation],
    ) -> BundleParts:
        return BundleParts(
            card=card,
            runtime=self._runtime(chosen.variant),
            novelty=dict(novelty.to_arrays()),
            golden=choose_golden(self._corpus, self._plan, self._cache, self._network.size),
            texts={
                "MODEL_CARD.md": model_card_text(card, identity.limits),
                "report.html": html_page(evaluations, card, cost=chosen.as_json()),
                "evaluation.json": json.dumps(
                    {name: found.as_json() for name, found in evaluations.items()}
                ),
            },
        )

    def _asked(self, classifier: Classifier) -> "Callable[[Sequence[Sample]], NDArray[np.float32]]":
        """Return what gives the features of documents by the file that ships."""
        return lambda samples: (
            predict_raw(
                classifier, samples, self._plan, self._cache, self._network.size
            ).first_features
        )

    def _draft(self, identity: Identity | None) -> ModelCard:
        return draft_card(self._network, self._corpus, self._now(), identity)

    def _runtime(self, variant: str) -> Path:
        return self._work / f"model-{variant}.tflite"

    def _export_all(self) -> tuple[ExportCost, ...]:
        samples = [s for s in self._corpus.samples if s.split in {"calibration", "test"}]
        rng = np.random.default_rng(0)
        chosen = [samples[row] for row in rng.permutation(len(samples))[:_COST_PAGES]]
        pixels = np.stack([self._cache.pages(s.path, self._network.size)[0] for s in chosen])
        targets = np.array([self._plan.output_index(s.label) for s in chosen], np.int32)
        trained = trained_logits(self._network, pixels)
        learned = self._corpus.of("train")
        drawn = rng.permutation(len(learned))[:CALIBRATION_PAGES]
        reserve = np.stack(
            [self._cache.pages(learned[row].path, self._network.size)[0] for row in drawn]
        )
        costs = []
        for variant in self._variants:
            path = self._runtime(variant)
            export(self._network, path, variant, reserve)
            classifier = LiteRTClassifier(path, self._draft(None))
            costs.append(compare(variant, path, trained, classifier.classify(pixels), targets))
        return tuple(costs)

    def _fit_novelty(
        self, classifier: LiteRTClassifier, raw: dict[tuple[str, str], RawPredictions]
    ) -> NoveltyModel:
        """Fit on training pages of the labels; compare with pages that were not learned from.

        All real pages and `_NOVELTY_PAGES` generated ones of each label. Those compared with are
        generated ones, and the real ones by networks that learned nothing of their source; real
        ones count as often as generated ones: they are fewer, and what the percentile is asked
        about.
        """
        rng = np.random.default_rng(0)
        chosen: list[Sample] = []
        for label in self._plan.labels:
            mine = [s for s in self._corpus.of("train") if s.label == label]
            made = [sample for sample in mine if sample.origin != "real"]
            chosen += [sample for sample in mine if sample.origin == "real"]
            chosen += [made[row] for row in rng.permutation(len(made))[:_NOVELTY_PAGES]]
        refused = unreadable(self._cache, [s.path for s in chosen], self._network.size)
        chosen = [sample for sample in chosen if sample.path not in refused]
        train = predict_raw(classifier, chosen, self._plan, self._cache, self._network.size)
        held_out = [
            part.of_labels(self._plan).first_features
            for (split, _), part in raw.items()
            if split in {"validation", "calibration"}
        ]
        fitted = NoveltyModel.fit(train.first_features, train.targets, np.concatenate(held_out))
        if self._real is None:
            return fitted
        own = self._real.distances[self._real.targets < len(self._plan.labels)]
        own = np.repeat(own, max(1, len(fitted.reference) // max(1, len(own))))
        reference = np.sort(np.concatenate([fitted.reference, own.astype(np.float32)]))
        return NoveltyModel.from_arrays({**fitted.to_arrays(), "reference": reference})

    def _fit_rule(
        self, raw: dict[tuple[str, str], RawPredictions], novelty: NoveltyModel, target: float
    ) -> SortRule:
        """Fit temperature and thresholds on documents that were not learned from.

        The confidence is to be true of real paper; the thresholds must hold on generated documents
        and on real ones, each on its own.
        """
        labels = self._plan.labels
        made = [part for (split, _), part in raw.items() if split in {"validation", "calibration"}]
        sets = [(part.first_logits, part.targets) for part in made]
        if self._real is not None:
            sets = [(self._real.logits, self._real.targets)]
        temperature = temperature_of(sets, len(labels), self._background)
        judge = DocumentJudge(temperature, self._background, novelty, NOVELTY_LIMIT)
        predictions = [joined([judge.predict(part) for part in made])]
        if self._real is not None:
            predictions.append(self._real.predictions(temperature, novelty.reference))
        thresholds = np.max(
            [
                best_thresholds(scored(part, len(labels)), len(labels), target, FOREIGN_SORTED)
                for part in predictions
            ],
            axis=0,
        )
        rule = rule_of(thresholds, labels, temperature)
        asked = {label: round(rule.required_confidence(label), 4) for label in labels}
        _LOG.info("rule: temperature %.3f, novelty weight %.1f, by label %s", temperature,
                  rule.novelty_weight, asked)  # fmt: skip
        return rule


def _of_unseen(
    real: Unseen, novelty: NoveltyModel, labels: tuple[str, ...], rule: SortRule, target: float
) -> Evaluation:
    """Measure real documents; what is sorted is said by thresholds fitted without its source."""
    seen, fresh = real.predictions(rule.temperature, novelty.reference), real.fresh
    chosen = real.sorted_alone(seen, len(labels), target)
    return evaluate_predictions(
        seen.where(fresh), labels, rule, groups=list(map(int, real.groups[fresh])),
        rng=np.random.default_rng(0), features=real.features[fresh].astype(np.float32),
        sorted_alone=chosen[fresh],
    )  # fmt: skip


def first_within(costs: Sequence[ExportCost], gate: ExportGate) -> ExportCost:
    """Return the first file that passes the gate.

    Raises:
        ModelError: None does; the message is that of the first.
    """
    refusals = []
    for cost in costs:
        try:
            check_gate(cost, gate)
        except ModelError as error:
            refusals.append(error)
        else:
            return cost
    raise refusals[0]


def predict_raw(
    classifier: Classifier,
    samples: Sequence[Sample],
    plan: ClassPlan,
    cache: RasterCache,
    size: int,
) -> RawPredictions:
    """Ask the classifier about documents: one page, of real ones as many as the daemon reads."""
    cap = PagesSettings().page_cap
    outputs = tuple(
        classifier.classify(cache.pages(s.path, size, cap=cap if s.origin == "real" else 1))
        for s in samples
    )
    targets = np.array([plan.output_index(sample.label) for sample in samples], np.int64)
    return RawPredictions(tuple(samples), targets, outputs)


UNSEEN: Final = "real documents of senders never seen"
"""Name of the cross-validated figures: each document by a network that left its source out."""


def test_sets(raw: dict[tuple[str, str], RawPredictions]) -> dict[str, RawPredictions]:
    """Name the sets that nothing was fitted on."""
    names = {
        ("test", "synthetic"): "generated documents of layouts never trained on",
        ("eval-only", "real"): "real documents that may only be measured on",
    }
    return {name: raw[key] for key, name in names.items() if key in raw}
