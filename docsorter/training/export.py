"""From the trained network to the file that runs, what that costs, and the gate before it ships.

Everything measured later (temperature, novelty, threshold, evidence) is measured on this file.

A weight rounded to one of 255 steps is off by up to half a step. Paper is white and activations
after ReLU are never negative, so what a convolution reads is far from zero on average, and its
rounding errors add up to a shift of the output that is nearly the same on every page. That shift
is measured on some pages and taken off the bias (bias correction, Nagel et al. 2019,
arXiv:1906.04721), at no cost when the file runs.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import keras
import numpy as np
import tensorflow as tf

from docsorter.documents import RawOutput
from docsorter.errors import ModelError
from docsorter.model.card import ModelCard
from docsorter.model.classifier import FEATURES, INPUT, LOGITS, SIGNATURE, LiteRTClassifier
from docsorter.model.golden import probabilities
from docsorter.service.workspace.process import Progress
from docsorter.settings import PagesSettings
from docsorter.training.augment import in_chunks, prefetched
from docsorter.training.dataset import RawPredictions, Sample
from docsorter.training.network import Model, Network, Tensor, build_network, copy_weights
from docsorter.training.rasters import RasterCache, first_page
from docsorter.training.request import ExportGate, Variant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from docsorter.documents import RawOutput

LEVELS: Final = 127
"""Steps between zero and the widest weight of an output channel; LiteRT rounds symmetrically."""

SMALLEST: Final = 1024
"""The converter leaves weights of fewer elements as they are (the first convolution has 864)."""

_CHUNK: Final = 8


def corrected(network: Network, pixels: "NDArray[np.uint8]") -> Network:
    """Return a copy whose biases make up for the rounding of its weights to int8.

    Args:
        network: Must compute in float32.
        pixels: (n, size, size, 3) pages like those to come; a few dozen give the means.
    """
    copy = build_network(network.plan, size=network.size)
    copy_weights(network, copy)
    shifts = mean_shifts(copy, pixels)
    readers = {id(layer.input): layer for layer in _layers(copy, keras.layers.BatchNormalization)}
    for convolution, shift in zip(_layers(copy, keras.layers.Conv2D), shifts, strict=True):
        normalisation = readers[id(convolution.output)]
        beta, mean, variance = normalisation.get_weights()
        normalisation.set_weights([beta, mean + shift, variance])
    return copy


def mean_shifts(network: Network, pixels: "NDArray[np.uint8]") -> "list[NDArray[np.float32]]":
    """Return what rounding adds to the outputs of every convolution, channel by channel.

    Returns:
        The mean over pages and positions of the rounded convolution's output less the exact one's,
        both reading the exact network's activations; in the order of the trunk's layers.
    """
    outputs = [
        keras.ops.mean(
            keras.ops.conv(
                layer.input, _rounding_error(layer), strides=layer.strides, padding=layer.padding
            ),
            axis=(1, 2),
        )
        for layer in _layers(network, keras.layers.Conv2D)
    ]
    model = keras.Model(network.trunk.input, outputs)
    run = tf.function(autograph=False)(lambda part: model(network.scale(part), training=False))
    parts = [run(tf.constant(pixels[rows])) for rows in in_chunks(len(pixels), _CHUNK)]
    return [np.mean(np.concatenate(column), axis=0) for column in zip(*parts, strict=True)]


def rounded(kernel: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Return a kernel (height, width, in, out) as the int8 file will hold it."""
    if kernel.size < SMALLEST:
        return kernel
    widest = np.abs(kernel).max(axis=(0, 1, 2))
    least = LEVELS * np.finfo(np.float32).tiny  # a step below that cannot be divided by
    step = np.where(widest > least, widest, 1.0).astype(np.float32) / LEVELS
    return np.asarray(np.round(kernel / step) * step, np.float32)


def _rounding_error(convolution: Model) -> "NDArray[np.float32]":
    (kernel,) = convolution.get_weights()
    return np.asarray(rounded(kernel) - kernel, np.float32)


def _layers(network: Network, kind: type) -> list[Model]:
    return [layer for layer in network.trunk.layers if isinstance(layer, kind)]


CALIBRATION_PAGES: Final = 48
"""Pages that the correction is measured on; a mean over positions and pages needs no more."""

_ROUNDING: Final = 1e-9  # of shares that are quotients of small numbers


@dataclass(frozen=True, slots=True)
class ExportCost:
    """What a file loses against the network it was made from.

    Attributes:
        variant: How the weights are stored.
        pages: Pages that both were asked about.
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


def check_gate(cost: ExportCost, gate: ExportGate) -> None:
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


_COST_PAGES: Final = 200


_STAGE: Final = "exporting"


_PREDICTING: Final = "asking the exported model"


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that passed the gate.

    Attributes:
        file: The LiteRT file.
        classifier: Runs it.
        cost: What it lost against the network.
        draft: The card as far as it is known.
        cache: Has the pages.
        pages: What it knows of pages among others, see `docsorter.training.page_heads`.
    """

    file: Path
    classifier: LiteRTClassifier
    cost: ExportCost
    draft: ModelCard
    cache: RasterCache
    pages: "dict[str, NDArray[np.generic]]" = field(default_factory=dict)

    def predict(self, samples: Sequence[Sample], progress: Progress) -> RawPredictions:
        """Return what the file says of documents, of as many pages of each as the daemon reads."""
        size, cap = self.draft.input.size, PagesSettings().page_cap
        columns = {label: number for number, label in enumerate(self.draft.labels)}
        outputs: list[RawOutput] = []
        made = prefetched(
            lambda row: self.cache.pages(samples[row].path, size, cap=cap), range(len(samples))
        )
        for pages in made:
            outputs.append(self.classifier.classify(pages))
            progress(_PREDICTING, len(outputs), len(samples))
        targets = [columns.get(sample.label, len(columns)) for sample in samples]
        return RawPredictions(tuple(samples), np.array(targets, np.int64), tuple(outputs))


@dataclass(frozen=True, slots=True)
class ExportPages:
    """Documents that an export needs.

    Attributes:
        learned: The rounding of biases is corrected on some of these.
        compared: The file and the network are compared on some of these.
        cache: Has their pages.
    """

    learned: Sequence[Sample]
    compared: Sequence[Sample]
    cache: RasterCache

    def first(
        self, samples: Sequence[Sample], most: int, size: int
    ) -> "tuple[list[Sample], NDArray[np.uint8]]":
        """Return some of the documents and their first pages, (n, size, size, 3)."""
        rows = np.random.default_rng(0).permutation(len(samples))[:most]
        chosen = [samples[row] for row in rows]
        return chosen, np.stack([first_page(self.cache, s.path, size) for s in chosen])

    def to_compare(self, network: Network) -> "tuple[NDArray[np.int32], NDArray[np.uint8]]":
        """Return the columns and the first pages of documents to compare on."""
        chosen, pixels = self.first(self.compared, _COST_PAGES, network.size)
        columns = {name: number for number, name in enumerate(network.plan.outputs)}
        return np.array([columns.get(s.label, len(columns) - 1) for s in chosen], np.int32), pixels


def export_within_limits(
    network: Network,
    draft: ModelCard,
    pages: ExportPages,
    work: Path,
    limits: tuple[ExportGate, tuple[Variant, ...]],
    progress: Progress,
) -> Exported:
    """Export in the first way that loses little enough.

    Args:
        network: The trained network, in whatever precision it computes.
        draft: The card as far as it is known.
        pages: Documents to correct on and to compare on.
        work: Folder for the files.
        limits: What the export may lose, and the ways to export.
        progress: Is told how far it is.

    Raises:
        ModelError: No way passes the gate; the message is that of the first.
    """
    exact = build_network(network.plan, size=network.size)
    copy_weights(network, exact)
    _, learned = pages.first(pages.learned, CALIBRATION_PAGES, network.size)
    targets, pixels = pages.to_compare(network)
    gate, variants = limits
    steps = 2 * len(variants) + 1
    trained = trained_logits(exact, pixels)
    progress(_STAGE, 1, steps)
    refusals: list[ModelError] = []
    for number, variant in enumerate(variants):
        file = work / f"model-{variant}.tflite"
        export(exact, file, variant, learned)
        progress(_STAGE, 2 + 2 * number, steps)
        classifier = LiteRTClassifier(file, draft)
        cost = compare(variant, file, trained, classifier.classify(pixels), targets)
        try:
            check_gate(cost, gate)
        except ModelError as error:
            refusals.append(error)
        else:
            progress(_STAGE, steps, steps)
            return Exported(file, classifier, cost, draft, pages.cache)
    raise refusals[0]
