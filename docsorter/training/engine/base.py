"""What a training starts from: the starter, ImageNet weights, or any earlier bundle.

A bundle gives its trunk, the outputs of its head and their golden pages; the LiteRT file that runs
holds all of it. What a bundle knows of labels that the documents do not have stays useful: it is
what tells foreign documents apart.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from docsorter.errors import ModelError
from docsorter.model.bundle import ModelBundle, digest, load_bundle
from docsorter.model.card import Origin
from docsorter.model.golden import read_golden
from docsorter.model.registry import ModelRegistry
from docsorter.training.network import IMAGENET, Network, load_folded
from docsorter.training.runtime_weights import load_runtime_weights, runtime_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class KnownHead:
    """The head of a bundle: one logit per kind, kinds pooled into outputs by log-sum-exp.

    Its logits are divided by the temperature of the card, so that they mean what they say: a head
    that is too sure would leave nothing to learn.

    Attributes:
        kernel: (features, kinds) float32.
        bias: (kinds,) float32.
        kinds: Name and output of each kind; an output is a label of the bundle or "other".
    """

    kernel: "NDArray[np.float32]"
    bias: "NDArray[np.float32]"
    kinds: tuple[tuple[str, str], ...]

    @property
    def owners(self) -> tuple[str, ...]:
        """Output of each kind."""
        return tuple(output for _, output in self.kinds)


@dataclass(frozen=True, slots=True)
class Base:
    """What a training starts from.

    Attributes:
        name: As it was asked for.
        key: Changes whenever the weights do.
        origin: For the card.
        size: Side of a page in pixels.
        keras_weights: What Keras is to load itself, or None.
        load: Gives a network its first weights.
        head: What is known already, None when that is nothing.
        golden: Synthetic pages with their names, (size, size, 3) uint8.
    """

    name: str
    key: str
    origin: Origin
    size: int
    keras_weights: str | None
    load: Callable[[Network], None]
    head: KnownHead | None
    golden: "tuple[tuple[str, NDArray[np.uint8]], ...]"


def open_base(name: str, registry: ModelRegistry, *, size: int = 299, seed: int = 0) -> Base:
    """Find what a training is to start from.

    Args:
        name: "imagenet", a `.npz` file of weights, or a bundle by name or path.
        registry: Knows the bundles; its starter lends its golden pages to the other bases.
        size: Side of a page where the base does not say.
        seed: Of kernels that a file of weights lacks.

    Raises:
        ModelError: There is no such base, or it is damaged.
    """
    if name != IMAGENET and not name.endswith(".npz"):
        return _from_bundle(load_bundle(registry.resolve(name)), name)
    golden = _golden_pages(load_bundle(registry.resolve("starter")), size)
    if name == IMAGENET:
        return Base(
            name, IMAGENET, weights_origin(IMAGENET), size, IMAGENET, lambda _: None, None, golden
        )
    path = Path(name).expanduser()
    origin = weights_origin(path)

    def load(network: Network) -> None:
        load_folded(network, path, seed=seed)

    return Base(name, digest(path), origin, size, None, load, None, golden)


def weights_origin(base: str | Path) -> Origin:
    """Say where the weights of ImageNet, or of a file, come from.

    Raises:
        ModelError: A file was named and is not there.
    """
    if base == IMAGENET:
        return Origin(
            name="Keras InceptionV3 weights, ImageNet-2012",
            licence="Apache-2.0",
            note="Downloaded by Keras.",
        )
    if not Path(base).is_file():
        raise ModelError(
            f"there are no weights to start from: {base} is neither a file nor a bundle",
            remedy="name a .npz file of weights, the folder of a bundle, `imagenet` or `random`",
        )
    return Origin(
        name="Google Inception v3, ImageNet-2012, graph of 2015-12-05",
        licence="Apache-2.0",
        note="Read as float16 kernels with batch normalisation folded in, SHA-256 "
        f"{digest(Path(base))}; two kernels of the last blocks are not in that file and were "
        "learned from random ones.",
    )


def _from_bundle(bundle: ModelBundle, name: str) -> Base:
    runtime, card = bundle.runtime_file, bundle.card
    arrays = runtime_weights(runtime)
    kernel, bias = arrays["head/kernel"], arrays["head/bias"]
    kinds = card.kinds or tuple((name, name) for name in card.prediction_labels)
    if bias.shape != (len(kinds),):
        raise ModelError(
            f"the head of the bundle {card.name} has {len(bias)} kinds, its card says {len(kinds)}",
            remedy="start from `starter`, or from a bundle made by docsorter",
        )

    def load(network: Network) -> None:
        load_runtime_weights(network, bundle.path)

    return Base(
        name=name,
        key=digest(runtime),
        origin=Origin(
            name=f"docsorter bundle {card.name}",
            licence=card.provenance.base.licence,
            note=f"Its weights were read from the file that it runs, SHA-256 {digest(runtime)}. "
            f"It started from: {card.provenance.base.name}.",
        ),
        size=card.input.size,
        keras_weights=None,
        load=load,
        head=KnownHead(kernel / card.temperature, bias / card.temperature, kinds),
        golden=_golden_pages(bundle, card.input.size),
    )


def _golden_pages(bundle: ModelBundle, size: int) -> "tuple[tuple[str, NDArray[np.uint8]], ...]":
    """Return the golden pages of a bundle: always synthetic, so that they may travel on."""
    folder = bundle.golden_file.parent
    pages = []
    for page in read_golden(bundle.golden_file).pages:
        with Image.open(folder / page.file) as image:
            square = image.convert("RGB").resize((size, size), Image.Resampling.LANCZOS)
        pages.append((page.file, np.array(square, np.uint8)))
    return tuple(pages)


def base_key(base: Base, size: int) -> str:
    """Return what cached features of a base are kept under."""
    return hashlib.sha256(f"{base.key}|{size}".encode()).hexdigest()[:16]
