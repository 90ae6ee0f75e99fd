"""Kills at every system call that changes the disk, and again and again in the recovery of each.

A call is killed before it takes effect. What the disk is like after it is what it is like before
the next one, so both sides are covered; a third of the kills come while the call is under way.
"""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from tests.torture.scene import Scene, fill, fill_for_people, make, scratch
from tests.torture.sections import Progress, Scale, SectionResult, Tally
from tests.torture.surroundings import REFUSALS
from tests.torture.trials import Trial, attempt, together
from tests.torture.zygote import CannotWatchError, Order, Zygote, crew

_HARDEST: Final = ("", "two mounts, no hard links")
_AGAIN: Final = 10
_REACH: Final = (40, 100, 300)
"""Of these numbers of calls, recovery kills come at any; a start makes some 30 before its work."""
_OTHERS: Final = 0.3
"""Share of the calls that are tried in surroundings other than a plain local disk."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something to be killed at each of its calls.

    Attributes:
        order: What it does, in which surroundings.
        base: On a copy of which workspace.
        calls: How many calls it makes when it is left alone.
        share: Which share of them is tried in a full run.
    """

    order: Order
    base: Scene
    calls: int
    share: float


@dataclass(slots=True)
class KillsAtCalls:
    """Kills the daemon at start, intake, delivery, recovery and shutdown, and people's acts.

    Attributes:
        name: Of the section.
        kills: Least number of kills in a full run.
    """

    name: str = "kills at system calls"
    kills: int = 2000
    _random: random.Random = field(default_factory=random.Random)

    def run(self, scale: Scale, progress: Progress) -> SectionResult:
        """Kill at all calls, or at a sample that is spread evenly."""
        self._random = random.Random(scale.seed)
        with scratch() as folder:
            try:
                subjects = self._subjects(folder, scale)
            except CannotWatchError as error:
                return SectionResult(self.name, skipped=f"calls cannot be watched: {error}")
            trials = self._trials(subjects, folder, scale)
            least = scale.choose(0, self.kills)
            tally, tried = together(
                trials, scale, progress, self.name, len(trials), least_kills=least
            )
        first: dict[str, int | float | str] = {
            "kills survived": tally.kills,
            "seed": str(scale.seed),
            "calls that change the disk": sum(subject.calls for subject in subjects),
            "of them killed at": tried,
            "kills in their recoveries": max(0, tally.kills - tried),
        }
        return tally.result(self.name, first)

    def _subjects(self, folder: Path, scale: Scale) -> list[Subject]:
        """Make the workspaces and count the calls."""
        inbox = fill(make(folder / "inbox"))
        waiting = fill_for_people(make(folder / "waiting"))
        crew(scale.jobs)[0].run(Order("drain", str(waiting.workspace), watched=False))
        wanted = [
            (Order(task, "", surroundings=surroundings), base, _OTHERS if surroundings else 1.0)
            for surroundings in (_HARDEST if scale.quick else REFUSALS)
            for task, base in (("drain", inbox), ("act", waiting))
        ]
        wanted.append((Order("promote", ""), waiting, 1.0))
        free: SimpleQueue[Zygote] = SimpleQueue()
        for zygote in crew(scale.jobs):
            free.put(zygote)
        with ThreadPoolExecutor(scale.jobs) as pool:
            counting = [
                pool.submit(_subject, free, *each, folder / f"whole{number}")
                for number, each in enumerate(wanted)
            ]
            return [future.result() for future in counting]

    def _trials(self, subjects: list[Subject], folder: Path, scale: Scale) -> list[Trial]:
        trials: list[Trial] = []
        for subject in subjects:
            for number in self._numbers(subject, scale):
                order = replace(subject.order, kill_at=number, while_it_runs=number % 3 == 0)
                orders = (order, *self._again(scale))
                trials.append(partial(_killed, subject.base, folder, orders))
        self._random.shuffle(trials)  # so that a run that is cut short has tried them evenly
        return trials

    def _again(self, scale: Scale) -> Iterator[Order]:
        """Make the kills of the recoveries: early ones, where that happens, and later ones."""
        for _ in range(scale.choose(1, _AGAIN)):
            most = self._random.choice(_REACH)
            number = self._random.randint(1, most)
            yield Order("drain", "", kill_at=number, while_it_runs=number % 3 == 0)

    def _numbers(self, subject: Subject, scale: Scale) -> list[int]:
        wanted = 1 if scale.quick else subject.calls * subject.share
        step = max(1.0, subject.calls / wanted)
        begin = self._random.uniform(1, step)
        count = int((subject.calls - begin) / step) + 1
        return sorted({int(begin + step * turn) for turn in range(count)})


def _subject(
    free: SimpleQueue[Zygote], order: Order, base: Scene, share: float, folder: Path
) -> Subject:
    """Count the calls of a run that is left alone."""
    copy = base.copy(folder)
    zygote = free.get()
    try:
        outcome = zygote.run(replace(order, workspace=str(copy.workspace)))
    finally:
        free.put(zygote)
    copy.remove()
    assert outcome.code == 0, outcome.error
    return Subject(order, base, outcome.calls, share)


def _killed(base: Scene, folder: Path, orders: tuple[Order, ...], zygote: Zygote) -> Tally:
    return attempt(zygote, base, folder, orders)
