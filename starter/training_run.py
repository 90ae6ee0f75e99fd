"""One training: documents in, trained network out, resumable at every stage."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import keras
import numpy as np

from docsorter.errors import ModelError
from docsorter.model.bundle import RUNTIME, digest
from docsorter.model.card import NONE_OF_THESE
from docsorter.training.augment import in_chunks, prefetched
from docsorter.training.dataset import ClassPlan
from docsorter.training.network import (
    IMAGENET,
    Network,
    Tensor,
    assign_folded,
    build_network,
    fast_policy,
    load_folded,
    load_runtime_weights,
    open_weights,
)
from docsorter.training.trainer import (
    Stage,
    TrainingLoop,
    Validation,
    inputs_of,
    just_in_time,
    pooled,
)
from starter.training_set import TrainingSet, Tuning, batch_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from docsorter.training.trainer import Batch


def save_tuning_weights(network: Network, path: Path) -> None:
    """Write all weights as float16, for further fine-tuning; see `load_tuning_weights`."""
    arrays: dict[str, NDArray[np.generic]] = {
        f"{number:03d}": np.asarray(variable).astype(np.float16)
        for number, variable in enumerate(network.trunk.weights)
    }
    arrays["head/kernel"], arrays["head/bias"] = (np.asarray(w) for w in network.head.weights)
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type] # numpy#28985


def load_tuning_weights(network: Network, path: Path) -> bool:
    """Load what `save_tuning_weights` wrote.

    Returns:
        Whether the head was loaded too: only when it has as many kinds as this network.

    Raises:
        ModelError: The file is unreadable or belongs to another network.
    """
    with open_weights(path) as arrays:
        weights = network.trunk.weights
        keys = [f"{number:03d}" for number in range(len(weights))]
        pairs = list(zip(keys, weights, strict=True))
        if any(k not in arrays or arrays[k].shape != tuple(w.shape) for k, w in pairs):
            raise ModelError(
                f"{path} is not for this network: its arrays have other names or shapes",
                remedy="name the tuning weights of a bundle made by docsorter",
            )
        for key, weight in pairs:
            weight.assign(arrays[key].astype(np.float32))
        fits = arrays["head/kernel"].shape == tuple(network.head.kernel.shape)
        if fits:
            network.head.set_weights([arrays["head/kernel"], arrays["head/bias"]])
        return bool(fits)


def shift_background(network: Network, amount: float) -> None:
    """Add `amount` to the logits of all kinds of "none of these"; see `rule.prior_shift`."""
    kernel, bias = network.head.get_weights()
    foreign = np.array([output == NONE_OF_THESE for _, output in network.plan.kinds])
    network.head.set_weights([kernel, bias + amount * foreign.astype(np.float32)])


def runner(inputs: Tensor, outputs: Tensor) -> "Callable[[Tensor], NDArray[np.float32]]":
    """Return a compiled function from a batch of the inputs to the outputs, as arrays."""
    model = keras.Model(inputs, outputs)
    model.compile(jit_compile=just_in_time())
    run: Callable[[Tensor], NDArray[np.float32]] = model.predict_on_batch
    return run


class Validator:
    """Measures a network, as it is at the time, on the validation pages of a training set."""

    def __init__(self, network: Network, training_set: TrainingSet) -> None:
        pixels = inputs_of(network, "all")
        features = pooled(network, "all", pixels)
        self._run = runner(pixels, network.label_logits(network.head(features)))
        self._pages, self._outputs = training_set.validation, training_set.outputs

    def validate(self) -> Validation:
        """Return loss and accuracy over the outputs."""
        parts = [self._run(self._pages[rows]) for rows in in_chunks(len(self._pages), 32)]
        logits = np.concatenate(parts).astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(logits)), self._outputs]
        right = logits.argmax(axis=1) == self._outputs
        return Validation(float(losses.mean()), float(right.mean()))


_LOG: Final = logging.getLogger(__name__)
_CHUNK: Final = 32


def cached_maps(
    network: Network, page: "Callable[[int], NDArray[np.uint8]]", length: int, path: Path
) -> "NDArray[np.float16]":
    """Return maps of the cut for pages 0 to length - 1, from disk as far as they are there.

    An interrupted run goes on where it was: rows of zeros are rows not yet computed.

    Args:
        network: Its lower trunk must be the one that began the file.
        page: Gives a page, (size, size, 3) uint8.
        length: How many pages.
        path: The `.npy` file.

    Returns:
        (length, 17, 17, 768) float16 for pages of 299 pixels, mapped from disk.
    """
    shape = (length, *network.upper.input_shape[1:])
    if path.is_file():
        maps = np.load(path, mmap_mode="r+", allow_pickle=False)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        maps = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
    if maps.shape != shape:
        path.unlink()
        return cached_maps(network, page, length, path)
    inputs = inputs_of(network, "all")
    run = runner(inputs, network.lower(network.scale(inputs), training=False))
    todo = [rows for rows in in_chunks(length, _CHUNK) if not maps[rows.stop - 1].any()]
    made = prefetched(
        lambda k: np.stack([page(i) for i in range(todo[k].start, todo[k].stop)]),
        range(len(todo)),
    )
    for count, (rows, pixels) in enumerate(zip(todo, made, strict=True), 1):
        maps[rows] = run(pixels).astype(np.float16)
        if count % 20 == 0:
            _LOG.info("features: %d of %d chunks", count, len(todo))
    return maps


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast every layer is trained, and what comes after that.

    Attributes:
        all_steps: Steps of every layer, batches of `batch` fresh pages; 0 for none.
        all_rate: Peak learning rate of every layer.
        batch: Pages per step.
        real_share: Share of draws that go to real documents.
        validation_cap: Validation pages looked at each time.
        size: Side of a page in pixels.
        mix: Share of the weights afterwards in the result; the rest is from before. The mean of
            both is nearly as good on documents like those trained on and better on others
            (Wortsman et al. 2022, arXiv:2109.01903).
        last: How the upper blocks and the head are tuned then; of no steps, they are not.
    """

    all_steps: int = 1500
    all_rate: float = 1e-4
    batch: int = 16
    real_share: float = 0.3
    validation_cap: int = 320
    size: int = 299
    mix: float = 0.5
    last: Tuning = field(default_factory=Tuning)


def new_network(plan: ClassPlan, base: str | Path | None, size: int, seed: int) -> Network:
    """Build a network with the weights that training starts from.

    Args:
        plan: What its outputs mean.
        base: "imagenet" for Keras's own weights, a file of folded or of tuning weights, the folder
            of a bundle, or None for random ones.
        size: Side of a page in pixels.
        seed: Of what is random.
    """
    keras_weights = IMAGENET if base == IMAGENET else None
    network = build_network(plan, size=size, weights=keras_weights, policy=fast_policy(), seed=seed)
    if isinstance(base, Path) and base.is_dir():
        _LOG.info("kinds without weights: %s", load_runtime_weights(network, base))
    elif base is None:
        # With the kernels that Keras draws the signal dies on its way up: nothing normalises it.
        assign_folded(network, {}, Path(), seed=seed)
    elif isinstance(base, Path):
        with open_weights(base) as arrays:
            tuning = "head/kernel" in arrays
        if tuning:
            load_tuning_weights(network, base)
        else:
            _LOG.info("convolutions without weights: %s", load_folded(network, base, seed=seed))
    return network


def base_key(base: str | Path | None) -> str | None:
    """Return what tells the weights to start from, see `new_network`, from any others."""
    if base is None or base == IMAGENET:
        return IMAGENET if base else None
    path = Path(base)
    return digest(path / RUNTIME if path.is_dir() else path)


class TrainingRun:
    """Trains one network on a training set.

    Args:
        network: The network, with the weights to start from.
        training_set: What it learns from.
        work: Folder for maps and checkpoints; the same folder resumes.
        schedule: How long each stage is.
        learned: A file of weights that `starter.apart` made from the same training set; they
            stand for the last stage, which is not run.
        seed: Of everything drawn.
    """

    def __init__(
        self,
        network: Network,
        training_set: TrainingSet,
        work: Path,
        schedule: Schedule,
        *,
        learned: Path | None = None,
        seed: int = 0,
    ) -> None:
        self._network = network
        self._training_set = training_set
        self._work = work
        self._schedule = schedule
        self._learned = learned
        self._seed = seed
        self._validate = Validator(network, training_set).validate

    def run(self) -> Validation:
        """Train every layer; return how the final weights do on validation."""
        schedule = self._schedule
        trainer = TrainingLoop(self._network, self._work, self._validate, seed=self._seed)
        before = [np.asarray(variable) for variable in self._network.variables()]
        if self._learned:
            load_tuning_weights(self._network, self._learned)
            _LOG.info("learned apart: %s", self._validate())
        else:
            every = max(1, schedule.all_steps // 8)
            stage = Stage("all", schedule.all_steps, schedule.all_rate, every)
            trainer.run(stage, self._page_batches)
        seen = self._mix_with(before)
        _LOG.info("trained: validation loss %.4f, accuracy %.4f", seen.loss, seen.accuracy)
        return seen

    def _mix_with(self, before: "list[NDArray[np.float32]]") -> Validation:
        """Average the weights with those from before the last stage."""
        share = self._schedule.mix
        for variable, old in zip(self._network.variables(), before, strict=True):
            variable.assign(share * np.asarray(variable) + (1 - share) * old)
        return self._validate()

    def _page_batches(self, steps: range) -> "Iterator[Batch]":
        length = self._schedule.batch
        return prefetched(
            lambda step: batch_of(self._training_set, length, self._seed, step), steps
        )
