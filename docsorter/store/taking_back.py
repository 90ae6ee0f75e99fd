"""Taking back what was sorted, by a person or by the machine alone, one document at a time."""

import datetime as dt
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from docsorter.documents import Document, Move, Purpose, ReasonCode, State, Verdict
from docsorter.store import check_rows, records, rows, second_rows, tallies
from docsorter.store.tables import AnswerRow, DocumentRow
from docsorter.store.transactions import Transactions
from docsorter.store.words import BY_MACHINE, Destination, TakeBack

HOLD_UNTIL: Final = "hold_until"
"""Key in the memory of a planned move: until then nobody else decides the document again."""


class TakingBackStore(Transactions):
    """The part of the store that takes decisions back."""

    def to_take_back(self, wanted: TakeBack, *, after_id: int = 0, limit: int) -> list[Document]:
        """Return documents that are to be taken back, by number, a batch at a time.

        Args:
            wanted: Which ones.
            after_id: Only greater numbers; 0 at first.
            limit: How many at most; fewer come only at the end.
        """
        query = _chosen(wanted).where(DocumentRow.id > after_id).order_by(DocumentRow.id)
        with self.read() as session:
            return [records.document(row) for row in session.scalars(query.limit(limit))]

    def plan_taking_back(
        self,
        document_id: int,
        destination: Destination,
        verdict: Verdict,
        *,
        actor: str,
        batch: str,
        hold_until: dt.datetime | None = None,
    ) -> Move:
        """Take a decision back, with every answer to it, and plan the move.

        Args:
            document_id: Sorted or rejected.
            destination: The review folder, or the spool to be decided again.
            verdict: What holds from now on, with the reason UNDONE.
            actor: Who takes it back.
            batch: What joins the documents of one gesture, for the log.
            hold_until: Nobody else decides it before then, once it is in the spool.

        Raises:
            ConflictError: It is not sorted or rejected any more, or is being moved.
            NotFoundError: There is no such document.
        """
        now = self._now()
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            second_rows.refuse_undecided(row)
            standing = _standing(session, row.id)
            before = records.decision(row)
            if hold_until is not None:
                before[HOLD_UNTIL] = hold_until.isoformat()
            move = rows.plan(
                session,
                row,
                destination,
                actor=actor,
                now=now,
                before=before,
                answer_id=standing[-1].id if standing else None,
            )
            for answer in standing:
                answer.undone_at = now
            session.flush()
            for answer in standing:
                check_rows.answers_changed(session, answer, now)
            detail: dict[str, object] = {
                "label": row.label,
                "model": row.model,
                "by": row.answered_by,
                "answers": [answer.id for answer in standing],
                "to": destination.place.value,
                "batch": batch,
            }
            with tallies.recounted(session, row):
                records.set_verdict(row, verdict, now)
                row.answered_by = None
            rows.log(session, "taken_back", at=now, actor=actor, document_id=row.id, detail=detail)
            return move


def _standing(session: Session, document_id: int) -> list[AnswerRow]:
    query = select(AnswerRow).where(
        AnswerRow.document_id == document_id, AnswerRow.undone_at.is_(None)
    )
    found = list(session.scalars(query.order_by(AnswerRow.id)))
    # The decision last: it is what the move is remembered by.
    return sorted(found, key=lambda answer: (answer.purpose is Purpose.DECIDE, answer.id))


def _chosen(wanted: TakeBack) -> Select[DocumentRow]:
    by_name = wanted.ids is not None or wanted.by not in {"", BY_MACHINE}
    states = [State.SORTED, *([State.REJECTED] if by_name else [])]
    sorted_so: ColumnElement[bool] = DocumentRow.state.in_(states)
    if wanted.by == BY_MACHINE:
        sorted_so = and_(sorted_so, DocumentRow.answered_by.is_(None))
    elif wanted.by:
        sorted_so = and_(sorted_so, DocumentRow.answered_by == wanted.by)
    if wanted.in_spool:  # who had decided it is forgotten by then
        undone = DocumentRow.reason == ReasonCode.UNDONE
        sorted_so = or_(sorted_so, and_(DocumentRow.state == State.SPOOLED, undone))
    query = select(DocumentRow).where(sorted_so, DocumentRow.forgotten_at.is_(None))
    if wanted.ids is not None:
        query = query.where(DocumentRow.id.in_(wanted.ids))
    if wanted.since is not None:
        query = query.where(DocumentRow.decided_at >= wanted.since)
    if wanted.model is not None:
        query = query.where(DocumentRow.model == wanted.model)
    if wanted.label is not None:
        query = query.where(DocumentRow.label == wanted.label)
    return query
