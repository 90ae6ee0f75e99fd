"""How long work says how far it is, without knowing who looks."""

from collections.abc import Callable
from typing import Final

Progress = Callable[[str, int, int], None]
"""Called as `progress(stage, done, total)`: the stage in a few words, `done` of `total` steps."""


def _silent(stage: str, done: int, total: int) -> None:
    """Show nothing."""


SILENT: Final[Progress] = _silent
"""For work that nobody watches."""
