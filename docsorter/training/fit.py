"""The training loop: head on cached features, then the upper blocks, then every layer.

Each stage is a number of steps on drawn batches with a cosine rate, and can be interrupted at any
step: weights, optimizer and best weights so far are on disk, and draws depend on the step alone.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import keras
import numpy as np
import tensorflow as tf

from docsorter.training.network import Network
from docsorter.training.untyped import Compiled, Optimizer, Tensor, Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Batch = tuple[NDArray[np.generic], NDArray[np.int32], NDArray[np.int32]]

Part = Literal["head", "upper", "all"]

_LOG: Final = logging.getLogger(__name__)
_KIND_SHARE: Final = 0.3  # of the loss over kinds; the rest is over the outputs that ship
_DROPOUT: Final = 0.2  # of pooled features


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of training.

    Attributes:
        part: What is trained, and what a batch holds: pooled features (n, 2048) for "head", maps
            of the cut (n, 17, 17, 768) for "upper", pixels (n, size, size, 3) uint8 for "all".
        steps: How many batches.
        rate: Peak learning rate (Adam, cosine to zero after a short warm-up).
        validate_every: Steps between two looks at the validation set.
        patience: Stop after so many looks without improvement.
    """

    part: Part
    steps: int
    rate: float
    validate_every: int
    patience: int = 4


@dataclass(frozen=True, slots=True)
class Validation:
    """How the network does on documents it is not trained on."""

    loss: float
    accuracy: float


class Trainer:
    """Trains a network in stages.

    Args:
        network: The network; its weights change.
        folder: Where checkpoints are kept; each stage has its own sub-folder.
        validate: Looks at the validation set with the network as it is.
        seed: Of dropout.
    """

    def __init__(
        self, network: Network, folder: Path, validate: Callable[[], Validation], *, seed: int = 0
    ) -> None:
        self._network = network
        self._folder = folder
        self._validate = validate
        self._seed = seed

    def run(self, stage: Stage, batches: Callable[[range], Iterator["Batch"]]) -> Validation:
        """Train one stage, from its last checkpoint if there is one.

        Args:
            stage: What to do.
            batches: Gives the batches (inputs, outputs, kinds) of a range of steps.

        Returns:
            How the best weights, which the network has afterwards, did on validation.
        """
        variables = trainable(self._network, stage.part)
        optimizer = keras.optimizers.Adam(_schedule(stage), global_clipnorm=1.0)
        optimizer.build(variables)
        done = tf.Variable(0, dtype=tf.int64)
        manager = self._manager(stage, optimizer, done)
        best = _Best(self._folder / stage.part / "best.npz", self._network)
        if manager.restore_or_initialize():
            _LOG.info("%s: going on from step %d", stage.part, int(done))
        else:
            best.offer(self._validate())  # a stage that only spoils things changes nothing
        step = _step_function(self._network, stage.part, optimizer, variables, self._seed)
        clock = _Progress(stage, int(done))
        for number, batch in enumerate(batches(range(int(done), stage.steps)), int(done) + 1):
            clock.add(float(step(*(tf.constant(part) for part in batch), done)), len(batch[1]))
            done.assign(number)
            if number % stage.validate_every == 0 or number == stage.steps:
                seen = self._validate()
                clock.report(number, seen)
                improved = best.offer(seen)
                manager.save()
                if not improved and best.stale >= stage.patience:
                    _LOG.info("%s: stopped early, no improvement", stage.part)
                    done.assign(stage.steps)  # a resumed run must not go on here
                    manager.save()
                    break
        return best.restore()

    def _manager(self, stage: Stage, optimizer: Optimizer, done: Tensor) -> Compiled:
        values = [variable.value for variable in self._network.variables()]
        moments = [variable.value for variable in optimizer.variables]
        checkpoint = tf.train.Checkpoint(done=done, **_named("w", values), **_named("o", moments))
        return tf.train.CheckpointManager(checkpoint, self._folder / stage.part, max_to_keep=2)


def trainable(network: Network, part: Part) -> list[Variable]:
    """Return the weights that a stage changes: kernels and biases, never statistics."""
    trunk = {"head": [], "upper": network.upper.trainable_variables}.get(
        part, network.trunk.trainable_variables
    )
    return [*trunk, *network.head.trainable_variables]


def forward(network: Network, part: Part, inputs: Tensor) -> Tensor:
    """Return pooled features (n, 2048) for the inputs of a stage."""
    if part == "head":
        return inputs
    if part == "upper":
        return network.pool(network.above_cut(inputs))
    return network.pool(network.trunk(network.scale(inputs), training=False))


def _step_function(
    network: Network, part: Part, optimizer: Optimizer, variables: list[Variable], seed: int
) -> Compiled:
    def step(inputs: Tensor, outputs: Tensor, kinds: Tensor, number: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            features = forward(network, part, inputs)
            key = tf.stack([tf.constant(seed, tf.int64), number])
            kept = tf.nn.experimental.stateless_dropout(features, _DROPOUT, seed=key)
            loss = _loss(network, network.head(kept), outputs, kinds)
        gradients = tape.gradient(loss, variables)
        optimizer.apply(gradients, variables)
        return loss

    return tf.function(step, reduce_retracing=True, autograph=False)


def _loss(network: Network, kind_logits: Tensor, outputs: Tensor, kinds: Tensor) -> Tensor:
    """Cross-entropy over the outputs, and over kinds where they are known."""
    cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits
    coarse = cross_entropy(outputs, network.label_logits(kind_logits))
    known = tf.cast(kinds >= 0, tf.float32)
    fine = cross_entropy(tf.maximum(kinds, 0), kind_logits) * known
    mixed = coarse * (1 - _KIND_SHARE * known) + _KIND_SHARE * fine
    return tf.reduce_mean(mixed)


def _schedule(stage: Stage) -> Optimizer:
    warm = max(1, stage.steps // 20)
    return keras.optimizers.schedules.CosineDecay(
        stage.rate / 20, max(1, stage.steps - warm), warmup_target=stage.rate, warmup_steps=warm
    )


def _named(prefix: str, values: list[Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}{number:04d}": value for number, value in enumerate(values)}


class _Best:
    """The best weights so far, on disk so that an interrupted stage still has them."""

    def __init__(self, path: Path, network: Network) -> None:
        self._path = path
        self._network = network
        self._seen: Validation | None = None
        self.stale = 0
        if path.is_file():
            with np.load(path, allow_pickle=False) as arrays:
                self._seen = Validation(float(arrays["loss"]), float(arrays["accuracy"]))

    def offer(self, seen: Validation) -> bool:
        """Keep the weights as they are now if they are better than any before."""
        if self._seen is not None and not seen.loss < self._seen.loss:
            self.stale += 1
            return False
        self._seen, self.stale = seen, 0
        arrays = _named("w", [np.asarray(variable) for variable in self._network.variables()])
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        with part.open("wb") as stream:
            np.savez(stream, loss=seen.loss, accuracy=seen.accuracy, **arrays)
        part.replace(self._path)
        return True

    def restore(self) -> Validation:
        """Give the network its best weights back."""
        with np.load(self._path, allow_pickle=False) as arrays:
            for number, variable in enumerate(self._network.variables()):
                variable.assign(arrays[f"w{number:04d}"])
            return Validation(float(arrays["loss"]), float(arrays["accuracy"]))


class _Progress:
    """Speed, mean loss since the last report, and the time left."""

    def __init__(self, stage: Stage, done: int) -> None:
        self._stage = stage
        self._start, self._first = time.monotonic(), done
        self._losses: list[float] = []
        self._pages = 0

    def add(self, loss: float, pages: int) -> None:
        self._losses.append(loss)
        self._pages += pages

    def report(self, number: int, seen: Validation) -> None:
        elapsed = time.monotonic() - self._start
        left = elapsed / max(1, number - self._first) * (self._stage.steps - number)
        _LOG.info(
            "%s: step %d of %d, loss %.4f, validation loss %.4f, accuracy %.4f, %.1f pages/s, "
            "%.0f min left",
            self._stage.part, number, self._stage.steps, float(np.mean(self._losses)),
            seen.loss, seen.accuracy, self._pages / elapsed, left / 60,
        )  # fmt: skip
        self._losses.clear()
