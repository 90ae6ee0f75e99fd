"""What a stage teaches: a part of the network, its loss, and a step on one batch.

Written with Keras alone, so that TensorFlow and JAX both run it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

import keras
import numpy as np

from docsorter.training.network import Network
from docsorter.training.untyped import Model, Optimizer, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

Part = Literal["head", "upper", "all"]

_KIND_SHARE: Final = 0.3  # of the loss over kinds; the rest is over the outputs that ship
_DROPOUT: Final = 0.2  # of pooled features


class Taught:
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


def runner(inputs: Tensor, outputs: Tensor) -> "Callable[[Tensor], NDArray[np.float32]]":
    """Return a compiled function from a batch of the inputs to the outputs, as arrays."""
    model = keras.Model(inputs, outputs)
    model.compile(jit_compile=just_in_time())
    run: Callable[[Tensor], NDArray[np.float32]] = model.predict_on_batch
    return run


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
    """Return the symbolic inputs of a stage, as `Taught` says."""
    if part == "head":
        return keras.Input((network.trunk.output.shape[-1],))
    if part == "upper":
        return keras.Input(network.upper.input_shape[1:], dtype="float16")
    return keras.Input((network.size, network.size, 3), dtype="uint8")
