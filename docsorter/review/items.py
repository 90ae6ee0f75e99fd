"""What a reviewer is shown next, and where it comes from."""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from docsorter.documents import Document, ReviewEntry
from docsorter.errors import NotFoundError
from docsorter.store import Lease, ReviewFilter, ReviewOrder, Store, Turn

EVERYTHING = ReviewFilter()


@dataclass(frozen=True, slots=True)
class Item:
    """One document before one person.

    Attributes:
        lease: The entry, and the token by which it is held.
        blind: Neither the model's suggestion nor why the document is here may be shown: the answer
            is evidence, and must not be led.
    """

    lease: Lease
    blind: bool = False

    @property
    def entry(self) -> ReviewEntry:
        """The review entry."""
        return self.lease.entry

    @property
    def document(self) -> Document:
        """The document."""
        return self.lease.entry.document

    @property
    def token(self) -> str:
        """Shows who holds it."""
        return self.lease.token


class ItemSource(Protocol):
    """Whatever decides which document comes next, and whether it is judged blind."""

    def take(self, wanted: ReviewFilter) -> Item | None:
        """Hold the next document that is wanted; None when none is free.

        Raises:
            StoreError: The database cannot be used just now.
        """
        ...


class QueueSource:
    """The review queue in an order; an entry that is to be judged blind says so itself.

    Args:
        store: Has the queue.
        owner: Unix name of the person.
        seconds: How long an entry is held.
        order: What "next" means.
        overdue: What has waited so long comes first in the order HELPS; None knows no limit.
    """

    def __init__(
        self,
        store: Store,
        *,
        owner: str,
        seconds: float,
        order: ReviewOrder = ReviewOrder.OLDEST,
        overdue: dt.timedelta | None = None,
    ) -> None:
        self._store = store
        self._owner = owner
        self._seconds = seconds
        self._order = order
        self._overdue = overdue
        self._taken = 0

    def take(self, wanted: ReviewFilter) -> Item | None:
        """Hold the next free entry."""
        turn = Turn(self._taken, self._overdue)
        try:
            lease = self._store.lease(
                None,
                owner=self._owner,
                seconds=self._seconds,
                order=self._order,
                filter=wanted,
                turn=turn,
            )
        except NotFoundError:
            return None
        self._taken += 1
        return Item(lease, blind=lease.entry.blind)
