"""Batches for training: who is drawn how often, and pages made ready while the last batch runs."""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Final, TypeVar

Item = TypeVar("Item")

AHEAD: Final = 6
"""Batches that are made ready in advance."""


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
