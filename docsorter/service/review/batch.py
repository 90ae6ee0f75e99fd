"""One gesture for many documents: each remains an act of its own, which can be undone alone."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from docsorter.documents import Document
from docsorter.errors import DocsorterError
from docsorter.store import ReviewFilter, Store

Progress = Callable[[int], None]
"""Told how many are done."""

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Failed:
    """What could not be done.

    Attributes:
        document_id: Of which document.
        error: Why.
    """

    document_id: int
    error: DocsorterError


@dataclass(slots=True)
class Gesture:
    """What became of one gesture.

    Attributes:
        batch: What joins its answers.
        done: Documents as they are now.
        failed: What could not be done; those documents are as they were.
    """

    batch: str
    done: list[Document] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)


def new_batch() -> str:
    """Return a name for a gesture that no other has."""
    return secrets.token_hex(8)


def for_each(
    document_ids: Iterable[int],
    act: Callable[[int], Document],
    *,
    batch: str = "",
    progress: Progress = lambda _: None,
) -> Gesture:
    """Do the same to many documents; one that fails does not keep the others.

    Args:
        document_ids: Which ones; named twice is done once.
        act: What to do to one.
        batch: What joins the answers.
        progress: Told after each.
    """
    gesture = Gesture(batch)
    for count, number in enumerate(dict.fromkeys(document_ids), start=1):
        try:
            gesture.done.append(act(number))
        except DocsorterError as error:
            gesture.failed.append(Failed(number, error))
        progress(count)
    return gesture


def matching(store: Store, wanted: ReviewFilter) -> Sequence[int]:
    """Return the numbers of all documents that wait and match, the oldest first."""
    found: list[int] = []
    while True:
        page = store.review.entries(filter=wanted, limit=_PAGE, offset=len(found))
        found += [entry.document.id for entry in page]
        if len(page) < _PAGE:
            return found
