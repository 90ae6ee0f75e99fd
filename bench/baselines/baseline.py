"""The interface of all sorters that are compared, and what one run of them took."""

import resource
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from bench.mix import Paper


@dataclass(frozen=True, slots=True)
class Measurement:
    """What sorting some documents took.

    Attributes:
        documents: How many.
        seconds: Wall clock from the first touch to the last document sorted.
        cpu_seconds: CPU time of every process that took part.
        labels: The most probable label by file of the mix.
        parts: CPU seconds by part of the work, where a sorter knows them.
    """

    documents: int
    seconds: float
    cpu_seconds: float
    labels: dict[str, str]
    parts: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Documents per second."""
        return self.documents / self.seconds


class Baseline(Protocol):
    """Sorts documents; warmed up by the time it is entered."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *raised: object) -> None: ...

    def sort(self, folder: Path, papers: Sequence[Paper]) -> Measurement:
        """Sort documents of the mix in `folder` and measure it."""
        ...


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of the programs that it has waited for.

    In microseconds: `os.times` counts in clock ticks (10 ms), more than a small document takes.
    """
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, whose))
