"""What a torture run is made of: sections, each with its figures and its failures.

Another section is a class with a name and a `run`, and one line in `tests/torture/run.py`.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from tests.torture.checker import Fault, Finding

Progress = Callable[[str, int, int], None]
"""Called as (what is being done, done, total)."""

MOST_FAILURES: Final = 20
_STOP = threading.Event()


def stop() -> None:
    """Begin nothing more in this process; what is under way still counts."""
    _STOP.set()


def stopped() -> bool:
    """Say whether somebody wants the run to end now, with the figures that there are."""
    return _STOP.is_set()


@dataclass(frozen=True, slots=True)
class Scale:
    """How much to try.

    Attributes:
        quick: The short version, for `make test`.
        seed: Of everything that is chosen at random.
        jobs: Tries side by side.
        until: When no more is to be begun, as `time.monotonic` tells it, which is the same clock
            in every process of a machine.
    """

    quick: bool = False
    seed: int = 1
    jobs: int = 2
    until: float = math.inf

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return stopped() or time.monotonic() >= self.until

    def sparing(self) -> "Scale":
        """Return the same with fewer tries at once: most of the machine is for the kills."""
        return replace(self, jobs=max(1, self.jobs // 4))

    def choose(self, quick: int, full: int) -> int:
        """Return one of two numbers."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class SectionResult:
    """What came of a section.

    Attributes:
        name: Of the section.
        figures: What was tried and found, in the order in which it is to be printed.
        failures: One line each, with all that is needed to repeat it.
        skipped: What was not tried, and why; "" when all of it was.
    """

    name: str
    figures: dict[str, int | float | str] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    skipped: str = ""


class Section(Protocol):
    """One way to torture."""

    @property
    def name(self) -> str:
        """What it is called in the table and in the JSON."""
        ...

    def run(self, scale: Scale, progress: Progress) -> SectionResult:
        """Torture, check, and count."""
        ...


@dataclass(slots=True)
class Tally:
    """Counts what tries have shown.

    Attributes:
        kills: Times a process was killed, each followed by a recovery.
        documents: Drops looked for afterwards, once per check.
        faults: Findings by kind.
        failures: The first of them, in words.
    """

    kills: int = 0
    documents: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def fail(self, where: str, text: str) -> None:
        """Note something that is no finding of the checker, e.g. a daemon that hangs."""
        self.faults[Fault.UNFINISHED] += 1
        self._say(f"{where}: {text}")

    def check(self, where: str, findings: Iterable[Finding], documents: int = 0) -> None:
        """Note what a checker found."""
        self.documents += documents
        for finding in findings:
            self.faults[finding.fault] += 1
            self._say(f"{where}: {finding}")

    def add(self, other: "Tally") -> None:
        """Take over what another one has counted."""
        self.kills += other.kills
        self.documents += other.documents
        self.faults += other.faults
        for failure in other.failures:
            self._say(failure)

    def figures(self) -> dict[str, int | float | str]:
        """Return the counts by the names under which they are printed."""
        named = (Fault.LOST, Fault.DOUBLED, Fault.HALF)
        others = sum(n for fault, n in self.faults.items() if fault not in named)
        return {
            "documents checked": self.documents,
            "lost": self.faults[Fault.LOST],
            "doubled": self.faults[Fault.DOUBLED],
            "half files": self.faults[Fault.HALF],
            "other faults": others,
        }

    def result(self, name: str, first: dict[str, int | float | str]) -> SectionResult:
        """Return the result of a section, its own figures first."""
        return SectionResult(name, first | self.figures(), tuple(self.failures))

    def _say(self, text: str) -> None:
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(text)
