"""Work beside the screen rests while the screen is drawn: one interpreter lock serves both."""

import threading
from typing import Final

_LONGEST: Final = 0.2


class Calm:
    """Says when work beside may begin; safe for several threads.

    What is under way goes on; only what has not begun waits, and never long: an end that is never
    said, because the screen went away meanwhile, holds nothing up.

    Args:
        longest: Seconds after which whoever waits goes on in any case.
    """

    def __init__(self, longest: float = _LONGEST) -> None:
        self._longest = longest
        self._calm = threading.Event()
        self._calm.set()

    def begin(self) -> None:
        """Let nothing begin from now on."""
        self._calm.clear()

    def end(self) -> None:
        """Let everything go on."""
        self._calm.set()

    def wait(self) -> None:
        """Return when work may begin."""
        self._calm.wait(self._longest)
