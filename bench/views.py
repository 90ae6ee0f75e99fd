"""Ways to see a page, and what frozen networks make of it: features, kept in a folder."""

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

from docsorter.model.card import read_card
from docsorter.model.classifier import LiteRTClassifier
from docsorter.pages.fit import fit_page, flatten
from docsorter.resources import starter_bundle_dir
from docsorter.training.dataset import ClassPlan, Sample
from docsorter.training.network import build_network, load_folded
from starter.rasters import read_images

if TYPE_CHECKING:
    from numpy.typing import NDArray

Features: TypeAlias = "NDArray[np.float32]"
Ask: TypeAlias = Callable[["NDArray[np.uint8]"], "list[NDArray[np.float32]]"]
Views: TypeAlias = Callable[[Image.Image], "list[NDArray[np.uint8]]"]
SIDE: Final = 299
LARGE: Final = 384
_LAYERS: Final = ("mixed8", "mixed10")
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
