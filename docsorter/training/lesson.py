"""What a training learns from, apart from where the documents lie.

Without Keras: the processes that draw pages must not open the GPU.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from docsorter.training.batches import PageDrawer, Targets, targets_of
from docsorter.training.classes import ClassPlan
from docsorter.training.corpus import Corpus
from docsorter.training.rasters import BASE, RasterCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Square = Callable[[int], NDArray[np.uint8]]
    Batch = tuple[NDArray[np.generic], NDArray[np.int32], NDArray[np.int32]]


@dataclass(frozen=True, slots=True)
class Lesson:
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
class Choice:
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


def lesson_of(corpus: Corpus, cache: RasterCache, plan: ClassPlan, choice: Choice) -> Lesson:
    """Take the lesson out of a corpus: "train" is learned from, "validation" chooses."""
    train, others = corpus.of("train"), corpus.of("validation")
    order = np.random.default_rng([choice.seed, 4]).permutation(len(others))
    chosen = [others[row] for row in order[: choice.validation_cap]]
    columns = [plan.output_index(sample.label) for sample in chosen]
    return Lesson(
        plan,
        choice.size,
        targets_of(train, plan, real_share=choice.real_share),
        lambda index: cache.pages(train[index].path, BASE)[0],
        np.stack([cache.pages(sample.path, choice.size)[0] for sample in chosen]),
        np.array(columns, np.int32),
    )


def batch_of(lesson: Lesson, length: int, seed: int, step: int) -> "Batch":
    """Return batch number `step` of the last stage; it is the same wherever it is drawn.

    Args:
        lesson: Where it is drawn from, by its chances.
        length: Pages in a batch.
        seed: Of everything drawn.
        step: The number.

    Returns:
        Augmented pages (length, size, size, 3) uint8, and their columns as outputs and as kinds.
    """
    targets = lesson.targets
    drawer = PageDrawer(lesson.square, lesson.size, seed)
    indices, pages = drawer.batch(targets.chances, length, 3, step)
    return pages, targets.outputs[indices], targets.kinds[indices]
