"""Kills of the real program: `docsorter run` with the real model and its sandboxed page reader."""

import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docsorter.documents import Place
from docsorter.service.daemon.sort_once import example_files
from docsorter.service.workspace.layout import open_workspace_store
from tests.service.running import RunningDaemon, finished, wait_until
from tests.torture.checker import check_interrupted, check_settled
from tests.torture.scene import Scene, make, scratch
from tests.torture.sections import Progress, Scale, SectionResult, Tally
from tests.torture.zygote import CannotWatchError, Order, Zygote, crew

_DOCUMENTS: Final = 4
_CALLS: Final = 220  # fewer than the program makes for so many documents, so that each is reached


@dataclass(frozen=True, slots=True)
class KillsOfTheProgram:
    """Kills the program as it is installed, at random calls, and starts it again.

    Attributes:
        name: Of the section.
    """

    name: str = "kills of the real program"

    def run(self, scale: Scale, progress: Progress) -> SectionResult:
        """Kill, start again, wait until every document has its place, check."""
        tally = Tally()
        choice = random.Random(scale.seed)
        kills = scale.choose(1, 30)
        zygote = crew(1)[0]
        with scratch() as folder:
            base = make(folder / "paper")
            for file in example_files()[:_DOCUMENTS]:
                base.drop(file.name, file.read_bytes())
            for number in range(kills):
                if scale.over and number:
                    break
                scene = base.copy(folder / f"real{number}")
                kill_at = choice.randint(1, _CALLS)
                try:
                    _kill(scene, kill_at, zygote, tally)
                except CannotWatchError as error:
                    return SectionResult(self.name, skipped=f"calls cannot be watched: {error}")
                progress(self.name, number + 1, kills)
        first: dict[str, int | float | str] = {"kills survived": tally.kills}
        return tally.result(self.name, first)


def _kill(scene: Scene, kill_at: int, zygote: Zygote, tally: Tally) -> None:
    outcome = zygote.run(Order("program", str(scene.workspace), kill_at=kill_at))
    where = f"docsorter run killed before {outcome.at}"
    tally.kills += outcome.killed
    if not outcome.killed:
        tally.fail(where, f"not reached: ended with {outcome.code}, hung: {outcome.hung or 'no'}")
    tally.check(f"{where}, before recovery", check_interrupted(scene.configuration, scene.drops))
    try:
        _start_again(scene, tally, where)
    except AssertionError as error:  # it did not get ready, or left a document behind
        tally.fail(where, str(error))
        return
    tally.check(where, check_settled(scene.configuration, scene.drops), scene.drops.total)
    shutil.rmtree(scene.workspace)


def _start_again(scene: Scene, tally: Tally, where: str) -> None:
    log = scene.workspace.parent
    inbox = scene.configuration.root(Place.INBOX)
    with (
        RunningDaemon(scene.workspace, Path(log)) as daemon,
        open_workspace_store(scene.configuration) as store,
    ):
        every = f"every document in its place: {inbox}"
        wait_until(finished(store, scene.drops.total), every)
        code = daemon.stop()
    if code != 0:
        tally.fail(where, f"the next run ended with {code}: {daemon.log[-1000:]}")
