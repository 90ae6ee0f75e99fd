"""Fine-tuning of the upper blocks on cached maps, kept only when it helps.

The blocks above the cut learn at a small rate, batch normalisation frozen, from maps of augmented
pages. On few documents that may as well spoil as help: the tuned network replaces the head alone
only when its loss on the validation documents is better by more than chance explains.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import tensorflow as tf
from scipy.special import log_softmax

from docsorter.training.batches import in_chunks, prefetched
from docsorter.training.fit import Stage, Trainer, Validation
from docsorter.training.network import Network
from docsorter.training.progress import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from docsorter.training.fit import Batch

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
    looking = _Looking(network, validation)
    before = looking.losses()

    def validate() -> Validation:
        losses = looking.losses()
        return Validation(float(losses.mean()), 0.0)

    trainer = Trainer(network, folder, validate, seed=seed)
    stage = Stage("upper", steps, RATE, max(1, steps // LOOKS), patience=2)
    draws = _Draws(train, seed)

    def batches(numbers: range) -> "Iterator[Batch]":
        for number, batch in zip(numbers, prefetched(draws.batch, numbers), strict=True):
            yield batch
            progress(STAGE, number + 1, steps)

    trainer.run(stage, batches)
    progress(STAGE, steps, steps)
    after = looking.losses()
    gains = before - after
    error = float(gains.std() / np.sqrt(max(1, len(gains))))
    kept = bool(gains.mean() > error)
    if not kept:
        for variable, value in zip(network.variables(), weights, strict=True):
            variable.assign(value)
    result = TuningResult(kept, float(before.mean()), float(after.mean()), error)
    _LOG.info("tuning: %s", result)
    return result


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


class _Looking:
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
