"""Weights for further tuning, read back from the LiteRT file that a bundle runs.

The file holds every kernel, as int8 with one scale per output channel or as float16, and every bias
as float32, with batch normalisation folded in. Multiplied out they are weights that training can
start from, so that a bundle needs no second copy of them: whoever has the wheel has all of it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from docsorter.errors import ModelError
from docsorter.model.bundle import CARD, RUNTIME
from docsorter.model.card import read_card
from docsorter.training.network import Network, assign_folded

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
