"""From the trained network to the file that runs, what that costs, and the gate before it ships.

Everything measured later (temperature, novelty, threshold, evidence) is measured on this file.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import tensorflow as tf

from docsorter.errors import ModelError
from docsorter.model.classifier import FEATURES, INPUT, LOGITS, SIGNATURE
from docsorter.model.golden import probabilities
from docsorter.training.batches import in_chunks
from docsorter.training.bias_correction import corrected
from docsorter.training.network import Network
from docsorter.training.untyped import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from docsorter.documents import RawOutput

Variant = Literal["int8-corrected", "int8-weights", "float16"]
VARIANTS: Final[tuple[Variant, ...]] = ("int8-corrected", "int8-weights", "float16")
"""Best first; docs/develop/making-the-starter.md has the figures.

int8-corrected: int8 weights, and biases that make up for their rounding (`bias_correction`).
int8-weights: the same without that; dynamic range, one scale per output channel.
float16: as good as exact, at a third of the speed and twice the size.
"""
CALIBRATION_PAGES: Final = 48
"""Pages that the correction is measured on; a mean over positions and pages needs no more."""

_ROUNDING: Final = 1e-9  # of shares that are quotients of small numbers


@dataclass(frozen=True, slots=True)
class Gate:
    """Limits beyond which an exported file is not shipped.

    Temperature, novelty and promise are measured on the file itself; the gate is there for files
    that a wrong conversion or an odd network made another model. Its limits are about twice what
    was seen (docs/develop/making-the-starter.md). One page may always differ, however few were
    asked.

    Attributes:
        accuracy_drop: Greatest loss of accuracy, 0-1.
        equal_labels: Least share of pages with the same top output, 0-1.
        difference: Greatest change of one probability, 0-1.
        megabytes: Greatest size of the file.
    """

    accuracy_drop: float = 0.01
    equal_labels: float = 0.98
    difference: float = 0.35
    megabytes: float = 30.0


@dataclass(frozen=True, slots=True)
class ExportCost:
    """What a file loses against the network it was made from.

    Attributes:
        variant: How the weights are stored.
        pages: Pages that both looked at.
        trained_accuracy: Of the network.
        exported_accuracy: Of the file.
        equal_labels: Share of pages with the same top output.
        difference: Greatest change of one probability.
        mean_difference: Mean over pages of the greatest change of a probability.
        megabytes: Size of the file, 10^6 bytes.
    """

    variant: str
    pages: int
    trained_accuracy: float
    exported_accuracy: float
    equal_labels: float
    difference: float
    mean_difference: float
    megabytes: float

    def as_json(self) -> dict[str, object]:
        """Return the figures for a report."""
        return asdict(self)


def export(
    network: Network, path: Path, variant: Variant, pages: "NDArray[np.uint8] | None" = None
) -> None:
    """Write the network as a LiteRT file with uint8 input and outputs found by name.

    The file takes one page at a time: its activations are rounded by the range of that page, so
    that no page's answer depends on its neighbours.

    Args:
        network: Must compute in float32.
        path: Where to write.
        variant: How the weights are stored.
        pages: (n, size, size, 3) pages like those to come, never pages that the file is measured
            on; "int8-corrected" needs some, `CALIBRATION_PAGES` are enough.

    Raises:
        ValueError: "int8-corrected" without pages.
    """
    if variant == "int8-corrected":
        if pages is None or not len(pages):
            raise ValueError("biases are corrected on pages: give some")
        network = corrected(network, pages[:CALIBRATION_PAGES])
    shape = (1, network.size, network.size, 3)

    def serve(pixels: Tensor) -> dict[str, Tensor]:
        features = network.pool(network.trunk(network.scale(pixels), training=False))
        return {LOGITS: network.label_logits(network.head(features)), FEATURES: features}

    module = tf.Module()
    module.held = [variable.value for variable in network.variables()]
    with tempfile.TemporaryDirectory() as folder:
        compiled = tf.function(serve, autograph=False)
        signature = compiled.get_concrete_function(tf.TensorSpec(shape, tf.uint8, name=INPUT))
        tf.saved_model.save(module, folder, signatures={SIGNATURE: signature})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if variant == "float16":
            converter.target_spec.supported_types = [tf.float16]
        path.write_bytes(converter.convert())


def trained_logits(network: Network, pixels: "NDArray[np.uint8]") -> "NDArray[np.float32]":
    """Return what the network itself says of pages, (pages, outputs)."""
    run = tf.function(autograph=False)(
        lambda part: network.label_logits(
            network.head(network.pool(network.trunk(network.scale(part), training=False)))
        )
    )
    parts = [np.asarray(run(tf.constant(pixels[rows]))) for rows in in_chunks(len(pixels), 16)]
    return np.concatenate(parts)


def compare(
    variant: str,
    path: Path,
    trained: "NDArray[np.float32]",
    exported: "RawOutput",
    targets: "NDArray[np.int32]",
) -> ExportCost:
    """Compare what the network and the file say of the same pages."""
    before, after = probabilities(trained), probabilities(exported.logits)
    gaps = np.abs(before - after).max(axis=1)
    return ExportCost(
        variant=variant,
        pages=len(targets),
        trained_accuracy=float((before.argmax(axis=1) == targets).mean()),
        exported_accuracy=float((after.argmax(axis=1) == targets).mean()),
        equal_labels=float((before.argmax(axis=1) == after.argmax(axis=1)).mean()),
        difference=float(gaps.max()),
        mean_difference=float(gaps.mean()),
        megabytes=path.stat().st_size / 1e6,
    )


def check_gate(cost: ExportCost, gate: Gate) -> None:
    """Refuse a file that loses too much.

    Raises:
        ModelError: A limit is exceeded; the message names it.
    """
    broken = []
    one_page = 1 / cost.pages + _ROUNDING
    if cost.megabytes > gate.megabytes:
        broken.append(f"{cost.megabytes:.1f} MB, limit {gate.megabytes:.1f}")
    # Written so that NaN breaks the limit too.
    drop = cost.trained_accuracy - cost.exported_accuracy
    if not drop <= max(gate.accuracy_drop + _ROUNDING, one_page):
        broken.append(
            f"accuracy {cost.trained_accuracy:.4f} became {cost.exported_accuracy:.4f}, "
            f"limit {gate.accuracy_drop:.4f} less"
        )
    if not 1 - cost.equal_labels <= max(1 - gate.equal_labels + _ROUNDING, one_page):
        broken.append(f"{cost.equal_labels:.4f} equal labels, limit {gate.equal_labels:.4f}")
    if not cost.difference <= gate.difference:
        broken.append(f"a probability moved by {cost.difference:.3f}, limit {gate.difference:.3f}")
    if broken:
        raise ModelError(
            f"the exported model ({cost.variant}) is too far from the trained one: "
            + "; ".join(broken),
            remedy="try another variant, or train longer: unsure pages move the most",
        )


def first_within(costs: Sequence[ExportCost], gate: Gate) -> ExportCost:
    """Return the first file that passes the gate.

    Raises:
        ModelError: None does; the message is that of the first.
    """
    refusals = []
    for cost in costs:
        try:
            check_gate(cost, gate)
        except ModelError as error:
            refusals.append(error)
        else:
            return cost
    raise refusals[0]
