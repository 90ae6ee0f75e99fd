"""What a reviewer is shown next, and where it comes from."""

from dataclasses import dataclass
from typing import Protocol

from docsorter.documents import Document, ReviewEntry
from docsorter.errors import NotFoundError
from docsorter.store import Lease, ReviewFilter, ReviewOrder, Store

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
    """The review queue in an order, nothing of it blind.

    Args:
        store: Has the queue.
        owner: Unix name of the person.
        seconds: How long an entry is held.
        order: What "next" means.
    """

    def __init__(
        self,
        store: Store,
        *,
        owner: str,
        seconds: float,
        order: ReviewOrder = ReviewOrder.OLDEST,
    ) -> None:
        self._store = store
        self._owner = owner
        self._seconds = seconds
        self._order = order

    def take(self, wanted: ReviewFilter) -> Item | None:
        """Hold the next free entry."""
        try:
            return Item(
                self._store.lease(
                    None,
                    owner=self._owner,
                    seconds=self._seconds,
                    order=self._order,
                    filter=wanted,
                )
            )
        except NotFoundError:
            return None
