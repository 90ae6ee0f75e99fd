"""How a page becomes the square the network sees: squashed, padded or cut in two, measured.

    python -m bench.inputs --real DIR --synthetic DIR --weights FILE [--seeds 5] [--json FILE]

Frozen features (Inception v3 with ImageNet weights, and the starter) under a logistic head:
learned from generated documents and from the real ones of all sources but those of the fold, then
asked about the real ones of the fold. Needs the `train` extra.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import keras
import numpy as np
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from docsorter.model.card import read_card
from docsorter.model.litert import LiteRTClassifier
from docsorter.pages.fit import fit_page, flatten
from docsorter.resources import starter_bundle_dir
from docsorter.training.classes import ClassPlan
from docsorter.training.dataset import Sample, read_manifest, read_synthetic
from docsorter.training.network import build_network, load_folded
from docsorter.training.rasters import read_images

if TYPE_CHECKING:
    from numpy.typing import NDArray

Features: TypeAlias = "NDArray[np.float32]"
Ask: TypeAlias = Callable[["NDArray[np.uint8]"], "list[NDArray[np.float32]]"]
Views: TypeAlias = Callable[[Image.Image], "list[NDArray[np.uint8]]"]
SIDE: Final = 299
LARGE: Final = 384
_LAYERS: Final = ("mixed8", "mixed10")
_DRAWS: Final = 2000
_BATCH: Final = 16


def squashed(page: Image.Image) -> "list[NDArray[np.uint8]]":
    """Return the page as one square, its aspect lost."""
    square = flatten(page).convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return [np.array(square, np.uint8)]


def padded(page: Image.Image) -> "list[NDArray[np.uint8]]":
    """Return the page as the product makes it: aspect kept, centred on white."""
    return [fit_page(page, SIDE)]


def padded_large(page: Image.Image) -> "list[NDArray[np.uint8]]":
    """Return the same at 384 pixels, which cost 1.65 times as much."""
    return [fit_page(page, LARGE)]


def two_crops(page: Image.Image) -> "list[NDArray[np.uint8]]":
    """Return both ends of the page, each as wide as the page is: 299 pixels for the short side.

    Squares that overlap in the middle; on a page longer than twice its width they are halves, and
    padded.
    """
    width, height = page.size
    side = max(min(width, height), (max(width, height) + 1) // 2)
    if height >= width:
        boxes = [(0, 0, width, side), (0, height - side, width, height)]
    else:
        boxes = [(0, 0, side, height), (width - side, 0, width, height)]
    return [fit_page(page.crop(box), SIDE) for box in boxes]


VIEWS: Final[dict[str, Views]] = {
    "squash": squashed, "pad": padded, "two crops": two_crops, "pad, 384 px": padded_large,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """Features of the first pages, one row each, and how many pages a second gave."""

    features: "NDArray[np.float32]"
    rate: float


@dataclass(frozen=True, slots=True)
class Scored:
    """Right answers of one way to see, per document and seed.

    Attributes:
        right: (seeds, documents) bool.
        groups: (documents,) source of each.
    """

    right: "NDArray[np.bool_]"
    groups: "NDArray[np.int64]"

    def accuracy(self) -> float:
        """Return the share of right answers over documents and seeds."""
        return float(self.right.mean())


def interval(values: "NDArray[np.float64]", groups: "NDArray[np.int64]") -> tuple[float, float]:
    """Return the 95 % interval of a mean by drawing whole groups with replacement (percentiles)."""
    rng = np.random.default_rng(0)
    names = np.unique(groups)
    sums = np.array([values[groups == name].sum() for name in names])
    sizes = np.array([(groups == name).sum() for name in names])
    drawn = rng.integers(len(names), size=(_DRAWS, len(names)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def features_of(
    names: Sequence[str], squares: "Sequence[NDArray[np.uint8]]", ask: "Ask"
) -> "tuple[dict[str, Features], float]":
    """Ask for the features of squares; return them by name, and squares per second."""
    began = time.perf_counter()
    answers = [
        ask(np.stack(squares[start : start + _BATCH])) for start in range(0, len(squares), _BATCH)
    ]
    rate = len(squares) / (time.perf_counter() - began)
    columns = zip(*answers, strict=True)
    return {name: np.concatenate(rows) for name, rows in zip(names, columns, strict=True)}, rate


def imagenet(weights: Path, size: int) -> Ask:
    """Return what gives pooled `mixed8` and `mixed10` of squares, in float32."""
    network = build_network(ClassPlan(("a", "b"), (("a", "a"), ("b", "b"))), size=size)
    load_folded(network, weights)
    layers = [network.pool(network.trunk.get_layer(name).output) for name in _LAYERS]
    model = keras.Model(network.trunk.input, layers)

    def ask(squares: "NDArray[np.uint8]") -> "list[Features]":
        return [np.asarray(part) for part in model.predict_on_batch(network.scale(squares))]

    return ask


def shipped() -> Ask:
    """Return what gives the pooled features of the starter."""
    folder = starter_bundle_dir()
    classifier = LiteRTClassifier(folder / "model.tflite", read_card(folder / "card.json"))
    return lambda squares: [classifier.classify(squares).features]


def score(
    real: "NDArray[np.float32]",
    generated: "NDArray[np.float32]",
    samples: Sequence[Sample],
    made: Sequence[Sample],
    seeds: int,
) -> Scored:
    """Learn and ask by source, five folds, as often as there are seeds."""
    labels = np.array([sample.label for sample in samples])
    sources = np.unique([sample.source for sample in samples], return_inverse=True)[1]
    made_labels = np.array([sample.label for sample in made])
    right = np.zeros((seeds, len(samples)), bool)
    for seed in range(seeds):
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        for known, asked in folds.split(real, labels, sources):
            head = make_pipeline(
                StandardScaler(),
                # Turned, not reduced: the same answers from as many columns as there are rows.
                PCA(svd_solver="full"),
                LogisticRegression(C=0.003, max_iter=400, class_weight="balanced"),
            )
            head.fit(
                np.concatenate([real[known], generated]),
                np.concatenate([labels[known], made_labels]),
            )
            right[seed, asked] = head.predict(real[asked]) == labels[asked]
    return Scored(right, sources)


def look_at(samples: Sequence[Sample], weights: Path, kept: Path) -> "dict[str, Seen]":
    """Return the features of all first pages by how they were seen, and pages per second.

    Args:
        samples: The documents.
        weights: Of ImageNet.
        kept: Folder for the features; what is there already is not made again.
    """
    kept.mkdir(parents=True, exist_ok=True)
    seen: dict[str, Seen] = {}
    for view, cut in VIEWS.items():
        side = LARGE if cut is padded_large else SIDE
        networks: dict[str, Callable[[], Ask]] = {
            "ImageNet": partial(imagenet, weights, side),
            "starter": shipped,
        }
        for network, opened in networks.items():
            if network == "starter" and side != SIDE:
                continue  # its file takes one size
            file = kept / f"{network}-{view.replace(' ', '-')}-{len(samples)}.npz"
            if not file.is_file():
                squares = [cut(read_images(s.path, 1, 600)[0]) for s in samples]
                flat = [square for page in squares for square in page]
                names = _LAYERS if network == "ImageNet" else ("pooled",)
                features, rate = features_of(names, flat, opened())
                np.savez(file, rate=np.array(rate), **features)  # type: ignore[arg-type] # numpy#28985
                sys.stderr.write(f"{network}, {view}: looked at {len(flat)} squares\n")
            with np.load(file) as arrays:
                for name in sorted(set(arrays) - {"rate"}):
                    paired = arrays[name].reshape(len(samples), -1, arrays[name].shape[1])
                    each = paired.shape[1]
                    rate = float(arrays["rate"]) / each
                    key = f"{network} {name}, {view}"
                    if each == 1:
                        seen[key] = Seen(paired[:, 0], rate)
                    else:
                        seen[f"{key}, mean"] = Seen(paired.mean(axis=1), rate)
                        beside = paired.reshape(len(samples), -1)
                        seen[f"{key}, beside"] = Seen(beside, rate)
    return seen


def compare(
    seen: "dict[str, Seen]",
    samples: Sequence[Sample],
    made: Sequence[Sample],
    seeds: int,
) -> list[dict[str, object]]:
    """Score every way to see; intervals of the gain over padding draw whole sources."""
    rows: list[dict[str, object]] = []
    count = len(samples)
    scored = {
        key: score(one.features[:count], one.features[count:], samples, made, seeds)
        for key, one in seen.items()
    }
    for key, one in scored.items():
        base = scored[key.split(",")[0] + ", pad"]
        gain = one.right.mean(axis=0) - base.right.mean(axis=0)
        own = interval(one.right.mean(axis=0), one.groups)
        rows.append(
            {
                "seen": key,
                "n": count,
                "accuracy": round(one.accuracy(), 4),
                "low": round(own[0], 4),
                "high": round(own[1], 4),
                "gain": round(float(gain.mean()), 4),
                "gain_low": round(interval(gain, one.groups)[0], 4),
                "gain_high": round(interval(gain, one.groups)[1], 4),
                "pages_per_s": round(seen[key].rate, 1),
            }
        )
    return rows


def main() -> None:
    """Measure and print a table, one line per features and way to see."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--real", type=Path, required=True, help="folder with a MANIFEST.tsv")
    parser.add_argument("--synthetic", type=Path, required=True, help="generated documents")
    parser.add_argument("--weights", type=Path, required=True, help="folded Inception v3, .npz")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--every", type=int, default=1, help="of so many generated ones, take one")
    parser.add_argument("--work", type=Path, default=Path("bench/out/inputs"), help="features")
    parser.add_argument("--json", type=Path, default=Path("bench/out/inputs.json"))
    options = parser.parse_args()
    samples = read_manifest(options.real, use="train-ok")
    made = [s for s in read_synthetic(options.synthetic) if s.split == ""][:: options.every]
    seen = look_at([*samples, *made], options.weights, options.work)
    rows = compare(seen, samples, made, options.seeds)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    for row in rows:
        sys.stdout.write(" | ".join(str(value) for value in row.values()) + "\n")


if __name__ == "__main__":
    main()
