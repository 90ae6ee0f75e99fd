"""What a reviewer is shown next, and the words that say why a document is here."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from docsorter.documents import Document, ReasonCode, ReviewEntry
from docsorter.errors import NotFoundError
from docsorter.review.choices import LabelChoice
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
            lease = self._store.review.lease(
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


BLIND = "a check: please judge by the page alone"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def why(item: Item) -> str:
    """Return in one line why a document waits; says nothing that leads when it is judged blind."""
    if item.blind:
        return BLIND
    text = why_of(item.entry)
    verdict = item.document.verdict
    unlike = verdict is not None and verdict.reason.code is ReasonCode.UNLIKE_TRAINING
    if unlike and item.entry.prediction is not None:
        nearest = _likely(item)
        return f"{text}; nearest to {nearest}" if nearest and nearest not in text else text
    return text


def why_of(entry: ReviewEntry) -> str:
    """Return why an entry waits, in the words of its verdict."""
    if entry.blind:
        return BLIND
    verdict = entry.document.verdict
    return verdict.reason.text if verdict is not None else "no model has classified it yet"


def hidden(entry: ReviewEntry) -> ReviewEntry:
    """Return an entry as whoever judges it blind may see it: the page and its name, no more.

    The folder that a sorted document lies in would name its label, so that its path goes too.
    """
    if not entry.blind:
        return entry
    document = dataclasses.replace(
        entry.document, verdict=None, model=None, answered_by=None, duplicate_of=None, path=""
    )
    return dataclasses.replace(entry, document=document, prediction=None)


def nothing_there(waiting: int, searched: str, elsewhere: int = 0) -> str:
    """Return why no document is shown.

    Args:
        waiting: Documents that wait, for anybody.
        searched: What was searched for; "" shows everything.
        elsewhere: Documents that the same person holds in another session.
    """
    if elsewhere:
        return f"another session of yours holds {elsewhere} of the {waiting} that wait"
    if searched:
        return f"nothing free matches {searched}"
    if waiting:
        return f"nothing is free: others hold the {waiting} that wait"
    return "nothing waits for you"


def suggestion(item: Item, offered: Sequence[LabelChoice]) -> str:
    """Return the label that Enter gives; "" where none may or can be suggested.

    What looks like none of the labels, or like one that is retired, suggests none.
    """
    label = _likely(item)
    return label if any(each.trained and each.label == label for each in offered) else ""


def _likely(item: Item) -> str:
    """Return the label that the model names first; "" where it names none, or another."""
    verdict, prediction = item.document.verdict, item.entry.prediction
    if item.blind or verdict is None or verdict.label is None:
        return ""
    if prediction is not None and prediction.label != verdict.label:
        return ""
    return verdict.label


def first_page(item: Item) -> int:
    """Return the page to show first, counted from 0: that with something on it."""
    prediction = item.entry.prediction
    return prediction.pages[0].number if prediction is not None else 0


def turned(item: Item, number: int) -> int:
    """Return by how many degrees, clockwise, a page is to be turned back to be upright."""
    prediction = item.entry.prediction
    pages = () if prediction is None else prediction.pages
    return next((page.turned for page in pages if page.number == number), 0)


def words_spoke(item: Item) -> bool:
    """Whether the words of a document had a say in its prediction, and that may be shown."""
    prediction = item.entry.prediction
    return not item.blind and prediction is not None and prediction.read is not None


def shares(item: Item) -> dict[str, float]:
    """Return the probability of every label that may be shown, 0-1."""
    if item.blind or item.entry.prediction is None:
        return {}
    return dict(item.entry.prediction.ranked)


def age(entry: ReviewEntry, now: dt.datetime) -> str:
    """Return for how long a document has been here, roughly."""
    seconds = (now - entry.document.arrived_at).total_seconds()
    for size, unit in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        count = int(seconds // size)
        if count >= 1:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "a moment"
