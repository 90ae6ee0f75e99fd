"""What is due in the store: asked now and then and not at every tick, and kept until handed out."""

from collections import deque
from collections.abc import Callable
from typing import Final

from docsorter.clock import Clock
from docsorter.documents import Move
from docsorter.service.unfinished import due_moves
from docsorter.store import Store

_EVERY: Final = 0.5  # seconds between questions while much happens
_AT_ONCE: Final = 50  # documents that are remembered


class DueWork:
    """Remembers which spooled documents are due; belongs to the thread that ticks.

    What others write into the store is noticed at most half a second later than it could be.

    Args:
        store: Knows what is due.
        clock: For the time between two questions, and what is due.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._asked_at = float("-inf")
        self._stale = True
        self._moves: list[Move] = []
        self._documents: deque[int] = deque()
        self._is_all = True

    def hurry(self) -> None:
        """Ask at the next look, whenever the last one was: something is known to have changed."""
        self._asked_at = float("-inf")

    def look(self, has: Callable[[int], bool], *, resuming: bool) -> bool:
        """Ask the store if it is time to, or if more is known to be there.

        Args:
            has: Whether a document is being looked at already.
            resuming: After a pause, what it interrupted is taken up at once.

        Returns:
            Whether it asked.

        Raises:
            StoreError: The database fails; it is asked again at the next look.
        """
        now = self._clock.monotonic()
        if now < self._asked_at + _EVERY and (self._documents or self._is_all) and not resuming:
            self._stale = True
            return False
        wall = self._clock.now()
        self._moves = due_moves(self._store, wall, resuming=resuming)
        found = self._store.due_documents(_AT_ONCE, wall)
        self._documents = deque(document.id for document in found if not has(document.id))
        self._is_all = len(found) < _AT_ONCE
        self._asked_at, self._stale = now, False
        return True

    def take_moves(self) -> list[Move]:
        """Return the planned moves to take up, once."""
        moves, self._moves = self._moves, []
        return moves

    def next_document(self) -> int | None:
        """Return the number of a document to be looked at, the oldest first; None without one."""
        return self._documents.popleft() if self._documents else None

    def seconds(self) -> float | None:
        """Return for how long nothing of this can be due; None when nothing waits.

        Raises:
            StoreError: The database fails.
        """
        if self._stale:
            return max(0.0, self._asked_at + _EVERY - self._clock.monotonic())
        due = self._store.next_due_time()
        return None if due is None else (due - self._clock.now()).total_seconds()
