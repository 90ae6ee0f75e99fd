"""InceptionV3 with a small head: uint8 pages in, logits and pooled features out.

The trunk is the convolutional part of Inception v3 (Szegedy et al. 2015, arXiv:1512.00567).
Batch normalisation stays in inference mode for ever (keras#9214): the weights that training starts
from have its statistics folded in, and small batches of documents would spoil them.

Weights are also read back from the LiteRT file that a bundle runs: every kernel, as int8 with one
scale per output channel or as float16, and every bias. Multiplied out they are weights that
training can start from, so that a bundle needs no second copy of them.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import keras
import numpy as np

from docsorter.errors import ModelError
from docsorter.model.bundle import CARD, RUNTIME
from docsorter.model.card import read_card
from docsorter.training.dataset import ClassPlan

if TYPE_CHECKING:
    from numpy.typing import NDArray

Tensor: TypeAlias = Any
"""A tensor, or an array that becomes one."""

Variable: TypeAlias = Any
"""A weight of a Keras model."""

Model: TypeAlias = Any
"""A Keras model or layer."""

Optimizer: TypeAlias = Any
"""A Keras optimizer or learning-rate schedule."""

Compiled: TypeAlias = Any
"""A function compiled by `tf.function`, or a manager of checkpoints."""

Archive: TypeAlias = Any
"""An open `.npz` file."""


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


_AGAIN: Final = "name the starter, or another bundle made by docsorter"


_SCALE: Final = 127.5  # the graph takes 0-255 to -1..1, and the converter folds that away


def load_runtime_weights(network: Network, bundle: Path) -> tuple[str, ...]:
    """Start a network from a bundle.

    Args:
        network: Its trunk gets all weights, its head those of the kinds that the bundle knows. A
            new kind of an output that is known starts as the mean of that output's kinds.
        bundle: Folder of the bundle.

    Returns:
        The kinds that the bundle says nothing of, not even of their output; they start at zero.

    Raises:
        ModelError: The bundle is unreadable or holds another architecture.
    """
    runtime = bundle / RUNTIME
    card = read_card(bundle / CARD)
    arrays = runtime_weights(runtime)
    missing = assign_folded(network, arrays, runtime)
    kinds = card.kinds or tuple((label, label) for label in card.prediction_labels)
    if missing or arrays["head/bias"].shape != (len(kinds),):
        raise ModelError(
            f"{runtime} is not for this network: its layers are others than the card says",
            remedy=_AGAIN,
        )
    return _carry_head(network, arrays["head/kernel"], arrays["head/bias"], kinds)


def _carry_head(
    network: Network,
    kernel: "NDArray[np.float32]",
    bias: "NDArray[np.float32]",
    kinds: tuple[tuple[str, str], ...],
) -> tuple[str, ...]:
    outputs = np.array([output for _, output in kinds])
    new_kernel, new_bias, unknown = [], [], []
    for kind, output in network.plan.kinds:
        same = outputs == output
        rows = np.array([pair == (kind, output) for pair in kinds])
        if not rows.any():
            rows = same
        if rows.any():
            new_kernel.append(kernel[:, rows].mean(axis=1))
            new_bias.append(bias[rows].mean())
        else:
            unknown.append(kind)
            new_kernel.append(np.zeros(len(kernel), np.float32))
            new_bias.append(0.0)
    network.head.set_weights([np.stack(new_kernel, axis=1), np.array(new_bias, np.float32)])
    return tuple(unknown)


def runtime_weights(runtime: Path) -> "dict[str, NDArray[np.float32]]":
    """Read the weights of a LiteRT file made by `docsorter.training.export`.

    Returns:
        float32 arrays: `NN/kernel` (height, width, in, out) and `NN/bias` (out) of the NN-th
        convolution in build order, `head/kernel` (features, kinds) and `head/bias` (kinds).

    Raises:
        ModelError: The file is unreadable or is not such a file.
    """
    try:
        return _Graph(runtime).weights()
    except (ValueError, RuntimeError, KeyError, IndexError, OSError) as error:
        raise ModelError(
            f"no weights can be read from the model: {runtime}: {error}", remedy=_AGAIN
        ) from error


class _Graph:
    """Operators and constants of a LiteRT file."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType  # noqa: PLC0415 -- 0.1 s

        # Without the delegate every operator stays visible.
        self._interpreter = Interpreter(
            str(path),
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self._interpreter.allocate_tensors()
        self._tensors = {t["index"]: t for t in self._interpreter.get_tensor_details()}
        self._operators: list[dict[str, Any]] = self._interpreter._get_ops_details()  # noqa: SLF001
        self._makers = {int(i): o for o in self._operators for i in o["outputs"]}

    def weights(self) -> "dict[str, NDArray[np.float32]]":
        """Return the arrays that `runtime_weights` describes."""
        numbered = sorted(
            (self._number(operator), operator)
            for operator in self._operators
            if operator["op_name"] == "CONV_2D"
        )  # numbers differ, so that operators are never compared
        (head,) = [o for o in self._operators if o["op_name"] == "FULLY_CONNECTED"]
        result: dict[str, NDArray[np.float32]] = {}
        for position, (_, operator) in enumerate(numbered):
            kernel = self._constant(operator["inputs"][1]).transpose(1, 2, 3, 0)
            bias = self._bias(operator)
            if position == 0 and self._sees_bytes(operator):
                kernel = kernel * _SCALE
                bias = bias + kernel.sum(axis=(0, 1, 2))
            result[f"{position:02d}/kernel"], result[f"{position:02d}/bias"] = kernel, bias
        result["head/kernel"] = self._constant(head["inputs"][1]).T
        result["head/bias"] = self._bias(head)
        return result

    def _number(self, operator: Mapping[str, Any]) -> int:
        """Return the number that Keras gave the layer; it counts up in build order.

        Operators of a layer are named `conv2d_94_1/...`, those of the first `conv2d_1/...`: the
        last number counts the uses of the layer, which has one.
        """
        tensors = [*operator["inputs"][1:], *operator["outputs"]]
        for index in (int(number) for number in tensors if int(number) >= 0):
            found = re.search(r"conv2d(?:_(\d+))?_\d+/", self._tensors[index]["name"])
            if found:
                return int(found.group(1) or 0)
        raise ValueError("a convolution without the name of its layer")

    def _sees_bytes(self, operator: Mapping[str, Any]) -> bool:
        """Tell whether nothing but a cast lies between the page and a convolution."""
        maker = self._makers.get(int(operator["inputs"][0]))
        return maker is not None and maker["op_name"] == "CAST"

    def _bias(self, operator: Mapping[str, Any]) -> "NDArray[np.float32]":
        """Return the bias of a layer; the converter drops one that is all zeros."""
        inputs = operator["inputs"]
        if len(inputs) < 3 or int(inputs[2]) < 0:
            outputs = self._tensors[int(inputs[1])]["shape"][0]
            return np.zeros(int(outputs), np.float32)
        return self._constant(inputs[2])

    def _constant(self, index: int) -> "NDArray[np.float32]":
        maker = self._makers.get(int(index))
        if maker is not None and maker["op_name"] == "DEQUANTIZE":  # float16 weights
            index = maker["inputs"][0]
        values = self._interpreter.get_tensor(int(index)).astype(np.float32)
        quantised = self._tensors[int(index)]["quantization_parameters"]
        scales, axis = quantised["scales"], quantised["quantized_dimension"]
        if not len(scales):
            return np.asarray(values, np.float32)
        shape = [1] * values.ndim
        shape[axis] = len(scales)
        offsets = quantised["zero_points"].reshape(shape)
        return np.asarray((values - offsets) * scales.reshape(shape), np.float32)
