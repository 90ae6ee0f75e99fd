"""Looks at the roots before every tick, and closely only when something may have changed."""

from typing import Final

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.service.roots import MountMemory, check_roots, check_space

_EVERY: Final = 0.5  # seconds between close looks while the roots stay the same folders


class RootWatch:
    """Refuses to go on with roots that are gone, replaced, closed to us or full.

    That each root is the folder it was is asked every time, for a share that is not mounted would
    swallow documents. Rights and room are asked twice a second at most: without them a delivery
    fails by itself, and nothing is lost.

    Args:
        configuration: The workspace.
        clock: For the time between two close looks.
    """

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        self._configuration = configuration
        self._clock = clock
        self._mounts = MountMemory(configuration)
        self._looked_at = float("-inf")

    def check(self, *, closely: bool = False) -> None:
        """Look at the roots.

        Args:
            closely: Ask for everything, e.g. to learn whether what failed works again.

        Raises:
            EnvironmentFaultError: Why no document may be taken or delivered now.
        """
        now = self._clock.monotonic()
        if not closely and now < self._looked_at + _EVERY and self._mounts.is_unchanged():
            return
        self._looked_at = float("-inf")  # after a failure the next look is a close one
        check_roots(self._configuration)
        self._mounts.check()
        check_space(self._configuration)
        self._looked_at = now
