"""Does what is before people fit the documents?

What waits for a decision is exactly what is in review. Whatever else is open is a blind check or a
second opinion of what has its place, and each check that is not settled is before people.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import select

from docsorter.documents import Document, Purpose, State
from docsorter.store import Store
from docsorter.store.tables import CheckRow, EntryRow

_PLACED: Final = (State.SORTED, State.REJECTED)
_MANY: Final = 1_000_000


def misfits(store: Store, documents: Iterable[Document]) -> Iterator[str]:
    """Yield in words what does not fit; documents that are being moved are left out."""
    query = select(EntryRow.document_id, EntryRow.purpose).where(EntryRow.closed_at.is_(None))
    drawn = select(CheckRow.document_id).where(CheckRow.settled_at.is_(None))
    with store.database.read() as session:
        opened = [(int(number), purpose) for number, purpose in session.execute(query)]
        unsettled = set(session.scalars(drawn))
    moving = {move.document_id for move in store.moves.planned(limit=_MANY)}
    states = {document.id: document.state for document in documents}
    waiting = {number for number, purpose in opened if purpose is Purpose.DECIDE}
    in_review = {number for number, state in states.items() if state is State.REVIEW}
    others = {number for number, purpose in opened if purpose is not Purpose.DECIDE}
    checked = {number for number, purpose in opened if purpose is Purpose.CHECK}
    placed = {number for number, state in states.items() if state in _PLACED}
    wrong = {
        "review entry and state differ": waiting ^ in_review,
        "is checked where nobody can answer it": (others - placed) | (checked - unsettled),
        "was drawn to be checked, and nobody is asked": (unsettled & placed) - others,
    }
    for text, numbers in wrong.items():
        yield from (f"document {number}: {text}" for number in sorted(numbers - moving))
