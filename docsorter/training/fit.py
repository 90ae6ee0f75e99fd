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
from typing import TYPE_CHECKING, Final

import keras
import numpy as np

from docsorter.training.network import Network
from docsorter.training.taught import Part, Taught
from docsorter.training.untyped import Optimizer, Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Batch = tuple[NDArray[np.generic], NDArray[np.int32], NDArray[np.int32]]

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
        validate_every: Steps between two looks at the validation set.
        patience: Stop after so many looks without improvement.
    """

    part: Part
    steps: int
    rate: float
    validate_every: int
    patience: int = 4


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
        taught = Taught(self._network, stage.part, _optimizer(stage))
        kept = _Checkpoint(self._folder / stage.part / "state.npz", self._network, taught)
        best = _Best(self._folder / stage.part / "best.npz", self._network)
        done = kept.restore()
        if done:
            _LOG.info("%s: going on from step %d", stage.part, done)
        else:
            best.offer(self._validate())  # a stage that only spoils things changes nothing
        clock = _Progress(stage, done)
        for number, (inputs, *targets) in enumerate(batches(range(done, stage.steps)), done + 1):
            clock.add(taught.step(inputs, tuple(targets), (self._seed, number)), len(inputs))
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

    def __init__(self, path: Path, network: Network, taught: Taught) -> None:
        self._path = path
        self._weights = network.variables()
        optimizer = taught.model.optimizer
        optimizer.build(taught.model.trainable_variables)
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
