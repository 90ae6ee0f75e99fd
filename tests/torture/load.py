"""Kills at random instants while files keep coming in and a person answers at the same time."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docsorter.documents import Place
from tests.torture.scene import Scene, make, scratch
from tests.torture.sections import Progress, Scale, SectionResult, Tally
from tests.torture.trials import recover
from tests.torture.writers import Writer
from tests.torture.zygote import Order, Zygote, crew

_WRITERS: Final = 5
_LONGEST: Final = 1.2  # seconds until a kill


@dataclass(frozen=True, slots=True)
class KillsUnderLoad:
    """Writers drop slowly and at once, again and under the same names; daemon and reviewer die.

    Attributes:
        name: Of the section.
    """

    name: str = "kills under load"

    def run(self, scale: Scale, progress: Progress) -> SectionResult:
        """Run several rounds, each in a workspace of its own."""
        tally = Tally()
        drops = played = 0
        rounds, kills = scale.choose(1, 12), scale.choose(4, 25)
        daemon, person = crew(2)
        with scratch() as folder:
            for number in range(rounds):
                if scale.over and number:
                    break
                played += 1
                scene = make(folder / f"round{number}")
                seed = scale.seed * 1000 + number
                _load(scene, seed, kills, daemon, person, tally)
                drops += scene.drops.total
                recover(daemon, scene, tally, f"round with seed {seed}")
                progress(self.name, number + 1, rounds)
        first: dict[str, int | float | str] = {
            "kills survived": tally.kills,
            "rounds": played,
            "drops": drops,
            "writers": _WRITERS,
        }
        return tally.result(self.name, first)


def _load(
    scene: Scene, seed: int, kills: int, daemon: Zygote, person: Zygote, tally: Tally
) -> None:
    """Drop and kill until enough was killed and everything was dropped."""
    inbox = scene.configuration.root(Place.INBOX)
    lock = threading.Lock()
    writers = [Writer(inbox, scene.drops, lock, number, kills, seed) for number in range(_WRITERS)]
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        for writer in writers:
            writer.start()
        reviewing = pool.submit(_review, scene.workspace, seed, person, stop, tally)
        choice = random.Random(seed)
        for turn in range(kills):
            after = choice.uniform(0.03, _LONGEST)
            order = Order("serve", str(scene.workspace), after=after, watched=False)
            outcome = daemon.run(order)
            tally.kills += outcome.killed
            if not outcome.killed:
                text = f"the daemon ended by itself: {outcome.code} {outcome.error[-1000:]}"
                tally.fail(f"seed {seed}, start {turn}", text)
        for writer in writers:
            writer.join()
        stop.set()
        tally.kills += reviewing.result()


def _review(workspace: Path, seed: int, person: Zygote, stop: threading.Event, tally: Tally) -> int:
    """Answer and undo at random; two of three of these processes are killed as well."""
    choice = random.Random(f"{seed} person")
    killed = 0
    while not stop.is_set():
        after = choice.uniform(0.05, 0.6) if choice.random() < 2 / 3 else 0.0
        order = Order(
            "disturb", str(workspace), after=after, watched=False, seed=choice.randrange(1 << 30)
        )
        outcome = person.run(order)
        killed += outcome.killed
        if outcome.code not in {0, -9}:
            tally.fail(f"seed {seed}, reviewer", outcome.error[-1500:])
        time.sleep(0.02)
    return killed
