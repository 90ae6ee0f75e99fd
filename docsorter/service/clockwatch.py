"""Notices that the wall clock was set, by comparing it with the one that only grows."""

from docsorter.clock import Clock

_NOTICED = 5.0  # seconds; time servers slew less than this between two looks


class ClockWatch:
    """Compares two clocks.

    Args:
        clock: Both of them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._apart = self._difference()

    def jumped(self) -> float:
        """Return by how many seconds the wall clock was set since the last call, 0.0 for not."""
        before, self._apart = self._apart, self._difference()
        jump = self._apart - before
        return jump if abs(jump) >= _NOTICED else 0.0

    def _difference(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()
