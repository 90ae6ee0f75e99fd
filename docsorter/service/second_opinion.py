"""A second opinion: agreed and nothing moves, or disagreed and the document waits again."""

from collections.abc import Callable

from docsorter.deliver.faults import PlanPoint
from docsorter.deliver.mover import Mover
from docsorter.deliver.places import review_path
from docsorter.documents import Answer, Document, Move, Place, ReviewEntry, State
from docsorter.store import Destination, Manner, Store


class SecondOpinion:
    """Takes second opinions, and takes them back.

    Args:
        store: Commits them.
        mover: Announces steps.
        carry: Carries out a planned move for somebody, or takes it back.
    """

    def __init__(self, store: Store, mover: Mover, carry: Callable[[Move, str], Document]) -> None:
        self._store = store
        self._mover = mover
        self._carry = carry

    def answer(
        self,
        entry: ReviewEntry,
        label: str | None,
        *,
        token: str | None,
        reviewer: str,
        uid: int,
        manner: Manner,
    ) -> Document:
        """Take a second opinion; errors are those of `Acts.answer`."""
        back = Destination(Place.REVIEW, review_path(entry.document), State.REVIEW)
        with self._mover.step(PlanPoint.ANSWER_PLANNED):
            _, move = self._store.answer_second(
                entry.id,
                back,
                label=label,
                token=token,
                reviewer=reviewer,
                uid=uid,
                manner=manner,
            )
        return self._carried(entry.document.id, move, reviewer)

    def undo(self, answer: Answer, *, reviewer: str, uid: int) -> Document:
        """Take a second opinion back; what it moved returns to where the first answer put it."""
        to = self._store.way_back(answer)
        with self._mover.step(PlanPoint.UNDO_PLANNED):
            _, move = self._store.undo_second(answer.document_id, to, reviewer=reviewer, uid=uid)
        return self._carried(answer.document_id, move, reviewer)

    def _carried(self, document_id: int, move: Move | None, reviewer: str) -> Document:
        return self._store.document(document_id) if move is None else self._carry(move, reviewer)
