"""Learning: the head by its penalised likelihood, then, where there is enough, the upper blocks."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.model.card import NONE_OF_THESE
from docsorter.training.dataset import Sample
from docsorter.training.engine.examples import Examples, page_weights
from docsorter.training.engine.head import (
    LEAST_STRENGTH_OF_KNOWN,
    STRENGTHS,
    Adjustment,
    choose_strength,
    fit_head,
)
from docsorter.training.engine.material import Material, with_head
from docsorter.training.engine.request import Request
from docsorter.training.engine.tuning import BATCH, TuningResult, TuningSet, tune
from docsorter.training.network import Network
from docsorter.training.progress import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

_VIEWING: Final = "looking at augmented pages"
_FITTING: Final = "fitting the head"
_PAGES_TO_CHOOSE: Final = 600
_FOREIGN_SHARE: Final = (0.1, 0.5)
"""Bounds of what foreign documents count while learning: they come less often than labels do."""


@dataclass(frozen=True, slots=True)
class Taught:
    """A network that has learned.

    Attributes:
        network: Trunk and head.
        strength: The penalty of the head.
        held_out: By fold, what was learned without it; empty with four sets.
        tuning: What tuning brought, None when it was not tried.
    """

    network: Network
    strength: float
    held_out: tuple[Adjustment, ...]
    tuning: TuningResult | None


def teach(material: Material, request: Request, work: Path, progress: Progress) -> Taught:
    """Fit the head, and tune the upper blocks where the documents allow it.

    Args:
        material: What to learn from; its network is changed by tuning.
        request: What was asked for.
        work: Folder for checkpoints.
        progress: Is told how far it is.
    """
    tuning = request.tuning and not material.division.cross_fitted
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
    held_out = []
    if material.division.cross_fitted:
        for fold in np.unique(material.division.folds):
            held_out.append(fit_head(examples.where(folds != fold), strength))
            tick()
    kernel, bias = material.start.adjusted(fit_head(examples, strength))
    progress(_FITTING, 1, 1)
    network = with_head(material.network, material.start.plan, kernel, bias)
    result = _tuned(material, network, request, work, progress) if tuning else None
    return Taught(network, strength, tuple(held_out), result)


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


def _foreign_features(material: Material, progress: Progress) -> "NDArray[np.float32]":
    return material.viewer.features(
        material.foreign.taught,
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
    material: Material, network: Network, request: Request, work: Path, progress: Progress
) -> TuningResult:
    viewer, targets = material.viewer, material.targets
    train, validation = (material.division.rows(split) for split in ("train", "validation"))
    views = range(1, 1 + request.effort.views(len(train)))
    learned = [material.samples[row] for row in train]
    looked = [material.samples[row] for row in validation]
    viewer.features(
        looked, range(1), lambda done, total: progress("looking for validation", done, total),
        maps=True,
    )  # fmt: skip
    files, columns = viewer.map_files(learned, views), targets[train]
    if NONE_OF_THESE in network.plan.outputs:  # what is foreign must not be forgotten
        foreign = material.foreign.taught
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
        TuningSet(viewer.map_files(looked, range(1)), targets[validation]),
        work / "tuning",
        steps=max(6, round(request.effort.tuning_epochs * pages / BATCH)),
        seed=request.seed,
        progress=progress,
    )
