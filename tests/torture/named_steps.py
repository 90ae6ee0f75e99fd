"""Kills at every step that has a name, in a process of its own; needs nothing of the kernel."""

import random
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.torture.scene import Scene, fill, fill_for_people, make, scratch
from tests.torture.sections import Progress, Scale, SectionResult, Tally
from tests.torture.trials import Trial, attempt, together
from tests.torture.zygote import Order, Zygote, crew

_NEVER: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class KillsAtSteps:
    """Kills the daemon and people's acts before and after each named step.

    Attributes:
        name: Of the section.
    """

    name: str = "kills at named steps"

    def run(self, scale: Scale, progress: Progress) -> SectionResult:
        """Kill at each announcement; in a quick run at a few."""
        scale = scale.sparing()
        named: set[str] = set()
        trials: list[Trial] = []
        with scratch() as folder:
            inbox = fill(make(folder / "inbox"))
            waiting = fill_for_people(make(folder / "waiting"))
            zygote = crew(scale.jobs)[0]
            zygote.run(Order("drain", str(waiting.workspace), watched=False))
            for task, base in (("drain", inbox), ("act", waiting)):
                announced = _announcements(zygote, task, base)
                named |= set(announced)
                step = scale.choose(len(announced) // 3, 1)
                numbers = range(1 + scale.seed % step, len(announced) + 1, step)
                orders = (Order(task, "", step=number, watched=False) for number in numbers)
                trials += [partial(_killed, base, folder, order) for order in orders]
            random.Random(scale.seed).shuffle(trials)
            tally, tried = together(trials, scale, progress, self.name, len(trials))
        first: dict[str, int | float | str] = {
            "kills survived": tally.kills,
            "different steps": len({name.partition(":")[0] for name in named}),
            "announcements killed at": f"{tried} of {len(trials)}",
        }
        return tally.result(self.name, first)


def _announcements(zygote: Zygote, task: str, base: Scene) -> list[str]:
    copy = base.copy(base.workspace.with_name(f"{base.workspace.name}-whole"))
    outcome = zygote.run(Order(task, str(copy.workspace), step=_NEVER, watched=False))
    copy.remove()
    assert outcome.code == 0, outcome.error
    return outcome.steps


def _killed(base: Scene, folder: Path, order: Order, zygote: Zygote) -> Tally:
    return attempt(zygote, base, folder, (order,))
