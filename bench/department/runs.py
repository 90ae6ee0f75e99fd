"""Runs departments on all cores; every process reads the recorded pool once."""

import functools
import multiprocessing
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.department.arrivals import draw, periods
from bench.department.days import run_starter
from bench.department.drift import DAYS, Drifted, drifted
from bench.department.earning import EarnedDepartment
from bench.department.figures import Life
from bench.department.models import Seen, Starter
from bench.department.pool import recorded_pool
from docsorter.decide.autonomy import AutonomyPolicy
from docsorter.resources import usable_cores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RETRAINED: Final = (3, 44)
"""Days (from 0) on whose evening a new model learns from all answers so far."""

SHARES: Final = (0.25, 0.375, 0.375)
"""Of the layouts: what comes before, between and after the retrainings."""


class _Room:
    """What a process keeps: the pool, the shipped model and what may come on which day."""

    def __init__(self, folder: Path) -> None:
        pool = recorded_pool(folder, lambda _done, _total: None, workers=1)
        self.starter = Starter(pool)
        self.seen: Seen = self.starter.seen()
        cuts = tuple(day + 1 for day in RETRAINED)
        self.among: NDArray[np.bool_] = periods(pool, DAYS, cuts, SHARES)


_rooms: list[_Room] = []


def _enter(folder: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process
    _rooms.append(_Room(folder))


def _life(seed: int) -> Life:
    room = _rooms[0]
    arrivals = draw(room.starter.pool, DAYS, seed, among=room.among)
    teachings = {
        day: functools.partial(room.starter.taught, f"ours-{number}")
        for number, day in enumerate(RETRAINED, start=1)
    }
    department = EarnedDepartment(room.seen, arrivals, AutonomyPolicy(), seed, teachings)
    days = department.run()
    abrupt = EarnedDepartment(
        room.seen, arrivals, AutonomyPolicy(), seed, teachings, shadows=False
    ).run()
    return Life(
        seed, run_starter(room.seen, arrivals), days, abrupt, department.retrainings,
        department.doubles, department.differed,
    )  # fmt: skip


def _drift(seed: int) -> dict[str, Drifted]:
    room = _rooms[0]
    return drifted(room.starter, room.seen, room.among, seed, RETRAINED[0])


def run_all(
    folder: Path, lives: Sequence[int], drifts: Sequence[int], tick: Callable[[], None]
) -> tuple[list[Life], list[dict[str, Drifted]]]:
    """Live through departments, and let every change happen to others.

    Args:
        folder: Where the pool is recorded.
        lives: Seeds of the departments that nothing happens to.
        drifts: Seeds of those that something happens to.
        tick: Called after each.
    """
    context = multiprocessing.get_context("spawn")
    workers = usable_cores()
    with ProcessPoolExecutor(workers, context, _enter, (folder,)) as pool:
        lived = [pool.submit(_life, seed) for seed in lives]
        changed = [pool.submit(_drift, seed) for seed in drifts]
        every: list[Future[Life] | Future[dict[str, Drifted]]] = [*lived, *changed]
        for _ in as_completed(every):
            tick()
        return [one.result() for one in lived], [one.result() for one in changed]
