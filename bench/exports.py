"""What each way to export a network costs: speed, size, and how far the answers move.

    python -m bench.exports --bundle DIR [--tuning FILE] --real DIR --synthetic DIR

The network is that of `--tuning`. Without it the weights of the bundle's own file stand in, each
moved at random by up to half the step it was rounded by: the exact ones before rounding are not
kept, and are as far away as that. Speeds come from one run, page by page in turn between the
files; compare the ratios. Needs the `train` extra.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import keras
import numpy as np

from docsorter.errors import ModelError
from docsorter.model.bundle import CARD
from docsorter.model.card import ModelCard, read_card
from docsorter.model.classifier import LiteRTClassifier
from docsorter.model.golden import probabilities
from docsorter.training.dataset import ClassPlan, Sample
from docsorter.training.export import CALIBRATION_PAGES, export, trained_logits
from docsorter.training.network import Network, build_network, load_runtime_weights
from docsorter.training.rasters import RasterCache
from docsorter.training.request import VARIANTS
from starter.corpus import read_manifest, read_synthetic
from starter.rasters import image_cache
from starter.training_run import load_tuning_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DRAWS: Final = 2000
_WARM: Final = 2


@dataclass(frozen=True, slots=True)
class Moved:
    """How far the answers of a file are from those of its network, on one set of pages.

    Attributes:
        pages: How many.
        greatest: Greatest change of a probability.
        p99: 99th percentile over pages of the greatest change of a probability.
        p99_low: Lower end of its 95 % interval (bootstrap over pages).
        p99_high: Upper end.
        equal: Share of pages with the same top output.
    """

    pages: int
    greatest: float
    p99: float
    p99_low: float
    p99_high: float
    equal: float


def moved(before: "NDArray[np.float32]", after: "NDArray[np.float32]") -> Moved:
    """Compare logits of the same pages, (pages, outputs)."""
    gaps = np.abs(probabilities(before) - probabilities(after)).max(axis=1)
    rng = np.random.default_rng(0)
    drawn = gaps[rng.integers(len(gaps), size=(_DRAWS, len(gaps)))]
    low, high = np.percentile(np.percentile(drawn, 99, axis=1), [2.5, 97.5])
    equal = (before.argmax(axis=1) == after.argmax(axis=1)).mean()
    return Moved(
        len(gaps), float(gaps.max()), float(np.percentile(gaps, 99)), float(low), float(high),
        float(equal),
    )  # fmt: skip


def network_of(bundle: Path, tuning: Path | None) -> Network:
    """Return the network to export; see the top of this file.

    Raises:
        ModelError: The weights are not those of the bundle's kinds.
    """
    card = read_card(bundle / CARD)
    kinds = card.kinds or tuple((label, label) for label in card.prediction_labels)
    network = build_network(ClassPlan(card.labels, kinds), size=card.input.size)
    if tuning is not None:
        if not load_tuning_weights(network, tuning):
            raise ModelError(f"{tuning} has other kinds than {bundle}", remedy="name its bundle")
        return network
    load_runtime_weights(network, bundle)
    rng = np.random.default_rng(0)
    for layer in network.trunk.layers:
        if isinstance(layer, keras.layers.Conv2D):
            (kernel,) = layer.get_weights()
            step = np.abs(kernel).max(axis=(0, 1, 2)) / 127
            noise = rng.uniform(-0.5, 0.5, kernel.shape).astype(np.float32)
            layer.set_weights([kernel + step * noise])
    return network


def seconds(
    files: dict[str, Path], card: ModelCard, pages: "NDArray[np.uint8]", threads: int
) -> dict[str, float]:
    """Return the median seconds per page of every file, which take turns page by page."""
    opened = {name: LiteRTClassifier(file, card, threads=threads) for name, file in files.items()}
    taken: dict[str, list[float]] = {name: [] for name in files}
    for number, page in enumerate(pages):
        for name, classifier in opened.items():
            began = time.perf_counter()
            classifier.classify(page[np.newaxis])
            if number >= _WARM:
                taken[name].append(time.perf_counter() - began)
    return {name: float(np.median(times)) for name, times in taken.items()}


def pages_of(samples: Sequence[Sample], cache: RasterCache, size: int) -> "NDArray[np.uint8]":
    """Return the first pages of documents."""
    return np.stack([cache.pages(sample.path, size)[0] for sample in samples])


def main() -> None:
    """Export in every way, measure, print one line per file and set of pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bundle", type=Path, required=True, help="its card names the kinds")
    parser.add_argument("--tuning", type=Path, help="weights before rounding, .npz")
    parser.add_argument("--real", type=Path, required=True, help="folder with a MANIFEST.tsv")
    parser.add_argument("--synthetic", type=Path, required=True, help="generated documents")
    parser.add_argument("--generated", type=int, default=400, help="generated ones to ask about")
    parser.add_argument("--timed", type=int, default=40, help="pages that speed is measured on")
    parser.add_argument("--json", type=Path, default=Path("bench/out/exports.json"))
    options = parser.parse_args()
    network = network_of(options.bundle, options.tuning)
    card = read_card(options.bundle / CARD)
    made = read_synthetic(options.synthetic)
    drawn = np.random.default_rng(0).permutation(len(made))
    learned = [made[row] for row in drawn[:CALIBRATION_PAGES]]
    asked = {
        "real": read_manifest(options.real, use="train-ok"),
        "generated": [made[row] for row in drawn[CALIBRATION_PAGES:][: options.generated]],
    }
    with tempfile.TemporaryDirectory() as folder:
        cache = image_cache(Path(folder))
        pages = {name: pages_of(part, cache, network.size) for name, part in asked.items()}
        calibration = pages_of(learned, cache, network.size)
        trained = {name: trained_logits(network, part) for name, part in pages.items()}
        files: dict[str, Path] = {}
        for variant in VARIANTS:
            files[variant] = Path(folder) / f"{variant}.tflite"
            export(network, files[variant], variant, calibration)
            sys.stderr.write(f"{variant}: written\n")
        two, one = (seconds(files, card, pages["real"][: options.timed], n) for n in (2, 1))
        rows: list[dict[str, object]] = []
        for way, file in files.items():
            classifier = LiteRTClassifier(file, card)
            for name, part in pages.items():
                found = moved(trained[name], classifier.classify(part).logits)
                rows.append(
                    {
                        "variant": way,
                        "megabytes": round(file.stat().st_size / 1e6, 1),
                        "pages_per_s_two_threads": round(1 / two[way], 1),
                        "pages_per_s_one_thread": round(1 / one[way], 1),
                        "speed_to_int8_two_threads": round(two["int8-weights"] / two[way], 2),
                        "speed_to_int8_one_thread": round(one["int8-weights"] / one[way], 2),
                        "set": name,
                        **{k: round(getattr(found, k), 4) for k in Moved.__slots__},
                    }
                )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    for row in rows:
        sys.stdout.write("  ".join(f"{key}={value}" for key, value in row.items()) + "\n")


if __name__ == "__main__":
    main()
