"""Time as a dependency that is injected, so that tests need not wait."""

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """Two kinds of time: one to write down, one to measure with."""

    def now(self) -> dt.datetime:
        """Return the wall clock as an aware UTC datetime (may jump)."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow (unknown origin)."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> dt.datetime:
        """Return the current UTC time."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is moved; for tests and simulations.

    Args:
        start: First wall clock time, aware.
    """

    def __init__(self, start: dt.datetime = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)) -> None:
        self._now = start
        self._monotonic = 1000.0

    def now(self) -> dt.datetime:
        """Return the time it was moved to."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds, moved together with `now`."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by `seconds`."""
        self._now += dt.timedelta(seconds=seconds)
        self._monotonic += seconds
