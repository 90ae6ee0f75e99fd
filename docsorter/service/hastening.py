"""What the daemon does when the wall clock was set: nothing waits longer for that."""

import logging

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.service.assembly import Assembly
from docsorter.service.clockwatch import ClockWatch
from docsorter.service.log import LOGGER
from docsorter.service.unfinished import longest_wait

_LOG = logging.getLogger(LOGGER)
# Seconds; once is not enough, as a worker may write down a wait that it worked out before the jump.
_AFTER_A_JUMP = (0.0, 10.0, 60.0, 240.0)


class Hastening:
    """Shortens waits that the wall clock made longer than they can ever be.

    Args:
        configuration: The workspace; says what the longest wait is.
        clock: Watched from now on.
    """

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        self._configuration = configuration
        self._clock = clock
        self._clocks = ClockWatch(clock)
        self._hasten_at: list[float] = []

    def tick(self, assembly: Assembly) -> None:
        """Look whether the clock was set, and hasten what waits when it is time to.

        Args:
            assembly: Whose documents wait.
        """
        jump = self._clocks.jumped()
        if jump:
            _LOG.warning("the clock was set by %+.0f s; nothing waits longer for that", jump)
            self._hasten_at = [self._clock.monotonic() + after for after in _AFTER_A_JUMP]
        if self._hasten_at and self._clock.monotonic() >= self._hasten_at[0]:
            del self._hasten_at[0]
            assembly.store.hasten(longest_wait(self._configuration, self._clock))
            assembly.due.hurry()
