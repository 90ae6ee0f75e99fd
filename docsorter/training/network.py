"""InceptionV3 with a small head: uint8 pages in, logits and pooled features out.

The trunk is the convolutional part of Inception v3 (Szegedy et al. 2015, arXiv:1512.00567).
Batch normalisation stays in inference mode for ever (keras#9214): the weights that training starts
from have its statistics folded in, and small batches of documents would spoil them.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import keras
import numpy as np

from docsorter.errors import ModelError
from docsorter.training.classes import ClassPlan
from docsorter.training.untyped import Archive, Model, Tensor, Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray

IMAGENET: Final = "imagenet"

CUT: Final = "mixed7"
"""Layer between the lower trunk, which is cached, and the upper blocks, which are tuned first."""

_EPSILON: Final = 1e-3  # of Keras's batch normalisation in InceptionV3


@dataclass(frozen=True, slots=True)
class Network:
    """The parts of one network; they share their weights.

    Attributes:
        plan: What the outputs mean.
        size: Side of a page in pixels.
        trunk: The whole convolutional part, scaled pixels to the last feature map.
        lower: Scaled pixels to the feature map of `CUT`.
        upper: That feature map to the last one.
        head: Pooled features to logits over kinds.
    """

    plan: ClassPlan
    size: int
    trunk: Model
    lower: Model
    upper: Model
    head: Model

    def scale(self, pixels: Tensor) -> Tensor:
        """Bring 0-255 to the range -1 to 1 that the trunk was trained on."""
        return keras.ops.cast(pixels, "float32") / 127.5 - 1.0

    def above_cut(self, maps: Tensor) -> Tensor:
        """Run the upper blocks on maps of the cut, kept in whatever precision."""
        maps = keras.ops.cast(maps, self.upper.inputs[0].dtype)
        return self.upper(maps, training=False)

    def pool(self, feature_map: Tensor) -> Tensor:
        """Average a feature map over the page: (n, 2048) float32."""
        return keras.ops.mean(keras.ops.cast(feature_map, "float32"), axis=(1, 2))

    def label_logits(self, kind_logits: Tensor) -> Tensor:
        """Pool logits over kinds into logits over outputs, by log-sum-exp."""
        parts, start = [], 0
        for width in self.plan.widths:
            part = kind_logits[:, start : start + width]
            parts.append(keras.ops.logsumexp(part, axis=1, keepdims=True) if width > 1 else part)
            start += width
        return keras.ops.concatenate(parts, axis=1)

    def variables(self) -> list[Variable]:
        """Return every weight, in a fixed order: trunk, then head."""
        return [*self.trunk.weights, *self.head.weights]


@contextlib.contextmanager
def _policy(name: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def build_network(
    plan: ClassPlan,
    *,
    size: int = 299,
    weights: str | None = None,
    policy: str = "float32",
    seed: int = 0,
) -> Network:
    """Build the network.

    Args:
        plan: What the outputs mean.
        size: Side of a page in pixels, at least 75.
        weights: None, or "imagenet" for the weights that Keras downloads.
        policy: Keras dtype policy; "mixed_bfloat16" computes in bfloat16 and keeps float32 weights.
        seed: Of the first weights.
    """
    keras.utils.set_random_seed(seed)
    with _policy(policy):
        trunk = keras.applications.InceptionV3(
            include_top=False, weights=weights, input_shape=(size, size, 3)
        )
        cut = trunk.get_layer(CUT).output
        lower = keras.Model(trunk.input, cut, name="lower")
        upper = keras.Model(cut, trunk.output, name="upper")
    head = keras.layers.Dense(len(plan.kinds), dtype="float32", name="head")
    head.build((None, trunk.output.shape[-1]))
    return Network(plan, size, trunk, lower, upper, head)


def load_folded(network: Network, path: Path, *, seed: int = 0) -> tuple[int, ...]:
    """Load convolutions with folded batch normalisation from an `.npz` file.

    `NN/kernel` goes into the NN-th convolution in build order, `NN/bias` into `beta` of the batch
    normalisation after it, whose mean becomes 0 and variance 1 - epsilon: it then adds the bias
    and does nothing else.

    Returns:
        Numbers of the convolutions that the file lacks; they get He-normal kernels.

    Raises:
        ModelError: The file is unreadable, or a kernel in it has another shape.
    """
    with open_weights(path) as arrays:
        return assign_folded(network, arrays, path, seed=seed)


def assign_folded(
    network: Network, arrays: "Mapping[str, NDArray[np.floating]]", path: Path, *, seed: int = 0
) -> tuple[int, ...]:
    """Assign folded convolutions, named as `load_folded` says.

    Args:
        network: Gets them.
        arrays: By name.
        path: Where they come from, for messages.
        seed: Of the kernels that are missing.

    Returns:
        Numbers of the convolutions that are missing; they get He-normal kernels.

    Raises:
        ModelError: A kernel has another shape.
    """
    convolutions = in_build_order(network.trunk, keras.layers.Conv2D)
    normalisations = in_build_order(network.trunk, keras.layers.BatchNormalization)
    missing = []
    pairs = zip(convolutions, normalisations, strict=True)
    for number, (convolution, normalisation) in enumerate(pairs):
        key = f"{number:02d}/kernel"
        shape = tuple(convolution.kernel.shape)
        bias = np.zeros(shape[-1], np.float32)
        if key in arrays:
            kernel = arrays[key].astype(np.float32)
            bias = arrays[f"{number:02d}/bias"].astype(np.float32)
        else:
            # each its own: branches that begin alike would stay alike
            own = keras.initializers.HeNormal(seed=seed + number)
            kernel = np.asarray(own(shape))
            missing.append(number)
        if kernel.shape != shape:
            raise ModelError(
                f"{path} is not for this network: {key} is {kernel.shape}, not {shape}",
                remedy="name a file of Inception v3 weights, or a bundle made by docsorter",
            )
        convolution.set_weights([kernel])
        zero, one = np.zeros_like(bias), np.full_like(bias, 1.0 - _EPSILON)
        normalisation.set_weights([bias, zero, one])
    return tuple(missing)


def in_build_order(model: Model, kind: type) -> list[Model]:
    """Return the layers of one type by the number in their names (`layers` is sorted by depth)."""
    layers = [layer for layer in model.layers if isinstance(layer, kind)]
    return sorted(layers, key=lambda layer: int((re.findall(r"_(\d+)$", layer.name) or ["0"])[0]))


def open_weights(path: Path) -> Archive:
    """Open an `.npz` file of plain arrays, never of pickled objects.

    Raises:
        ModelError: It cannot be read.
    """
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"the weights cannot be read: {path}: {error}", remedy="name an .npz file of weights"
        ) from error


def copy_weights(origin: Network, target: Network) -> None:
    """Give `target`, which may compute in another precision, the weights of `origin`."""
    for old, new in zip(origin.variables(), target.variables(), strict=True):
        new.assign(np.asarray(old))


def fast_policy() -> str:
    """Return bfloat16 arithmetic where the hardware has it, else float32."""
    # JAX fails when asked for the GPUs of a machine that has none.
    if any(not name.startswith("cpu") for name in keras.distribution.list_devices()):
        return "mixed_bfloat16"
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return "float32"
    return "mixed_bfloat16" if "avx512_bf16" in flags or "amx_bf16" in flags else "float32"
