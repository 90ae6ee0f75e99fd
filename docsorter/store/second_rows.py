"""Steps of a second opinion inside a transaction: asked for, given, taken back."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from docsorter.documents import Purpose, ReasonCode, State
from docsorter.errors import ConflictError
from docsorter.store import rows
from docsorter.store.tables import AnswerRow, DocumentRow, EntryRow, MoveRow


def ask(
    session: Session, row: DocumentRow, of: EntryRow, *, reviewer: str, now: dt.datetime
) -> None:
    """Ask for another answer to a document, blind; its first entry is closed by now."""
    session.flush()
    session.add(
        EntryRow(
            document_id=row.id,
            created_at=now,
            reason=row.reason or ReasonCode.ANSWERED,
            label=of.label,
            confidence=of.confidence,
            source=of.source,
            skips=0,
            purpose=Purpose.SECOND,
            blind=True,
            not_for=reviewer,
        )
    )
    session.flush()


def is_asked(session: Session, document_id: int) -> bool:
    """Say whether a second opinion of a document is waited for."""
    entry = rows.open_entry_row(session, document_id)
    return entry is not None and entry.purpose is Purpose.SECOND


def first_answer(session: Session, document_id: int) -> AnswerRow:
    """Return the answer that a second opinion, about to be given, is compared with.

    Raises:
        ConflictError: It was taken back meanwhile.
    """
    query = select(AnswerRow).where(
        AnswerRow.document_id == document_id,
        AnswerRow.purpose != Purpose.SECOND,
        AnswerRow.undone_at.is_(None),
    )
    found = session.scalar(query.order_by(AnswerRow.id.desc()).limit(1))
    if found is None:
        raise ConflictError(
            f"the first answer to document {document_id} was taken back meanwhile",
            remedy="take the next one",
        )
    return found


def opinions_of(session: Session, first: AnswerRow) -> list[AnswerRow]:
    """Return the second opinions of an answer that stand."""
    query = select(AnswerRow).where(
        AnswerRow.document_id == first.document_id,
        AnswerRow.purpose == Purpose.SECOND,
        AnswerRow.undone_at.is_(None),
        AnswerRow.id > first.id,
    )
    return list(session.scalars(query))


def refuse_undecided(row: DocumentRow) -> None:
    """Refuse to take back an answer that was overtaken: the document waits for people again.

    Raises:
        ConflictError: It does.
    """
    if row.state not in {State.SORTED, State.REJECTED}:
        raise ConflictError(
            f"document {row.id} is not where that answer put it: it is {row.state}",
            remedy=f"docsorter explain {row.id} shows what happened",
        )


def stand_again(session: Session, move: MoveRow, answer: AnswerRow, now: dt.datetime) -> None:
    """Let what an undo took back stand, because its move was given up."""
    together = select(AnswerRow).where(
        AnswerRow.document_id == move.document_id, AnswerRow.undone_at == move.planned_at
    )
    for each in session.scalars(together):
        each.undone_at = None
    answer.undone_at = None
    if answer.purpose is Purpose.SECOND and move.next_state is not State.REVIEW:
        rows.close_entry(session, move.document_id, now)
        session.flush()
        rows.open_entry(session, rows.document_row(session, move.document_id), now)
