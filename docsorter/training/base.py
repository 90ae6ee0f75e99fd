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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from docsorter.decide.policy import offset_between
from docsorter.decide.words import WordsModel
from docsorter.documents import SortRule, WordsRule
from docsorter.errors import ModelError
from docsorter.model.bundle import FOREIGN, ModelBundle, digest, load_bundle
from docsorter.model.card import NONE_OF_THESE, Origin
from docsorter.model.golden import read_golden
from docsorter.model.registry import ModelRegistry
from docsorter.training.dataset import ClassPlan, Sample
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


_AGAIN: Final = "start from `starter`, or from a bundle made by docsorter"
MOST_OF_SOURCE: Final = 25
"""Foreign documents of one source count as this many at most."""


@dataclass(frozen=True, slots=True, eq=False)
class ForeignDocuments:
    """Real documents of no label that a bundle knows: no picture of them, only what was seen.

    Attributes:
        features: (n, F) float32, pooled, as the trunk of the bundle gives them.
        logits: (n, kinds) float32, of a head that learned from no document of the same source;
            divided by the temperature of the card, as those of `KnownHead` are.
        names: (n,) what each is: "receipt", "form".
        sources: (n,) int64, numbers; documents of one source are never on both sides of a
            cross-validation.
    """

    features: "NDArray[np.float32]"
    logits: "NDArray[np.float32]"
    names: "NDArray[np.str_]"
    sources: "NDArray[np.int64]"

    @classmethod
    def read(cls, bundle: ModelBundle, kinds: int) -> "ForeignDocuments | None":
        """Read those of a bundle with so many kinds; None when it has none.

        Raises:
            ModelError: The arrays are not what they should be.
        """
        arrays = bundle.read_foreign()
        if not arrays:
            return None
        try:
            found = cls(
                arrays["features"].astype(np.float32),
                (arrays["logits"].astype(np.float64) / bundle.card.temperature).astype(np.float32),
                arrays["names"].astype(np.str_),
                arrays["groups"].astype(np.int64),
            )
        except (KeyError, ValueError) as error:
            raise ModelError(
                f"{bundle.path / FOREIGN} is damaged: {error}", remedy=_AGAIN
            ) from error
        rows = len(found.names)
        shapes = (found.features.shape[:1], found.logits.shape, found.sources.shape)
        if shapes != ((rows,), (rows, kinds), (rows,)) or not rows:
            raise ModelError(
                f"{bundle.path / FOREIGN} is damaged: its arrays do not fit each other or the card",
                remedy=_AGAIN,
            )
        return found

    def to_arrays(self) -> "dict[str, NDArray[np.generic]]":
        """Return the arrays of `foreign.npz`, for a card of the same kinds."""
        return {
            "features": self.features.astype(np.float16),
            "logits": self.logits.astype(np.float16),
            "names": self.names,
            "groups": self.sources.astype(np.int16),
        }

    def where(self, chosen: "NDArray[np.bool_]") -> "ForeignDocuments":
        """Return the documents for which `chosen` is true."""
        return ForeignDocuments(
            self.features[chosen], self.logits[chosen], self.names[chosen], self.sources[chosen]
        )

    def unlike(self, words: Sequence[str]) -> "ForeignDocuments":
        """Return the documents whose name shares a word with none of `words`."""
        like = {n for n in self.names.tolist() if any(same_word(n, word) for word in words)}
        return self.where(~np.isin(self.names, list(like)))

    def samples(self) -> tuple[Sample, ...]:
        """Return them as documents, of which there is no file."""
        return tuple(
            Sample(
                Path(f"known/{name or row}"),
                NONE_OF_THESE,
                name,
                f"known {source}",
                f"known {source}",
            )
            for row, (name, source) in enumerate(
                zip(self.names.tolist(), self.sources.tolist(), strict=True)
            )
        )

    @property
    def weights(self) -> "NDArray[np.float64]":
        """How much each counts, (n,): 1, or less where its source has many."""
        _, rows, counts = np.unique(self.sources, return_inverse=True, return_counts=True)
        return np.asarray(np.minimum(1.0, MOST_OF_SOURCE / counts)[rows], np.float64)

    def folds(self, number: int) -> "NDArray[np.int64]":
        """Deal the sources out, (n,) below `number`: the largest first, each to the least full."""
        sources, rows = np.unique(self.sources, return_inverse=True)
        sizes = np.bincount(rows, self.weights)
        filled, folds = np.zeros(number), np.zeros(len(sources), np.int64)
        for source in np.argsort(-sizes, kind="stable"):
            folds[source] = int(np.argmin(filled))
            filled[folds[source]] += sizes[source]
        return folds[rows]


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
        foreign: What a bundle knows of real foreign documents, None when that is nothing.
        novelty: Arrays of the novelty model of a bundle; empty where there is none.
        rule: The sort rule on its card, None where there is none.
        labels: On its card; empty where there is none.
        words: Arrays of its reader of words; empty where it has none.
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
    foreign: ForeignDocuments | None = None
    novelty: "dict[str, NDArray[np.generic]]" = field(default_factory=dict)
    rule: SortRule | None = None
    labels: tuple[str, ...] = ()
    words: "dict[str, NDArray[np.generic]]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class CarriedWords:
    """A reader of words for the labels of a new model, and what is asked where words were read."""

    model: WordsModel
    rule: WordsRule


def carried_words(
    base: BaseWeights, labels: Sequence[str], rule: SortRule, renamed: Mapping[str, str]
) -> CarriedWords | None:
    """Return the words of a base for a new model; None where the labels are not those of the base.

    They stay as they are: a folder has hardly any foreign documents that words would have to tell
    apart. With 20 documents per label (4 draws of layouts, other ones asked) the picture sorted
    0.59, with the words of the base 0.75, with words moved by these documents 0.76 to 0.79; of the
    foreign documents of other sources 3.0, 1.8, and 2.9 to 3.4 %.

    Args:
        base: What the training started from.
        labels: Of the new model.
        rule: Of the new model, without words.
        renamed: What labels are called today, by the names that the base has for them.
    """
    by_base = base.rule
    known = [renamed.get(label, label) for label in base.labels]
    if by_base is None or by_base.words is None or not base.words or {*known} != {*labels}:
        return None
    model = WordsModel.from_arrays(base.words)
    order = np.array([*(known.index(label) for label in labels), len(labels)])
    needed = {
        renamed.get(label, label): by_base.required_confidence(label, read=True)
        for label in base.labels
    }
    moved = dataclasses.replace(
        model,
        weights=model.weights[:, order],
        bias=model.bias[order],
        fusion=np.append(model.fusion[:2], model.fusion[2:][order]),
    )
    offsets = {label: offset_between(rule.threshold, least) for label, least in needed.items()}
    return CarriedWords(moved, dataclasses.replace(by_base.words, offsets=offsets))


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
            remedy=_AGAIN,
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
        foreign=ForeignDocuments.read(bundle, len(kinds)),
        novelty=bundle.novelty,
        rule=card.rule(),
        labels=card.labels,
        words=bundle.words,
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
        origins: (kinds,) the kind of the base that each was, -1 for none.
    """

    plan: ClassPlan
    kernel: "NDArray[np.float32]"
    bias: "NDArray[np.float32]"
    known: "NDArray[np.bool_]"
    origins: "NDArray[np.int64]"

    def prior(self, features: "NDArray[np.floating]") -> "NDArray[np.float64]":
        """Return what it says of pages, (n, outputs): log-sum-exp over the kinds of each."""
        return self.plan.pooled(features.astype(np.float64) @ self.kernel + self.bias)

    def carried(self, foreign: ForeignDocuments) -> ForeignDocuments:
        """Return the foreign documents of the base with logits of the kinds of this head.

        Those are left out whose name shares a word with a label, or with a kind that a label took
        over: the model would learn to refuse what it is trained to sort.
        """
        of_base = self.origins >= 0
        taken = [
            kind
            for (kind, output), was in zip(self.plan.kinds, of_base, strict=True)
            if was and output != NONE_OF_THESE and not self.known[self.plan.output_index(output)]
        ]
        kept = foreign.unlike([*self.plan.labels, *taken])
        logits = np.tile(self.bias, (len(kept.names), 1))
        logits[:, of_base] = kept.logits[:, self.origins[of_base]]
        return dataclasses.replace(kept, logits=logits)

    def adjusted(self, learned: Adjustment) -> "tuple[NDArray[np.float32], NDArray[np.float32]]":
        """Return kernel and bias with what was learned added to every kind of an output.

        Adding one number to all kinds of an output adds it to their log-sum-exp: the network then
        says exactly what `Adjustment.logits` does.
        """
        owners = self.plan.owners
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
    origins = np.array([-1 if kind is None else kind for kind, _, _ in columns], np.int64)
    return StartingHead(plan, kernel, bias, of_base, origins)


def _empty_head(
    outputs: tuple[str, ...], labels: tuple[str, ...], features: "NDArray[np.floating]"
) -> StartingHead:
    kinds = tuple((name, name) for name in outputs)
    kernel = np.zeros((features.shape[1], len(kinds)), np.float32)
    bias, known = np.zeros(len(kinds), np.float32), np.zeros(len(kinds), np.bool_)
    nothing = np.full(len(kinds), -1, np.int64)
    return StartingHead(ClassPlan(labels, kinds), kernel, bias, known, nothing)


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
