"""What a training starts from: the starter, ImageNet weights, or any earlier bundle.

A bundle gives its trunk, the outputs of its head and their golden pages; the LiteRT file that runs
holds all of it. A kind of the base whose output has the name of a label belongs to that label.
Every other kind, also one of a label that the documents do not have, belongs to "other": it goes
on telling foreign documents apart. A label that the base does not know takes over kinds of the
background that have its name ("receipt") or that its documents are taken for, and gets a kind of
its own where there are none.
"""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image
from scipy.special import logsumexp

from docsorter.errors import ModelError
from docsorter.model.bundle import ModelBundle, digest, load_bundle
from docsorter.model.card import NONE_OF_THESE, Origin
from docsorter.model.golden import read_golden
from docsorter.model.registry import ModelRegistry
from docsorter.training.dataset import ClassPlan
from docsorter.training.generated import same_word
from docsorter.training.head import Adjustment
from docsorter.training.network import (
    IMAGENET,
    Network,
    load_folded,
    load_runtime_weights,
    runtime_weights,
)

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

    def renamed(self, names: Mapping[str, str]) -> "KnownHead":
        """Return it with outputs that are called something else today."""
        kinds = tuple((kind, names.get(output, output)) for kind, output in self.kinds)
        return dataclasses.replace(self, kinds=kinds)


@dataclass(frozen=True, slots=True)
class BaseWeights:
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
        pages: What a bundle knows of pages among others; empty where it knows nothing.
    """

    name: str
    key: str
    origin: Origin
    size: int
    keras_weights: str | None
    load: Callable[[Network], None]
    head: KnownHead | None
    golden: "tuple[tuple[str, NDArray[np.uint8]], ...]"
    pages: "dict[str, NDArray[np.generic]]" = field(default_factory=dict)


def open_base(name: str, registry: ModelRegistry, *, size: int = 299, seed: int = 0) -> BaseWeights:
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
        return BaseWeights(
            name, IMAGENET, weights_origin(IMAGENET), size, IMAGENET, lambda _: None, None, golden
        )
    path = Path(name).expanduser()
    origin = weights_origin(path)

    def load(network: Network) -> None:
        load_folded(network, path, seed=seed)

    return BaseWeights(name, digest(path), origin, size, None, load, None, golden)


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


def _from_bundle(bundle: ModelBundle, name: str) -> BaseWeights:
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

    return BaseWeights(
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
        pages=bundle.pages,
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


def base_key(base: BaseWeights, size: int) -> str:
    """Return what cached features of a base are kept under."""
    return hashlib.sha256(f"{base.key}|{size}".encode()).hexdigest()[:16]


ADOPTED_FROM: Final = 0.3
"""A new label takes over a kind of the background that at least this share of it is taken for."""


@dataclass(frozen=True, slots=True)
class StartingHead:
    """The head before anything is learned.

    Attributes:
        plan: Kinds and outputs of the new network.
        kernel: (features, kinds) float32; zeros for a kind of which nothing is known.
        bias: (kinds,) float32.
        known: (outputs,) which labels the base knows by name; never "other".
    """

    plan: ClassPlan
    kernel: "NDArray[np.float32]"
    bias: "NDArray[np.float32]"
    known: "NDArray[np.bool_]"

    def prior(self, features: "NDArray[np.floating]") -> "NDArray[np.float64]":
        """Return what it says of pages, (n, outputs): log-sum-exp over the kinds of each."""
        kinds = features.astype(np.float64) @ self.kernel + self.bias
        ends = np.cumsum(self.plan.widths)
        return np.stack(
            [logsumexp(part, axis=1) for part in np.split(kinds, ends[:-1], axis=1)], axis=1
        )

    def adjusted(self, learned: Adjustment) -> "tuple[NDArray[np.float32], NDArray[np.float32]]":
        """Return kernel and bias with what was learned added to every kind of an output.

        Adding one number to all kinds of an output adds it to their log-sum-exp: the network then
        says exactly what `Adjustment.logits` does.
        """
        owners = np.repeat(np.arange(len(self.plan.outputs)), self.plan.widths)
        kernel = self.kernel + learned.delta[:, owners]
        return kernel.astype(np.float32), (self.bias + learned.shift[owners]).astype(np.float32)


def starting_head(
    known: KnownHead | None,
    labels: tuple[str, ...],
    features: "NDArray[np.floating]",
    names: "NDArray[np.str_]",
    *,
    background: bool,
) -> StartingHead:
    """Make the head that learning starts from.

    Args:
        known: The head of the base, None when there is none.
        labels: Labels of the documents, without "other".
        features: (n, F) of documents, to see what the base takes them for.
        names: (n,) their labels.
        background: Whether an output for "other" is wanted where the base has none.
    """
    if known is None:
        return _empty_head((*labels, NONE_OF_THESE) if background else labels, labels, features)
    owners = _new_owners(known, labels, features, names)
    columns: list[tuple[int | None, str, str]] = []
    for output in (*labels, NONE_OF_THESE):
        mine = [kind for kind, owner in enumerate(owners) if owner == output]
        columns += [(kind, known.kinds[kind][0], output) for kind in mine]
        if not mine and (output != NONE_OF_THESE or background):
            columns.append((None, output, output))
    plan = ClassPlan(labels, tuple((kind, output) for _, kind, output in columns))
    # A kind of which nothing is known starts level with what the base says of these documents.
    level = float(np.median((features @ known.kernel + known.bias).max(axis=1)))
    kernel = np.zeros((features.shape[1], len(columns)), np.float32)
    bias = np.full(len(columns), level, np.float32)
    for column, (kind, _, _) in enumerate(columns):
        if kind is not None:
            kernel[:, column], bias[column] = known.kernel[:, kind], known.bias[kind]
    of_base = np.array([name in known.owners and name in labels for name in plan.outputs], np.bool_)
    return StartingHead(plan, kernel, bias, of_base)


def _empty_head(
    outputs: tuple[str, ...], labels: tuple[str, ...], features: "NDArray[np.floating]"
) -> StartingHead:
    kinds = tuple((name, name) for name in outputs)
    kernel = np.zeros((features.shape[1], len(kinds)), np.float32)
    bias, known = np.zeros(len(kinds), np.float32), np.zeros(len(kinds), np.bool_)
    return StartingHead(ClassPlan(labels, kinds), kernel, bias, known)


def _new_owners(
    known: KnownHead,
    labels: tuple[str, ...],
    features: "NDArray[np.floating]",
    names: "NDArray[np.str_]",
) -> list[str]:
    owners = [owner if owner in labels else NONE_OF_THESE for owner in known.owners]
    for kind, (name, _) in enumerate(known.kinds):
        named = [label for label in labels if label not in known.owners and same_word(name, label)]
        if owners[kind] == NONE_OF_THESE and named:
            owners[kind] = named[0]
    top = (features @ known.kernel + known.bias).argmax(axis=1)
    claims: dict[int, tuple[float, str]] = {}
    for label in labels:
        if label in known.owners:
            continue
        here = top[names == label]
        for kind, count in Counter(here.tolist()).items():
            share = count / len(here)
            free = owners[kind] == NONE_OF_THESE
            if free and share >= ADOPTED_FROM and share > claims.get(kind, (0.0, ""))[0]:
                claims[kind] = (share, label)
    for kind, (_, label) in claims.items():
        owners[kind] = label
    return owners
