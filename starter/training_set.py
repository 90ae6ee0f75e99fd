"""What a training learns from: pages, what they are and how often each is drawn.

Without Keras: the processes that draw pages must not open the GPU.
"""

import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from docsorter.errors import UsageError
from docsorter.model.card import NONE_OF_THESE
from docsorter.service.workspace.process import Progress
from docsorter.training.augment import augment, prefetched
from docsorter.training.dataset import ClassPlan, Sample
from docsorter.training.rasters import BASE, RasterCache
from starter.corpus import Corpus, layout_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from docsorter.training.trainer import Batch

    Square = Callable[[int], NDArray[np.uint8]]


LABELS: Final = ("invoice", "claim", "letter")


def plan_classes(pairs: Iterable[tuple[str, str]], labels: tuple[str, ...]) -> ClassPlan:
    """Make the plan for documents of the given (kind, output) pairs.

    Args:
        pairs: One per document; a kind of "" adds nothing. An output without any kind becomes
            its own only kind.
        labels: What documents can be sorted to; any other output must be "other".

    Raises:
        ValueError: A pair names an output that is neither a label nor "other".
    """
    known: dict[str, set[str]] = {label: set() for label in labels}
    for kind, output in pairs:
        if output == NONE_OF_THESE:
            known.setdefault(output, set())
        if output not in known:
            raise ValueError(f"{output!r} is neither a label nor {NONE_OF_THESE!r}")
        if kind:
            known[output].add(kind)
    order = (*labels, NONE_OF_THESE) if NONE_OF_THESE in known else labels
    kinds = [(kind, output) for output in order for kind in sorted(known[output]) or [output]]
    return ClassPlan(labels, tuple(kinds))


@dataclass(frozen=True, slots=True)
class Targets:
    """What the documents of a set are, as columns of the network.

    Attributes:
        outputs: (n,) int32, column of the label (or of "other").
        kinds: (n,) int32, column of the kind, -1 where it is not known.
        chances: (n,) float64, chance of being drawn, summing to 1.
    """

    outputs: "NDArray[np.int32]"
    kinds: "NDArray[np.int32]"
    chances: "NDArray[np.float64]"


SOURCE_CAP: Final = 0.15
"""A source of real foreign documents counts as at most this share of them."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the blocks above the cut and the head are tuned; see `starter.tuning`.

    Attributes:
        steps: How many batches.
        batch: Pages in one.
        rate: Peak learning rate of the blocks.
        head_rate: That of the head, as a multiple.
        real_share: Share of draws that go to real documents.
        foreign_share: Share of the draws of real documents that go to foreign ones.
        views: Augmented views of a real page, besides the page itself.
        generated: Generated documents at most, drawn by kind.
        generated_views: Augmented views of the page of one, besides the page itself.
        mixup: Alpha of mixing pages with each other, 0 for none; see `tuning.mixed_up`.
        mix: Share of the weights after tuning in the result; the rest is from before it. The mean
            of both is nearly as good on documents like those trained on and better on others
            (Wortsman et al. 2022, arXiv:2109.01903).
    """

    steps: int = 300
    batch: int = 64
    rate: float = 6e-5
    head_rate: float = 4.0
    real_share: float = 0.3
    foreign_share: float = 0.34
    views: int = 5
    generated: int = 5000
    generated_views: int = 1
    mixup: float = 0.4
    mix: float = 1.0


def targets_of(
    samples: Sequence[Sample],
    plan: ClassPlan,
    *,
    real_share: float,
    foreign_share: float | None = None,
) -> Targets:
    """Say what the documents are and how often each is drawn.

    Args:
        samples: The documents.
        plan: The columns.
        real_share: Share of draws that go to real documents, where there are both kinds; they are
            few and count the most. Within an origin every output is drawn equally often, or "real"
            itself would become a sign of what is common among real documents; every layout counts
            at most `LAYOUT_CAP` times, every source of foreign ones at most as `SOURCE_CAP` says.
        foreign_share: Share of the draws of real documents that go to foreign ones; None for as
            many as go to any other output.
    """
    chances = np.array(layout_weights(samples))
    origins = {sample.origin for sample in samples}
    for origin in origins:
        share = 1.0 if len(origins) == 1 else (real_share if origin == "real" else 1 - real_share)
        outputs = {sample.label for sample in samples if sample.origin == origin}
        for name in outputs:
            part = share / len(outputs)
            here = np.array([s.origin == origin and s.label == name for s in samples])
            if origin == "real" and foreign_share is not None and len(outputs) == len(plan.outputs):
                foreign = name == NONE_OF_THESE
                part = share * (
                    foreign_share if foreign else (1 - foreign_share) / (len(outputs) - 1)
                )
            if origin == "real" and name == NONE_OF_THESE:
                _cap_sources(chances, samples, here)
            chances[here] *= part / chances[here].sum()
    return Targets(
        np.array([plan.output_index(sample.label) for sample in samples], np.int32),
        np.array([_kind_column(plan, sample.kind) for sample in samples], np.int32),
        chances / chances.sum(),
    )


def _cap_sources(
    chances: "NDArray[np.float64]", samples: Sequence[Sample], here: "NDArray[np.bool_]"
) -> None:
    """Bring the chances of the documents of a source down to the share that it may have."""
    most = SOURCE_CAP * chances[here].sum()
    sources = np.array([sample.source for sample in samples])
    for source in set(sources[here]):
        mine = here & (sources == source)
        chances[mine] *= min(1.0, most / chances[mine].sum())


def _kind_column(plan: ClassPlan, kind: str) -> int:
    names = [name for name, _ in plan.kinds]
    return names.index(kind) if kind in names else -1


class PageDrawer:
    """Draws augmented pages of documents; draw number k is the same in every run.

    Args:
        square: Gives the first page of a document, (BASE, BASE, 3) uint8.
        size: Side of a page for the classifier.
        seed: Of everything drawn.
    """

    def __init__(self, square: "Callable[[int], NDArray[np.uint8]]", size: int, seed: int) -> None:
        self._square = square
        self._size = size
        self._seed = seed

    def page(self, index: int, *key: int) -> "NDArray[np.uint8]":
        """Return an augmented page of one document; the same key gives the same page."""
        rng = np.random.default_rng([self._seed, index, *key])
        return augment(self._square(index), self._size, rng)

    def batch(
        self, chances: "NDArray[np.float64]", length: int, *key: int
    ) -> "tuple[NDArray[np.int64], NDArray[np.uint8]]":
        """Draw documents by their chances: their indices, and a page of each."""
        rng = np.random.default_rng([self._seed, *key])
        indices = rng.choice(len(chances), length, p=chances)
        pages = [self.page(int(index), *key, slot) for slot, index in enumerate(indices)]
        return indices, np.stack(pages)


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Documents to learn from, and others to choose the best weights by.

    Attributes:
        plan: What the outputs mean.
        size: Side of a page for the classifier, in pixels.
        targets: What the documents to learn from are, and how often each is drawn.
        square: Gives the first page of one of them, (BASE, BASE, 3) uint8.
        validation: Pages of other documents, (m, size, size, 3) uint8.
        outputs: What those are, (m,) int32 columns.
    """

    plan: ClassPlan
    size: int
    targets: Targets
    square: "Square"
    validation: "NDArray[np.uint8]"
    outputs: "NDArray[np.int32]"


@dataclass(frozen=True, slots=True)
class Selection:
    """What is taken of the documents.

    Attributes:
        size: Side of a page for the classifier, in pixels.
        real_share: Share of draws that go to real documents.
        validation_cap: Validation documents at most.
        seed: Chooses among those.
    """

    size: int
    real_share: float
    validation_cap: int
    seed: int


def training_set_of(
    corpus: Corpus, cache: RasterCache, plan: ClassPlan, choice: Selection
) -> TrainingSet:
    """Take the training set out of a corpus: "train" is learned from, "validation" chooses."""
    train, others = corpus.of("train"), corpus.of("validation")
    order = np.random.default_rng([choice.seed, 4]).permutation(len(others))
    chosen = [others[row] for row in order[: choice.validation_cap]]
    columns = [plan.output_index(sample.label) for sample in chosen]
    return TrainingSet(
        plan,
        choice.size,
        targets_of(train, plan, real_share=choice.real_share),
        lambda index: cache.pages(train[index].path, BASE)[0],
        np.stack([cache.pages(sample.path, choice.size)[0] for sample in chosen]),
        np.array(columns, np.int32),
    )


def batch_of(training_set: TrainingSet, length: int, seed: int, step: int) -> "Batch":
    """Return batch number `step` of the last stage; it is the same wherever it is drawn.

    Args:
        training_set: Where it is drawn from, by its chances.
        length: Pages in a batch.
        seed: Of everything drawn.
        step: The number.

    Returns:
        Augmented pages (length, size, size, 3) uint8, and their columns as outputs and as kinds.
    """
    targets = training_set.targets
    drawer = PageDrawer(training_set.square, training_set.size, seed)
    indices, pages = drawer.batch(targets.chances, length, 3, step)
    return pages, targets.outputs[indices], targets.kinds[indices]


PLAN: Final = "training-set.json"
_ARRAYS: Final = "training-set.npz"
_QUALITY: Final = {"train": 60, "validation": 90}  # what is learned from is made worse anyway
_FILE_BYTES: Final = 14 << 20


def write_training_set(training_set: TrainingSet, folder: Path, progress: Progress) -> None:
    """Write a training set; `read_training_set` reads it on any machine.

    Args:
        training_set: What to write.
        folder: Where to; made when missing.
        progress: Is told how many pages are written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    targets, others = training_set.targets, training_set.validation
    train = _write_pages(training_set.square, len(targets.outputs), folder, "train", progress)
    validation = _write_pages(others.__getitem__, len(others), folder, "validation", progress)
    np.savez_compressed(
        folder / _ARRAYS,
        outputs=targets.outputs, kinds=targets.kinds, chances=targets.chances, train=train,
        validation=validation, validation_outputs=training_set.outputs,
    )  # fmt: skip
    plan = {
        "size": training_set.size,
        "labels": training_set.plan.labels,
        "kinds": training_set.plan.kinds,
    }
    (folder / PLAN).write_text(json.dumps(plan, indent=1) + "\n", encoding="utf-8")


def read_training_set(folder: Path) -> TrainingSet:
    """Read what `write_training_set` wrote.

    Raises:
        UsageError: There is no training set, or a part of it is missing.
    """
    try:
        plan = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
            targets = Targets(arrays["outputs"], arrays["kinds"], arrays["chances"])
            outputs = arrays["validation_outputs"]
            train, others = (_pages(folder, part, arrays[part]) for part in _QUALITY)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"there is no whole training set in {folder}: {error}",
            remedy="write one with `python -m starter ... --training-set DIR`",
        ) from error
    return TrainingSet(
        ClassPlan(tuple(plan["labels"]), tuple((kind, output) for kind, output in plan["kinds"])),
        int(plan["size"]),
        targets,
        train,
        np.stack([others(index) for index in range(len(outputs))]),
        outputs,
    )


class Pages:
    """Pages of a training set that was read.

    Args:
        files: What the files of pictures hold.
        places: (n, 3) int64: number of the file, first byte in it, length.
    """

    def __init__(self, files: list[bytes], places: "NDArray[np.int64]") -> None:
        self._files = files
        self._places = places

    def __call__(self, index: int) -> "NDArray[np.uint8]":
        """Return a page, (side, side, 3) uint8."""
        number, start, length = (int(value) for value in self._places[index])
        with Image.open(io.BytesIO(self._files[number][start : start + length])) as image:
            return np.array(image.convert("RGB"), np.uint8)


def _pages(folder: Path, part: str, places: "NDArray[np.int64]") -> Pages:
    numbers = range(int(places[-1, 0]) + 1)
    return Pages([_file(folder, part, number).read_bytes() for number in numbers], places)


def _write_pages(
    page: "Callable[[int], NDArray[np.uint8]]",
    length: int,
    folder: Path,
    part: str,
    progress: Progress,
) -> "NDArray[np.int64]":
    places = np.zeros((length, 3), np.int64)
    number, start = 0, 0
    made = prefetched(lambda index: _webp(page(index), _QUALITY[part]), range(length))
    for index, data in enumerate(made):
        if start > _FILE_BYTES:
            number, start = number + 1, 0
        with _file(folder, part, number).open("ab" if start else "wb") as stream:
            stream.write(data)
        places[index] = number, start, len(data)
        start += len(data)
        progress("writing pages", index + 1, length)
    return places


def _webp(pixels: "NDArray[np.uint8]", quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()


def _file(folder: Path, part: str, number: int) -> Path:
    return folder / f"{part}-{number:03d}.webps"
