"""Tune the blocks above the cut and the head, on maps of the cut that were computed once.

What lies below the cut stays, so that the maps of a page are the same in every fold of a
cross-validation and in the last stage of the recipe: both are this.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import keras
import numpy as np
import tensorflow as tf

from docsorter.training.augment import augment, in_chunks, prefetched
from docsorter.training.dataset import Sample
from docsorter.training.network import Network, Optimizer, Tensor, Variable
from docsorter.training.rasters import BASE, RasterCache
from docsorter.training.trainer import inputs_of, pooled
from starter.rule import prior_shift
from starter.training_run import cached_maps, runner, shift_background
from starter.training_set import Targets, Tuning, targets_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = Sequence[int] | NDArray[np.int64]

_LOG: Final = logging.getLogger(__name__)
_KIND_SHARE: Final = 0.3  # of the loss over kinds, where the kind is known
_NEARLY_ONE: Final = 0.99  # share from which on a mixed page is still of its kind
_CHUNK: Final = 64


@dataclass(frozen=True, slots=True)
class DocumentMaps:
    """Maps of the cut of documents: of the first page as it is, and of augmented views of it.

    Attributes:
        samples: The documents: real ones, then generated ones.
        parts: Of either, (views + 1, documents, 17, 17, 768) float16 for pages of 299 pixels,
            mapped from disk; view 0 is the page as it is.
    """

    samples: tuple[Sample, ...]
    parts: "tuple[NDArray[np.float16], ...]"

    def plain(self, rows: "Rows") -> "NDArray[np.float16]":
        """Return the maps of pages as they are."""
        return np.stack([self._part(row)[0] for row in rows])

    def drawn(self, rows: "Rows", rng: np.random.Generator) -> "NDArray[np.float16]":
        """Return the map of any view of each page."""
        parts = [self._part(row) for row in rows]
        return np.stack([part[rng.integers(len(part))] for part in parts])

    def _part(self, row: int) -> "NDArray[np.float16]":
        for part in self.parts:
            if row < part.shape[1]:
                return part[:, row]
            row -= part.shape[1]
        raise IndexError(row)


@dataclass(frozen=True, slots=True)
class MapMaker:
    """Computes maps of the cut and keeps them; the same documents and weights go on.

    Attributes:
        network: Its lower trunk is what makes them.
        folder: Where the maps are kept.
        cache: Has the pages that are augmented, and those of generated documents.
        served: Has the pages of real documents, as the daemon sees them.
        seed: Of the augmentation.
    """

    network: Network
    folder: Path
    cache: RasterCache
    served: RasterCache
    seed: int

    def make(
        self, real: Sequence[Sample], generated: Sequence[Sample], tuning: Tuning
    ) -> DocumentMaps:
        """Return the maps of real and generated documents, with the views that tuning takes."""
        parts = [
            self._maps(part, views, cache)
            for part, views, cache in (
                (real, tuning.views, self.served),
                (generated, tuning.generated_views, self.cache),
            )
            if part
        ]
        return DocumentMaps((*real, *generated), tuple(parts))

    def _maps(
        self, samples: Sequence[Sample], views: int, plain: RasterCache
    ) -> "NDArray[np.float16]":
        size, number = self.network.size, len(samples)

        def page(row: int) -> "NDArray[np.uint8]":
            view, index = divmod(row, number)
            path = samples[index].path
            if not view:
                return plain.pages(path, size)[0]
            rng = np.random.default_rng([self.seed, 6, index, view])
            return augment(self.cache.pages(path, BASE)[0], size, rng)

        files = [(str(s.path), s.path.stat().st_size, s.path.stat().st_mtime_ns) for s in samples]
        what = json.dumps(
            [weights_digest(self.network.lower.weights), size, self.seed, views, files]
        )
        name = f"{samples[0].origin}-{hashlib.sha256(what.encode()).hexdigest()[:16]}.npy"
        maps = cached_maps(self.network, page, (views + 1) * number, self.folder / name)
        return maps.reshape(views + 1, number, *maps.shape[1:])


def weights_digest(variables: Sequence[Variable]) -> str:
    """Return the SHA-256 of weights, as hex digits."""
    found = hashlib.sha256()
    for variable in variables:
        found.update(np.asarray(variable).tobytes())
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class Answers:
    """What a network says of n documents.

    Attributes:
        kind_logits: (n, kinds) float32.
        logits: (n, outputs) float32.
        features: (n, 2048) float32, pooled.
    """

    kind_logits: "NDArray[np.float32]"
    logits: "NDArray[np.float32]"
    features: "NDArray[np.float32]"


class Tuner:
    """Tunes a network on some of the documents, always from the weights that it came with.

    Args:
        network: The network; its weights change.
        maps: Of the documents, made by the lower trunk of this network.
        tuning: How long, how fast and on what.
        seed: Of everything drawn.
    """

    def __init__(self, network: Network, maps: DocumentMaps, tuning: Tuning, seed: int) -> None:
        self._network = network
        self._maps = maps
        self._tuning = tuning
        self._seed = seed
        self._start = [np.asarray(variable) for variable in network.variables()]
        self._parts = [
            (network.upper.trainable_weights, _optimizer(tuning, tuning.rate)),
            (network.head.trainable_weights, _optimizer(tuning, tuning.rate * tuning.head_rate)),
        ]
        for weights, optimizer in self._parts:
            optimizer.build(weights)
        self._step = tf.function(self._learn, reduce_retracing=True)
        inputs = inputs_of(network, "upper")
        self._features: Callable[[Tensor], NDArray[np.float32]] = runner(
            inputs, pooled(network, "upper", inputs)
        )

    def tune(self, rows: "Rows", *key: int) -> None:
        """Tune the network on documents; its outputs then expect the stated share of foreign ones.

        Args:
            rows: Of the maps; what is learned from.
            key: The same key gives the same draws.
        """
        tuning, plan = self._tuning, self._network.plan
        self._reset()
        targets = targets_of(
            [self._maps.samples[row] for row in rows],
            plan,
            real_share=tuning.real_share,
            foreign_share=tuning.foreign_share,
        )
        begun, losses = time.monotonic(), []
        batches = prefetched(
            lambda step: self._batch(targets, rows, *key, step), range(tuning.steps), ahead=3
        )
        for step, batch in enumerate(batches, 1):
            losses.append(float(self._step(*batch)))
            if step % 50 == 0 or step == tuning.steps:
                loss, pace = np.mean(losses[-50:]), (time.monotonic() - begun) / step
                _LOG.info(
                    "tuning: step %d of %d, loss %.4f, %.2f s a step",
                    step,
                    tuning.steps,
                    loss,
                    pace,
                )
        self._mix()
        if plan.background:
            foreign = targets.outputs == len(plan.labels)
            shift_background(self._network, prior_shift(float(targets.chances[foreign].sum())))

    def answers(self, rows: "Rows") -> Answers:
        """Return what the network, as it is, says of the pages of documents as they are."""
        kernel, bias = self._network.head.get_weights()
        spare = -len(rows) % _CHUNK  # chunks of one size are traced once
        padded = [*rows, *[rows[0]] * spare]
        parts = in_chunks(len(padded), _CHUNK)
        chunks = [self._features(self._maps.plain(padded[part])) for part in parts]
        features = np.concatenate(chunks)[: len(rows)]
        kinds = features @ kernel + bias
        return Answers(kinds, np.asarray(self._network.label_logits(kinds)), features)

    def _reset(self) -> None:
        for variable, value in zip(self._network.variables(), self._start, strict=True):
            variable.assign(value)
        for _, optimizer in self._parts:
            for variable in optimizer.variables:
                variable.assign(np.zeros(variable.shape, variable.dtype))

    def _mix(self) -> None:
        share = self._tuning.mix
        if share < 1:
            for variable, old in zip(self._network.variables(), self._start, strict=True):
                variable.assign(share * np.asarray(variable) + (1 - share) * old)

    def _batch(self, targets: Targets, rows: "Rows", *key: int) -> tuple[Tensor, ...]:
        """Draw maps (n, 17, 17, 768), shares of the outputs (n, outputs) and kinds (n,)."""
        rng = np.random.default_rng([self._seed, *key])
        drawn = rng.choice(len(rows), self._tuning.batch, p=targets.chances)
        maps = self._maps.drawn([rows[index] for index in drawn], rng)
        shares = np.eye(len(self._network.plan.outputs), dtype=np.float32)[targets.outputs[drawn]]
        kinds = targets.kinds[drawn]
        if self._tuning.mixup:
            maps, shares, share = mixed_up(maps, shares, self._tuning.mixup, rng)
            kinds = np.where(share > _NEARLY_ONE, kinds, -1).astype(np.int32)
        return maps, shares, kinds

    def _learn(self, maps: Tensor, shares: Tensor, kinds: Tensor) -> Tensor:
        network, ops = self._network, keras.ops
        with tf.GradientTape() as tape:
            kind_logits = network.head(network.pool(network.above_cut(maps)))
            logits = network.label_logits(kind_logits)
            coarse = ops.categorical_crossentropy(shares, logits, from_logits=True)
            fine = ops.sparse_categorical_crossentropy(
                ops.maximum(kinds, 0), kind_logits, from_logits=True
            )
            known = ops.cast(kinds >= 0, "float32")
            loss = ops.mean(coarse + _KIND_SHARE * known * fine)
        gradients = tape.gradient(loss, [weights for weights, _ in self._parts])
        for (weights, optimizer), mine in zip(self._parts, gradients, strict=True):
            optimizer.apply(mine, weights)
        return loss


def mixed_up(
    maps: "NDArray[np.float16]",
    shares: "NDArray[np.float32]",
    alpha: float,
    rng: np.random.Generator,
) -> "tuple[NDArray[np.float16], NDArray[np.float32], NDArray[np.float32]]":
    """Mix every page of a batch with another of it (Zhang et al. 2018, arXiv:1710.09412).

    Args:
        maps: (n, ...) of the pages.
        shares: (n, outputs), what they are.
        alpha: Of the beta distribution of the share; the greater, the more is mixed.
        rng: Decides everything.

    Returns:
        The mixed maps, what they are, and the share of each page itself, at least a half.
    """
    beta = rng.beta(alpha, alpha, len(maps))
    share = np.maximum(beta, 1 - beta).astype(np.float32)
    others = rng.permutation(len(maps))
    wide = share.reshape(-1, *[1] * (maps.ndim - 1))
    mixed = (maps * wide + maps[others] * (1 - wide)).astype(np.float16)
    return mixed, shares * share[:, None] + shares[others] * (1 - share[:, None]), share


def _optimizer(tuning: Tuning, rate: float) -> Optimizer:
    warm = max(1, tuning.steps // 10)
    return keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(
            rate / 20, max(1, tuning.steps - warm), warmup_target=rate, warmup_steps=warm
        )
    )
