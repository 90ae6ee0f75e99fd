"""One try: copy a workspace, kill what works on it, recover, check; many of them side by side."""

import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from tests.torture.checker import check_interrupted, check_settled
from tests.torture.scene import Scene
from tests.torture.sections import Progress, Scale, Tally, stopped
from tests.torture.zygote import Order, Outcome, Zygote, crew

_NAMES = itertools.count()
Trial = Callable[[Zygote], Tally]


def attempt(zygote: Zygote, base: Scene, folder: Path, orders: Iterable[Order]) -> Tally:
    """Carry out orders one after the other on a copy of a workspace, then recover and check.

    Args:
        zygote: Forks who is killed.
        base: The workspace to copy; stays as it is.
        folder: Where the copy goes for the while.
        orders: Their workspace is filled in.
    """
    tally = Tally()
    scene = base.copy(folder / f"try{next(_NAMES)}")
    where = ""
    for order in orders:
        outcome = zygote.run(replace(order, workspace=str(scene.workspace)))
        where += f"{' then ' if where else ''}{_said(order, outcome)}"
        tally.kills += outcome.killed
        _judge(tally, where, outcome)
        tally.check(
            f"{where}, before recovery", check_interrupted(scene.configuration, scene.drops)
        )
        if not outcome.killed:  # it had come to its end before the call it was to die at
            break
    recover(zygote, scene, tally, where)
    if not tally.failures:
        scene.remove()
    return tally


def recover(zygote: Zygote, scene: Scene, tally: Tally, where: str) -> None:
    """Start the daemon once more, let it come to rest, and check everything."""
    outcome = zygote.run(Order("drain", str(scene.workspace), watched=False))
    _judge(tally, f"{where}, recovering", outcome)
    if outcome.hung:  # it was ended in the middle of its work: only what a kill leaves can be asked
        tally.check(where, check_interrupted(scene.configuration, scene.drops))
        return
    findings = check_settled(scene.configuration, scene.drops)
    tally.check(where, findings, scene.drops.total)


def together(
    trials: Iterable[Trial],
    scale: Scale,
    progress: Progress,
    what: str,
    expected: int,
    *,
    least_kills: int = 0,
) -> tuple[Tally, int]:
    """Run tries side by side, each with a zygote of its own.

    Args:
        trials: Taken one by one, as needed, until the time is up; making one may be costly.
        scale: How many side by side.
        progress: Is told.
        what: Is being done.
        expected: About how many there are.
        least_kills: Go on when the time is up, until so many kills were survived, unless the run
            is to stop at once.

    Returns:
        What they have counted together, and how many there were.
    """
    tally, done = Tally(), 0
    free: SimpleQueue[Zygote] = SimpleQueue()
    for zygote in crew(scale.jobs):
        free.put(zygote)

    def run(trial: Trial) -> Tally:
        zygote = free.get()
        try:
            return trial(zygote)
        finally:
            free.put(zygote)

    with ThreadPoolExecutor(scale.jobs) as pool:
        waiting: set[Future[Tally]] = set()
        for trial in itertools.chain(trials, [None]):
            is_last = trial is None or stopped() or (scale.over and tally.kills >= least_kills)
            if trial is not None and not is_last:
                waiting.add(pool.submit(run, trial))
            while waiting and (is_last or len(waiting) > 2 * scale.jobs):
                ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ready:
                    tally.add(future.result())
                    done += 1
                    progress(what, done, max(done, expected))
            if is_last:
                break
    return tally, done


def _said(order: Order, outcome: Outcome) -> str:
    how = f" ({order.surroundings})" if order.surroundings else ""
    side = "in" if order.while_it_runs else "before"
    return f"{order.task}{how} killed {side} {outcome.at}" if outcome.killed else order.task + how


def _judge(tally: Tally, where: str, outcome: Outcome) -> None:
    if outcome.hung:
        tally.fail(where, f"did not end: {outcome.hung}")
    elif not outcome.killed and outcome.code != 0:
        tally.fail(where, f"ended with {outcome.code}: {outcome.error.strip()[-2000:]}")
