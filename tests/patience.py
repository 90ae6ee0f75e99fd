"""How long something may take, in its own time: what others take from it does not count.

Linux says of each thread how long it ran and how long it was ready to run and had no processor
(`/proc/PID/task/TID/schedstat`, nanoseconds; Documentation/scheduler/sched-stats.rst). What is left
of the clock's time was spent waiting of its own accord: *idle*. So there are two limits: what never
stops working meets that of work, what waits for something that never comes that of idleness, and
what is only slow meets neither.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")
IDLE: Final = 120.0
WORK: Final = 300.0
_NANOSECONDS: Final = 1e9
_POLL: Final = 0.05
_LOOK: Final = 1.0


@dataclass(frozen=True, slots=True)
class Used:
    """What became of a thread's time.

    Attributes:
        ran: Seconds on a processor.
        ready: Seconds without one that it could have used.
        on_disk: It waits for a disk just now.
    """

    ran: float
    ready: float
    on_disk: bool = False


Look = Callable[[int], Mapping[int, Used]]


class Patience:
    """Watches a process and all that it started, and says when it has had its time.

    Args:
        pid: The process.
        idle: Seconds for which all of it together may wait, in all.
        work: Seconds of processor time that it may use, in all.
        watcher: A process that it waits for now and then, e.g. one that answers its calls.
        now: Seconds of a monotonic clock.
        look: Returns the threads of a process and of all below it, by their numbers.
    """

    def __init__(
        self,
        pid: int,
        *,
        idle: float = IDLE,
        work: float = WORK,
        watcher: int | None = None,
        now: Callable[[], float] = time.monotonic,
        look: Look | None = None,
    ) -> None:
        self._pid = pid
        self._limits = idle, work
        self._watcher = watcher
        self._now = now
        self._look = look or family
        self._at = now()
        self._before = self._threads()
        self.idle = 0.0
        self.work = 0.0

    def over(self) -> str:
        """Say in words that the time is used up; "" when it is not. Looks once a second at most."""
        now = self._now()
        elapsed = now - self._at
        if elapsed < min(_LOOK, *self._limits):
            return ""
        threads = self._threads()
        busy = 0.0
        for number, (used, counts) in threads.items():
            before, _ = self._before.get(number, (Used(0.0, 0.0), False))
            ran = max(0.0, used.ran - before.ran)
            busy += ran + max(0.0, used.ready - before.ready) + (elapsed if used.on_disk else 0.0)
            self.work += ran if counts else 0.0
        self.idle += max(0.0, elapsed - busy)
        self._at, self._before = now, threads
        idle, work = self._limits
        if self.idle >= idle or self.work >= work:
            return f"it worked for {self.work:.0f} s and waited for {self.idle:.0f} s"
        return ""

    def _threads(self) -> dict[int, tuple[Used, bool]]:
        """Return what each thread has used, and whether its work is that of the process."""
        found = {number: (used, True) for number, used in self._look(self._pid).items()}
        if self._watcher is not None:
            watching = dict(_threads_of(self._watcher))
            found = {number: (used, False) for number, used in watching.items()} | found
        return found


def wait_until(
    found: Callable[[], T | None],
    what: str,
    *,
    idle: float = IDLE,
    said: Callable[[], object] = lambda: "",
) -> T:
    """Poll until `found` returns something true.

    Args:
        found: Looks.
        what: Is to happen; words for the failure.
        idle: Seconds for which this process and all that it started may wait.
        said: Tells more about a failure.

    Raises:
        AssertionError: It did not happen, although there was time for it.
    """
    patience = Patience(os.getpid(), idle=idle)
    while True:
        value = found()
        if value:
            return value
        if why := patience.over():
            raise AssertionError(f"did not happen: {what}; {why}; {said()}")
        time.sleep(_POLL)  # others work meanwhile; bounded by the patience


def kept_waiting(pid: int) -> float:
    """Return the seconds for which the first thread of a process was ready and had no processor."""
    with suppress(OSError, ValueError):
        return _used(Path(f"/proc/{pid}")).ready
    return 0.0


def family(pid: int) -> dict[int, Used]:
    """Return the threads of a process and of all that it started, by their numbers."""
    found: dict[int, Used] = {}
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        found |= _threads_of(each)
        waiting += _children(each)
    return found


def _threads_of(pid: int) -> Iterator[tuple[int, Used]]:
    for task in _tasks(pid):
        with suppress(OSError, ValueError):  # it ended meanwhile
            yield int(task.name), _used(task)


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def _children(pid: int) -> Iterator[int]:
    for task in _tasks(pid):
        with suppress(OSError):
            yield from map(int, (task / "children").read_text(encoding="ascii").split())


def _used(task: Path) -> Used:
    state = (task / "stat").read_text(encoding="utf-8", errors="replace").rpartition(") ")[2]
    ran, ready, _ = (task / "schedstat").read_text(encoding="ascii").split()
    return Used(int(ran) / _NANOSECONDS, int(ready) / _NANOSECONDS, state[:1] == "D")
