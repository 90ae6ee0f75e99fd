"""Everything a training learns from and measures on: documents, divided, as the trunk sees them.

What the trunk says is kept on disk by content, one file per document: an interrupted run goes on at
the document where it was, and a document that was there before costs nothing again.
"""

import dataclasses
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import keras
import numpy as np
import tensorflow as tf

from docsorter.errors import ModelError
from docsorter.model.bundle import digest
from docsorter.model.card import NONE_OF_THESE
from docsorter.service.workspace.process import Progress
from docsorter.training.augment import augment, in_chunks, prefetched
from docsorter.training.base import (
    BaseWeights,
    ForeignDocuments,
    StartingHead,
    base_key,
    starting_head,
)
from docsorter.training.dataset import ClassPlan, Sample
from docsorter.training.generated import foreign_documents, foreign_kinds
from docsorter.training.labelled import LabelledFolder, document_groups
from docsorter.training.network import Compiled, Network, build_network, fast_policy
from docsorter.training.rasters import BASE, RasterCache, first_page
from docsorter.training.request import TrainingRequest
from docsorter.training.splits import Division, divide, file_digests, with_groups_enough

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Run = Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], NDArray[np.float32]]]

_DOCUMENTS_AT_ONCE: Final = 8


class FeatureExtractor:
    """Shows documents to the frozen trunk.

    Args:
        network: Its trunk must be the one the folder was begun with.
        cache: Has the pages.
        folder: Where features and maps are kept.
        seed: Of the augmentation.
    """

    def __init__(self, network: Network, cache: RasterCache, folder: Path, seed: int) -> None:
        self._size = network.size
        self._cache = cache
        self._folder = folder
        self._seed = seed
        self._run = _runner(network)

    def features(
        self,
        samples: Sequence[Sample],
        views: range,
        progress: Callable[[int, int], None],
        *,
        maps: bool = False,
    ) -> "NDArray[np.float32]":
        """Return pooled features of first pages.

        Args:
            samples: The documents.
            views: View 0 is the page as it is, every other number an augmentation of its own.
            progress: Is told how many documents are done, and of how many.
            maps: Whether the maps of the cut are kept too, for tuning; see `map_files`.

        Returns:
            (n, views, F) float32.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        files = [self._place(sample, views) for sample in samples]
        todo = [row for row, file in enumerate(files) if not _complete(file, maps=maps)]
        done = len(samples) - len(todo)
        chunks = [todo[rows] for rows in in_chunks(len(todo), _DOCUMENTS_AT_ONCE)]
        made = prefetched(
            lambda number: [self._pages(samples[row], views) for row in chunks[number]],
            range(len(chunks)),
        )
        for rows, pages in zip(chunks, made, strict=True):
            found, features = self._run(np.concatenate(pages))
            for place, row in enumerate(rows):
                here = slice(place * len(views), (place + 1) * len(views))
                if maps:
                    _write(_maps_of(files[row]), found[here].astype(np.float16))
                _write(files[row], features[here])
            done += len(rows)
            progress(done, len(samples))
        return np.stack([np.load(file, allow_pickle=False) for file in files])

    def map_files(self, samples: Sequence[Sample], views: range) -> list[Path]:
        """Return where the maps of documents are kept, each (views, h, w, c) float16."""
        return [_maps_of(self._place(sample, views)) for sample in samples]

    def _place(self, sample: Sample, views: range) -> Path:
        """Return where the features of a document are kept; the name depends on its bytes."""
        name = f"{digest(sample.path)[:32]}-{views.start}-{views.stop}-{self._seed}.npy"
        return self._folder / name

    def _pages(self, sample: Sample, views: range) -> "NDArray[np.uint8]":
        key = int(digest(sample.path)[:16], 16)
        pages = []
        for view in views:
            if view == 0:
                pages.append(first_page(self._cache, sample.path, self._size))
            else:
                square = self._cache.pages(sample.path, BASE)[0]
                rng = np.random.default_rng([self._seed, key, view])
                pages.append(augment(square, self._size, rng))
        return np.stack(pages)


def _runner(network: Network) -> "_Run":
    def forward(pixels: Compiled) -> Compiled:
        maps = network.lower(network.scale(pixels), training=False)
        return tf.cast(maps, tf.float32), network.pool(network.above_cut(maps))

    # One signature for every number of pages: building the graph takes seconds.
    signature = tf.TensorSpec((None, network.size, network.size, 3), tf.uint8)
    compiled = tf.function(forward, autograph=False, input_signature=[signature])

    def run(pixels: "NDArray[np.uint8]") -> "tuple[NDArray[np.float32], NDArray[np.float32]]":
        parts = [compiled(tf.constant(pixels[rows])) for rows in in_chunks(len(pixels), 32)]
        maps = np.concatenate([np.asarray(part[0]) for part in parts])
        return maps, np.concatenate([np.asarray(part[1]) for part in parts])

    return run


def _complete(file: Path, *, maps: bool) -> bool:
    return file.is_file() and (not maps or _maps_of(file).is_file())


def _maps_of(file: Path) -> Path:
    return file.with_suffix(".maps.npy")


def _write(path: Path, array: "NDArray[np.generic]") -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
    part.replace(path)


_TRAINING_KINDS: Final = 0.6


@dataclass(frozen=True, slots=True)
class ForeignPages:
    """Documents that are none of the labels: generated ones, and real ones that the base knows.

    Attributes:
        trained: Generated, to learn from.
        held: Generated, of other kinds, to measure on.
        wanted: Whether the head has to learn from them: a base that knows what is foreign, from
            many more documents, is left alone (with 20 real documents per label 10 % more foreign
            ones passed when it was trained on generated ones as well).
        real: What the base knows of real ones, with logits of the kinds of the new head; None when
            that is nothing. Learned from and measured on, in folds.
    """

    trained: tuple[Sample, ...]
    held: tuple[Sample, ...]
    wanted: bool
    real: ForeignDocuments | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """What a training has in hand before it learns.

    Attributes:
        folder: The documents as they were read.
        labels: What can be sorted to, without "other".
        groups: Group of each document.
        division: Which documents serve what.
        foreign: Generated foreign documents.
        start: The head that learning starts from.
        network: The trunk of the base, with that head.
        viewer: Shows documents to the trunk.
        plain: (n, F) features of the documents as they are.
    """

    folder: LabelledFolder
    labels: tuple[str, ...]
    groups: tuple[int, ...]
    division: Division
    foreign: ForeignPages
    start: StartingHead
    network: Network
    viewer: FeatureExtractor
    plain: "NDArray[np.float32]"

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The documents."""
        return self.folder.samples

    @property
    def targets(self) -> "NDArray[np.int64]":
        """Column of each document among the outputs."""
        plan = self.start.plan
        return np.array([plan.output_index(s.label) for s in self.samples], np.int64)


def gather(
    request: TrainingRequest,
    folder: LabelledFolder,
    base: BaseWeights,
    cache: RasterCache,
    work: Path,
    progress: Progress,
) -> Material:
    """Look at all documents once, group them, divide them and make what learning starts from.

    Raises:
        UsageError: A label has nothing but one file.
        ModelError: The base cannot be loaded.
    """
    labels = tuple(label for label in folder.labels if label != NONE_OF_THESE)
    if base.head is not None:
        base = dataclasses.replace(base, head=base.head.renamed(request.renamed))
    foreign = _foreign(request, labels, base, work, cache)
    network = load_trunk(base, labels, request.seed)
    viewer = FeatureExtractor(
        network, cache, work / "features" / base_key(base, network.size), request.seed
    )
    plain = viewer.features(
        folder.samples, range(1), lambda done, total: progress("looking at documents", done, total)
    )[:, 0]
    found = document_groups(folder, cache, progress, plain)
    groups = with_groups_enough(folder.samples, found, file_digests(folder.samples))
    division = divide(folder.samples, groups, request.seed)
    names = np.array([sample.label for sample in folder.samples])
    trained = division.rows("train")
    start = starting_head(
        base.head, labels, plain[trained], names[trained],
        background=foreign.wanted or NONE_OF_THESE in names,
    )  # fmt: skip
    if base.foreign is not None and start.plan.background:
        real = start.carried(base.foreign)
        foreign = replace(foreign, real=real if len(real.names) else None)
    return Material(
        folder=folder,
        labels=labels,
        groups=tuple(groups),
        division=division,
        foreign=foreign,
        start=start,
        network=with_head(network, start.plan, start.kernel, start.bias),
        viewer=viewer,
        plain=plain,
    )


def load_trunk(base: BaseWeights, labels: tuple[str, ...], seed: int) -> Network:
    """Build a network with the trunk of the base.

    Raises:
        ModelError: The weights cannot be had.
    """
    plan = ClassPlan(labels, tuple((label, label) for label in labels))
    try:
        network = build_network(
            plan, size=base.size, weights=base.keras_weights, policy=fast_policy(), seed=seed
        )
    except Exception as error:
        if base.keras_weights is None:
            raise
        # Keras raises a bare Exception where it cannot download.
        raise ModelError(
            f"the ImageNet weights cannot be had from Keras: {error}",
            remedy="start from `starter`, which needs no download, or name an .npz file of weights",
        ) from error
    base.load(network)
    return network


def with_head(
    network: Network,
    plan: ClassPlan,
    kernel: "NDArray[np.float32]",
    bias: "NDArray[np.float32]",
) -> Network:
    """Return the same trunk with another head."""
    head = keras.layers.Dense(len(plan.kinds), dtype="float32", name="head")
    head.build((None, kernel.shape[0]))
    head.set_weights([kernel, bias])
    return replace(network, plan=plan, head=head)


def _foreign(
    request: TrainingRequest,
    labels: tuple[str, ...],
    base: BaseWeights,
    work: Path,
    cache: RasterCache,
) -> ForeignPages:
    kinds = foreign_kinds((*labels, *request.renamed))
    made = foreign_documents(work / "foreign", kinds, request.effort.foreign, request.seed)
    made = [sample for sample in made if _shows_something(sample, cache, base.size)]
    order = np.random.default_rng([request.seed, 6]).permutation(len(kinds))
    chosen = {kinds[row] for row in order[: round(_TRAINING_KINDS * len(kinds))]}
    trained = tuple(sample for sample in made if sample.kind in chosen)
    knows = base.head is not None and any(owner not in labels for owner in base.head.owners)
    return ForeignPages(
        trained=trained,
        held=tuple(sample for sample in made if sample.kind not in chosen),
        wanted=not knows and bool(trained),
    )


def _shows_something(sample: Sample, cache: RasterCache, size: int) -> bool:
    """Say whether the model would ever see a page: the daemon leaves blank ones out."""
    try:
        first_page(cache, sample.path, size)
    except ValueError:
        return False
    return True
