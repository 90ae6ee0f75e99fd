"""Keeps a lease while somebody thinks, where no event loop does it."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Keeper:
    """Calls something now and then, in a thread of its own, while a context is open.

    Args:
        act: What to call; must not raise.
        seconds: How often.
    """

    def __init__(self, act: Callable[[], None], seconds: float) -> None:
        self._act = act
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            self._act()
