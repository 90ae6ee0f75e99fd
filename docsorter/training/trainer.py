"""The training loop: head on cached features, then the upper blocks, then every layer.

Each stage is a number of steps on drawn batches with a cosine rate, and can be interrupted at any
step: weights, optimizer and best weights so far are on disk, and draws depend on the step alone.
It runs on whatever Keras computes with: TensorFlow here, JAX where a machine with a GPU has that.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import keras
import numpy as np

from docsorter.training.network import Model, Network, Optimizer, Tensor, Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Batch = tuple[NDArray[np.generic], NDArray[np.int32], NDArray[np.int32]]

Part = Literal["head", "upper", "all"]

_KIND_SHARE: Final = 0.3  # of the loss over kinds; the rest is over the outputs that ship
_DROPOUT: Final = 0.2  # of pooled features


class TrainablePart:
    """The part of a network that a stage changes: kernels and biases, never statistics.

    Args:
        network: Its weights are changed in place.
        part: What a batch holds: pooled features (n, 2048) for "head", maps of the cut
            (n, 17, 17, 768) for "upper", pixels (n, size, size, 3) uint8 for "all".
        optimizer: How they are changed.

    Attributes:
        model: From the inputs to logits of kinds, (n, kinds).
    """

    def __init__(self, network: Network, part: Part, optimizer: Optimizer) -> None:
        inputs = inputs_of(network, part)
        self._dropout = keras.layers.Dropout(_DROPOUT, seed=0)
        logits = network.head(self._dropout(pooled(network, part, inputs)))
        self.model = _with_loss(network, inputs, logits)
        self.model.compile(optimizer, jit_compile=just_in_time())

    def step(
        self, inputs: Tensor, targets: "tuple[NDArray[np.int32], ...]", key: tuple[int, int]
    ) -> float:
        """Learn from one batch.

        Args:
            inputs: As the class says.
            targets: Columns of the outputs and of the kinds, each (n,); kind -1 is not known.
            key: A seed and the number of the step: dropout depends on nothing else.

        Returns:
            The mean loss of the batch, before it was learned from.
        """
        self._dropout.seed_generator.state.assign(np.array(key, np.uint32))
        self.model.reset_metrics()
        return float(self.model.train_on_batch(inputs, targets, return_dict=True)["loss"])


def just_in_time() -> bool:
    """Tell whether to compile with XLA: JAX must; with TensorFlow on a CPU it takes minutes."""
    return bool(keras.backend.backend() == "jax")


def _with_loss(network: Network, inputs: Tensor, logits: Tensor) -> Model:
    class WithLoss(keras.Model):
        def compute_loss(
            self, x: Tensor, y: Tensor, y_pred: Tensor, *_: object, **__: object
        ) -> Tensor:
            del x
            return _loss(network, y_pred, *y)

    return WithLoss(inputs, logits)


def _loss(network: Network, kind_logits: Tensor, outputs: Tensor, kinds: Tensor) -> Tensor:
    """Cross-entropy over the outputs, and over kinds where they are known."""
    ops, entropy = keras.ops, keras.ops.sparse_categorical_crossentropy
    coarse = entropy(outputs, network.label_logits(kind_logits), from_logits=True)
    known = ops.cast(kinds >= 0, "float32")
    fine = entropy(ops.maximum(kinds, 0), kind_logits, from_logits=True) * known
    return ops.mean(coarse * (1 - _KIND_SHARE * known) + _KIND_SHARE * fine)


def pooled(network: Network, part: Part, inputs: Tensor) -> Tensor:
    """Return pooled features (n, 2048) for the inputs of a stage."""
    if part == "head":
        return inputs
    if part == "upper":
        return network.pool(network.above_cut(inputs))
    return network.pool(network.trunk(network.scale(inputs), training=False))


def inputs_of(network: Network, part: Part) -> Tensor:
    """Return the symbolic inputs of a stage, as `TrainablePart` says."""
    if part == "head":
        return keras.Input((network.trunk.output.shape[-1],))
    if part == "upper":
        return keras.Input(network.upper.input_shape[1:], dtype="float16")
    return keras.Input((network.size, network.size, 3), dtype="uint8")


_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Validation:
    """Mean cross-entropy over the outputs, and the share of pages whose best output is right."""

    loss: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of training.

    Attributes:
        part: What is trained, and what a batch holds: pooled features (n, 2048) for "head", maps
            of the cut (n, 17, 17, 768) for "upper", pixels (n, size, size, 3) uint8 for "all".
        steps: How many batches.
        rate: Peak learning rate (Adam, cosine to zero after a short warm-up).
        validate_every: Steps between two validations.
        patience: Stop after so many looks without improvement.
    """

    part: Part
    steps: int
    rate: float
    validate_every: int
    patience: int = 4


class TrainingLoop:
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
        trained = TrainablePart(self._network, stage.part, _optimizer(stage))
        kept = _Checkpoint(self._folder / stage.part / "state.npz", self._network, trained)
        best = _Best(self._folder / stage.part / "best.npz", self._network)
        done = kept.restore()
        if done:
            _LOG.info("%s: going on from step %d", stage.part, done)
        else:
            best.offer(self._validate())  # a stage that only spoils things changes nothing
        clock = _Progress(stage, done)
        for number, (inputs, *targets) in enumerate(batches(range(done, stage.steps)), done + 1):
            clock.add(trained.step(inputs, tuple(targets), (self._seed, number)), len(inputs))
            if number % stage.validate_every == 0 or number == stage.steps:
                seen = self._validate()
                clock.report(number, seen)
                improved = best.offer(seen)
                spent = not improved and best.stale >= stage.patience
                kept.save(stage.steps if spent else number)  # a resumed run must not go on here
                if spent:
                    _LOG.info("%s: stopped early, no improvement", stage.part)
                    break
        return best.restore()


def _optimizer(stage: Stage) -> Optimizer:
    warm = max(1, stage.steps // 20)
    rate = keras.optimizers.schedules.CosineDecay(
        stage.rate / 20, max(1, stage.steps - warm), warmup_target=stage.rate, warmup_steps=warm
    )
    return keras.optimizers.Adam(rate, global_clipnorm=1.0)


def _named(prefix: str, values: list[Variable]) -> "dict[str, NDArray[np.generic]]":
    return {f"{prefix}{number:04d}": np.asarray(value) for number, value in enumerate(values)}


def _write(path: Path, arrays: "dict[str, NDArray[np.generic]]") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type] # numpy#28985
    part.replace(path)


class _Checkpoint:
    """Where a stage is: weights, moments of the optimizer, and the number of steps done."""

    def __init__(self, path: Path, network: Network, trained: TrainablePart) -> None:
        self._path = path
        self._weights = network.variables()
        optimizer = trained.model.optimizer
        optimizer.build(trained.model.trainable_variables)
        self._moments: list[Variable] = optimizer.variables

    def restore(self) -> int:
        """Go back to where the stage was; return the steps done, 0 when it is new."""
        if not self._path.is_file():
            return 0
        with np.load(self._path, allow_pickle=False) as arrays:
            for prefix, values in (("w", self._weights), ("o", self._moments)):
                for number, value in enumerate(values):
                    value.assign(arrays[f"{prefix}{number:04d}"])
            return int(arrays["done"])

    def save(self, done: int) -> None:
        weights, moments = _named("w", self._weights), _named("o", self._moments)
        _write(self._path, {"done": np.array(done), **weights, **moments})


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
        scores = {"loss": np.array(seen.loss), "accuracy": np.array(seen.accuracy)}
        _write(self._path, scores | _named("w", self._network.variables()))
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
