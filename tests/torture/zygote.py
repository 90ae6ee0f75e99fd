"""A process that has everything loaded and forks a child per try, watched from its first call on.

A start of Python with all imports takes half a second, a fork of one that is ready takes
milliseconds; that is what makes thousands of kills affordable.
"""

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Order:
    """What a child is to do and what is to happen to it.

    Attributes:
        task: Name of the task; see `light.task`.
        workspace: Where.
        kill_at: Kill it at its call of this number that changes the workspace; 0 for never.
        while_it_runs: Let that call begin, and kill then.
        step: Kill it at this announcement of a step of the mover; 0 for never.
        after: Kill it after so many seconds for which the machine let it work, without watching
            its calls; 0 for never.
        surroundings: Which calls the kernel refuses; see `surroundings.REFUSALS`.
        record: File that gets every call; "" for none.
        seed: For tasks that do things at random.
        watched: Whether its calls are watched at all.
    """

    task: str
    workspace: str
    kill_at: int = 0
    while_it_runs: bool = False
    step: int = 0
    after: float = 0.0
    surroundings: str = ""
    record: str = ""
    seed: int = 0
    watched: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went.

    Attributes:
        killed: Whether it was killed as ordered.
        code: Exit code of one that was not; negative is a signal.
        calls: Calls that changed the workspace.
        at: The call or the step at which it was killed.
        hung: Why it was ended: it had all the time that it could need; "" when it was not.
        steps: Announcements of steps.
        seconds: How long it ran.
        error: Traceback of a child that failed by itself.
    """

    killed: bool
    code: int
    calls: int
    at: str
    hung: str
    seconds: float
    steps: list[str] = field(default_factory=list)
    error: str = ""


class CannotWatchError(Exception):
    """This kernel or container does not let a process be stopped at its calls."""


class Zygote:
    """The process, as seen by whoever gives the orders; one order at a time.

    Args:
        nursery: The process that it is a child of.
        channel: Leads to it; is taken over.
    """

    def __init__(self, nursery: subprocess.Popen[bytes], channel: socket.socket) -> None:
        self.nursery = nursery
        self._lines = channel.makefile("rw", encoding="utf-8")
        channel.close()

    def dismiss(self) -> None:
        """Let it end."""
        with suppress(OSError):
            self._lines.close()

    @property
    def alive(self) -> bool:
        """Whether it can take another order."""
        return self.nursery.poll() is None

    def run(self, order: Order) -> Outcome:
        """Have an order carried out.

        Raises:
            CannotWatchError: The child's calls cannot be watched here.
        """
        self._lines.write(json.dumps(asdict(order)) + "\n")
        self._lines.flush()
        line = self._lines.readline()
        assert line, "the zygote has died"
        answer: dict[str, Any] = json.loads(line)
        if "refused" in answer:
            raise CannotWatchError(str(answer["refused"]))
        return Outcome(**answer)


_CREW: Final[list[Zygote]] = []


def crew(count: int) -> list[Zygote]:
    """Return zygotes that stay until `dismiss`, so that not every section waits for new ones."""
    for zygote in [zygote for zygote in _CREW if not zygote.alive]:
        _CREW.remove(zygote)
    if len(_CREW) < count:
        _CREW.extend(_born(count - len(_CREW)))
    return _CREW[:count]


def _born(count: int) -> list[Zygote]:
    """Start a nursery that loads everything once and forks into so many zygotes."""
    pairs = [socket.socketpair() for _ in range(count)]
    variables = {k: v for k, v in os.environ.items() if not k.startswith("DOCSORTER_")}
    variables |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    descriptors = [theirs.fileno() for _, theirs in pairs]
    nursery = subprocess.Popen(
        [sys.executable, "-m", "tests.torture.nursery", *map(str, descriptors)],
        pass_fds=descriptors,
        env=variables,
        cwd=ROOT,
    )
    for _, theirs in pairs:
        theirs.close()
    return [Zygote(nursery, ours) for ours, _ in pairs]


def dismiss() -> None:
    """End the zygotes of the crew; harmless when there are none."""
    nurseries = {zygote.nursery for zygote in _CREW}
    while _CREW:
        _CREW.pop().dismiss()
    for nursery in nurseries:
        try:
            nursery.wait(10)
        except subprocess.TimeoutExpired:
            nursery.kill()
            nursery.wait(10)
