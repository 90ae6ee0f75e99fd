"""Batches for training: who is drawn how often, and pages made ready while the last batch runs."""

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from docsorter.training.augment import augment
from docsorter.training.classes import ClassPlan
from docsorter.training.dataset import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

Item = TypeVar("Item")

AHEAD: Final = 6
"""Batches that are made ready in advance."""

LAYOUT_CAP: Final = 4
"""A layout counts as at most so many documents, however many copies of it there are."""


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


def targets_of(samples: Sequence[Sample], plan: ClassPlan, *, real_share: float) -> Targets:
    """Say what the documents are and how often each is drawn.

    Args:
        samples: The documents.
        plan: The columns.
        real_share: Share of draws that go to real documents, where there are both kinds; they are
            few and count the most. Within an origin every output is drawn equally often, or "real"
            itself would become a sign of what is common among real documents; every layout counts
            at most `LAYOUT_CAP` times.
    """
    layouts = Counter(sample.layout for sample in samples)
    chances = np.array([min(1.0, LAYOUT_CAP / layouts[sample.layout]) for sample in samples])
    origins = {sample.origin for sample in samples}
    for origin in origins:
        share = 1.0 if len(origins) == 1 else (real_share if origin == "real" else 1 - real_share)
        outputs = {sample.label for sample in samples if sample.origin == origin}
        for name in outputs:
            here = np.array([s.origin == origin and s.label == name for s in samples])
            chances[here] *= share / len(outputs) / chances[here].sum()
    return Targets(
        np.array([plan.output_index(sample.label) for sample in samples], np.int32),
        np.array([plan.kind_index(sample.kind) for sample in samples], np.int32),
        chances / chances.sum(),
    )


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


def prefetched(
    make: Callable[[int], Item], numbers: range, pool: Executor | None = None, ahead: int = AHEAD
) -> Iterator[Item]:
    """Yield `make(number)` in order, made a few numbers ahead.

    Args:
        make: Makes an item; must be picklable when `pool` has processes.
        numbers: Of the items.
        pool: What makes them; by default two threads of its own.
        ahead: Items that are made ready in advance.
    """
    with contextlib.ExitStack() as stack:
        workers = pool or stack.enter_context(ThreadPoolExecutor(2))
        waiting: deque[Future[Item]] = deque()
        try:
            for number in numbers:
                waiting.append(workers.submit(make, number))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def in_chunks(length: int, size: int) -> list[slice]:
    """Return slices that cut a range of a length into chunks of a size."""
    return [slice(start, min(start + size, length)) for start in range(0, length, size)]
