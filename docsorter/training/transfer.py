"""Transfer learning: the head first, then, where documents suffice, the upper blocks.

The blocks above the cut learn at a small rate, batch normalisation frozen, from maps of augmented
pages. On few documents that may as well spoil as help: the tuned network replaces the head alone
only when its loss on the validation documents is better by more than chance explains.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import tensorflow as tf
from scipy.special import log_softmax

from docsorter.model.card import NONE_OF_THESE
from docsorter.service.workspace.process import Progress
from docsorter.training.augment import in_chunks, prefetched
from docsorter.training.base import CarriedWords, ForeignDocuments
from docsorter.training.dataset import ClassPlan, Sample
from docsorter.training.head import (
    LEAST_STRENGTH_OF_KNOWN,
    STRENGTHS,
    Adjustment,
    Examples,
    choose_strength,
    fit_head,
    page_weights,
)
from docsorter.training.material import Material, with_head
from docsorter.training.network import Network
from docsorter.training.request import TrainingRequest
from docsorter.training.trainer import Stage, TrainingLoop, Validation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from docsorter.training.trainer import Batch

    Floats = NDArray[np.float64]

_LOG: Final = logging.getLogger(__name__)
STAGE: Final = "tuning the upper blocks"
BATCH: Final = 32
RATE: Final = 1e-4
LOOKS: Final = 6
"""Looks at the validation documents during tuning; two without improvement end it."""


@dataclass(frozen=True, slots=True)
class TuningSet:
    """Documents whose maps are on disk.

    Attributes:
        files: One file per document, (views, h, w, c) float16.
        targets: (n,) columns of the outputs.
    """

    files: list[Path]
    targets: "NDArray[np.int64]"


@dataclass(frozen=True, slots=True)
class TuningResult:
    """What tuning brought.

    Attributes:
        kept: Whether the network is the tuned one.
        before: Mean loss on validation with the head alone.
        after: With the tuned blocks.
        error: Standard error of the difference.
    """

    kept: bool
    before: float
    after: float
    error: float


def tune(
    network: Network,
    train: TuningSet,
    validation: TuningSet,
    folder: Path,
    *,
    steps: int,
    seed: int,
    progress: Progress,
) -> TuningResult:
    """Tune the upper blocks and the head, or leave both as they are.

    Args:
        network: With the fitted head; changed only when that helps.
        train: To learn from.
        validation: To stop by and to decide by; their first views.
        folder: For checkpoints; the same folder resumes.
        steps: Batches at most.
        seed: Of the draws.
        progress: Is told how far it is.
    """
    weights = [np.asarray(variable) for variable in network.variables()]
    validation_losses = _ValidationLosses(network, validation)
    before = validation_losses.losses()

    def validate() -> Validation:
        return Validation(float(validation_losses.losses().mean()), 0.0)

    trainer = TrainingLoop(network, folder, validate, seed=seed)
    stage = Stage("upper", steps, RATE, max(1, steps // LOOKS), patience=2)
    draws = _Draws(train, seed)

    def batches(numbers: range) -> "Iterator[Batch]":
        for number, batch in zip(numbers, prefetched(draws.batch, numbers), strict=True):
            yield batch
            progress(STAGE, number + 1, steps)

    trainer.run(stage, batches)
    progress(STAGE, steps, steps)
    result = _compared(before, validation_losses.losses())
    if not result.kept:
        for variable, value in zip(network.variables(), weights, strict=True):
            variable.assign(value)
    _LOG.info("tuning: %s", result)
    return result


def _compared(before: "Floats", after: "Floats") -> TuningResult:
    gains = before - after
    error = float(gains.std() / np.sqrt(max(1, len(gains))))
    kept = bool(gains.mean() > error)
    return TuningResult(kept, float(before.mean()), float(after.mean()), error)


class _Draws:
    """Batches in which every output comes as often; batch number k is the same in every run."""

    def __init__(self, train: TuningSet, seed: int) -> None:
        self._train = train
        self._seed = seed
        counts = np.bincount(train.targets)
        occurring = int((counts > 0).sum())
        self._chances = 1.0 / (counts[train.targets] * occurring)

    def batch(self, number: int) -> "Batch":
        rng = np.random.default_rng([self._seed, 5, number])
        rows = rng.choice(len(self._chances), BATCH, p=self._chances)
        maps = []
        for row in rows:
            views = np.load(self._train.files[row], mmap_mode="r", allow_pickle=False)
            maps.append(np.array(views[rng.integers(len(views))]))
        targets = self._train.targets[rows].astype(np.int32)
        return np.stack(maps), targets, np.full(BATCH, -1, np.int32)


class _ValidationLosses:
    """Losses of validation documents with the network as it is."""

    def __init__(self, network: Network, validation: TuningSet) -> None:
        self._validation = validation
        self._run = tf.function(autograph=False, reduce_retracing=True)(
            lambda maps: network.label_logits(network.head(network.pool(network.above_cut(maps))))
        )

    def losses(self) -> "Floats":
        parts = []
        for rows in in_chunks(len(self._validation.files), BATCH):
            files = self._validation.files[rows]
            maps = np.stack([np.load(f, mmap_mode="r", allow_pickle=False)[0] for f in files])
            parts.append(np.asarray(self._run(tf.constant(maps))))
        logs = log_softmax(np.concatenate(parts).astype(np.float64), axis=1)
        result: Floats = -logs[np.arange(len(logs)), self._validation.targets]
        return result


_VIEWING: Final = "looking at augmented pages"
_FITTING: Final = "fitting the head"
_PAGES_TO_CHOOSE: Final = 600
_FOREIGN_SHARE: Final = (0.1, 0.5)
"""Bounds of what foreign documents count while learning: they come less often than labels do."""


REAL_FOREIGN_SHARE: Final = 0.1
"""What real foreign documents count while learning, the user's own counting 1."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A network that has learned.

    Attributes:
        network: Trunk and head.
        strength: The penalty of the head.
        held_out: By fold, what was learned without it; empty with four sets where nothing is known
            of real foreign documents.
        tuning: What tuning brought, None when it was not tried.
        foreign: The real foreign documents of the base with what heads say of them that did not
            learn from their sources; None where it has none.
        words: Of the base, None where they are not read.
    """

    network: Network
    strength: float
    held_out: tuple[Adjustment, ...]
    tuning: TuningResult | None
    foreign: ForeignDocuments | None = None
    words: CarriedWords | None = None


def train_model(
    material: Material, request: TrainingRequest, work: Path, progress: Progress
) -> TrainedModel:
    """Fit the head, and tune the upper blocks where the documents allow it.

    Args:
        material: What to learn from; its network is changed by tuning.
        request: What was asked for.
        work: Folder for checkpoints.
        progress: Is told how far it is.
    """
    real, crossed = material.foreign.real, material.division.cross_fitted
    # What is known of real foreign documents holds for the trunk that saw them, and for no other.
    tuning = request.tuning and not crossed and real is None
    rows = material.division.rows("train")
    views = range(1, 1 + request.effort.views(len(rows)))
    examples, folds = _examples(material, rows, views, progress, maps=tuning)
    folds_left = len(np.unique(folds))
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        progress(_FITTING, done, 2 * folds_left + 1)

    chosen = _enough_to_choose(len(rows), len(examples.targets), len(views) + 1)
    strength = choose_strength(examples.where(chosen), folds[chosen], tick, _strengths(material))
    every = np.unique(material.division.folds)
    if real is not None:  # only now: how far to move from the base is for the own paper to say
        examples = with_foreign(examples, real, material.start.plan)
        folds = np.concatenate([folds, real.folds(len(every))])
    held_out = []
    if crossed or real is not None:
        for fold in every:
            held_out.append(fit_head(examples.where(folds != fold), strength))
            tick()
    if real is not None:
        real = judged_out_of_fold(real, held_out, material.start.plan)
    kernel, bias = material.start.adjusted(fit_head(examples, strength))
    progress(_FITTING, 1, 1)
    network = with_head(material.network, material.start.plan, kernel, bias)
    result = _tuned(material, network, request, work, progress) if tuning else None
    return TrainedModel(network, strength, tuple(held_out), result, real)


def judged_out_of_fold(
    real: ForeignDocuments, heads: Sequence[Adjustment], plan: ClassPlan
) -> ForeignDocuments:
    """Return foreign documents with what that head says which did not learn from their source.

    Args:
        real: The documents, with logits of the kinds before anything was learned.
        heads: By fold, what was learned without it.
        plan: The kinds.
    """
    changes = np.stack([head.logits(real.features, np.zeros(1)) for head in heads])
    folds = real.folds(len(heads))
    own = changes[folds, np.arange(len(folds))]
    return replace(real, logits=(real.logits + own[:, plan.owners]).astype(np.float32))


def _enough_to_choose(documents: int, pages: int, views: int) -> "NDArray[np.bool_]":
    """Choose as many views of every document as it takes to compare penalties, (pages,) bool."""
    most = max(1, _PAGES_TO_CHOOSE // documents)
    rows = np.arange(pages)
    return np.asarray((rows >= documents * views) | (rows % views < most), np.bool_)


def _strengths(material: Material) -> tuple[float, ...]:
    """Return the penalties to choose from."""
    start = material.start
    if not start.known[: len(material.labels)].all():
        return STRENGTHS
    return tuple(one for one in STRENGTHS if one >= LEAST_STRENGTH_OF_KNOWN)


def _examples(
    material: Material,
    rows: "NDArray[np.int64]",
    views: range,
    progress: Progress,
    *,
    maps: bool,
) -> "tuple[Examples, NDArray[np.int64]]":
    """Return the pages to learn from and the fold of each."""
    samples = [material.samples[row] for row in rows]
    seen = material.viewer.features(
        samples, views, lambda done, total: progress(_VIEWING, done, total), maps=maps
    )
    seen = np.concatenate([material.plain[rows][:, np.newaxis], seen], axis=1)
    documents = np.repeat(np.arange(len(rows)), seen.shape[1])
    groups = np.array(material.groups, np.int64)[rows][documents]
    targets = material.targets[rows][documents]
    folds = material.division.folds[rows][documents]
    features = seen.reshape(-1, seen.shape[-1])
    if material.foreign.wanted:
        extra = _foreign_features(material, progress)
        numbers = np.arange(len(extra))
        features = np.concatenate([features, extra])
        documents = np.concatenate([documents, len(rows) + numbers])
        groups = np.concatenate([groups, groups.max() + 1 + numbers])
        other = material.start.plan.output_index(NONE_OF_THESE)
        targets = np.concatenate([targets, np.full(len(extra), other)])
        folds = np.concatenate([folds, numbers % (folds.max() + 1)])
    wide = features.astype(np.float64)
    weights = page_weights(targets, documents, _shares(material, samples))
    start = material.start
    found = Examples(wide, start.prior(wide), targets, weights, groups, ~start.known)
    return found, folds


def with_foreign(examples: Examples, real: ForeignDocuments, plan: ClassPlan) -> Examples:
    """Add real foreign documents to what is learned from; the own ones count on as they did.

    Args:
        examples: Of the user's own documents.
        real: The foreign documents.
        plan: The kinds that their logits are of.
    """
    rows = len(real.names)
    weights = real.weights / real.weights.sum() * examples.weights.sum() * REAL_FOREIGN_SHARE
    other = plan.output_index(NONE_OF_THESE)
    return Examples(
        np.concatenate([examples.features, real.features]),
        np.concatenate([examples.prior, plan.pooled(real.logits)]),
        np.concatenate([examples.targets, np.full(rows, other)]),
        np.concatenate([examples.weights, weights]),
        np.concatenate([examples.groups, examples.groups.max() + 1 + real.sources]),
        examples.loose,
    )


def _foreign_features(material: Material, progress: Progress) -> "NDArray[np.float32]":
    return material.viewer.features(
        material.foreign.trained,
        range(1),
        lambda done, total: progress("looking at foreign documents", done, total),
    )[:, 0]


def _shares(material: Material, samples: list[Sample]) -> "NDArray[np.float64]":
    """Return what each output counts: labels alike, foreign documents about as they come."""
    outputs = material.start.plan.outputs
    shares = np.full(len(outputs), 1.0 / len(material.labels))
    if NONE_OF_THESE in outputs:
        share = sum(sample.label == NONE_OF_THESE for sample in samples) / len(samples)
        share = float(np.clip(share, *_FOREIGN_SHARE))
        shares *= 1 - share
        shares[-1] = share
    return shares


def _tuned(
    material: Material, network: Network, request: TrainingRequest, work: Path, progress: Progress
) -> TuningResult:
    viewer, targets = material.viewer, material.targets
    train, validation = (material.division.rows(split) for split in ("train", "validation"))
    views = range(1, 1 + request.effort.views(len(train)))
    learned = [material.samples[row] for row in train]
    raw = [material.samples[row] for row in validation]
    viewer.features(
        raw, range(1), lambda done, total: progress("looking for validation", done, total),
        maps=True,
    )  # fmt: skip
    files, columns = viewer.map_files(learned, views), targets[train]
    if NONE_OF_THESE in network.plan.outputs:  # what is foreign must not be forgotten
        foreign = material.foreign.trained
        viewer.features(
            foreign, range(1), lambda done, total: progress("looking at foreign", done, total),
            maps=True,
        )  # fmt: skip
        files += viewer.map_files(foreign, range(1))
        other = np.full(len(foreign), network.plan.output_index(NONE_OF_THESE))
        columns = np.concatenate([columns, other])
    pages = len(learned) * len(views)
    return tune(
        network,
        TuningSet(files, columns),
        TuningSet(viewer.map_files(raw, range(1)), targets[validation]),
        work / "tuning",
        steps=max(6, round(request.effort.tuning_epochs * pages / BATCH)),
        seed=request.seed,
        progress=progress,
    )
