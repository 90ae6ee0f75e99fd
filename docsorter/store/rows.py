"""Steps that several parts of the store take inside their transactions."""

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, Insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from docsorter.documents import Move, MoveState, Place, Purpose, ReasonCode
from docsorter.errors import ConflictError, NotFoundError
from docsorter.store import statements
from docsorter.store.tables import AnswerRow, DocumentRow, EntryRow, MoveRow
from docsorter.store.words import Destination


def document_row(session: Session, document_id: int, *, lock: bool = False) -> DocumentRow:
    """Return a document's row, locked against other writers if asked.

    Raises:
        NotFoundError: There is none.
    """
    row = session.get(DocumentRow, document_id, with_for_update=lock or None)
    if row is None:
        raise no_document(document_id)
    return row


def no_document(document_id: int) -> NotFoundError:
    """Return the error for a document that does not exist."""
    return NotFoundError(
        f"there is no document {document_id}", remedy="docsorter history lists the latest"
    )


def is_planned() -> ColumnElement[bool]:
    """Return the condition "a move of this document is planned" for a query on documents."""
    return statements.IS_PLANNED


def planned_move_row(session: Session, document_id: int) -> MoveRow | None:
    """Return the move of a document that is planned and neither done nor abandoned."""
    return session.scalar(
        select(MoveRow).where(MoveRow.document_id == document_id, MoveRow.closed_at.is_(None))
    )


def move_row(session: Session, move_id: int) -> MoveRow:
    """Return a move's row, locked against other writers.

    Raises:
        NotFoundError: There is none.
    """
    row = session.get(MoveRow, move_id, with_for_update=True)
    if row is None:
        raise no_move(move_id)
    return row


def no_move(move_id: int) -> NotFoundError:
    """Return the error for a move that does not exist."""
    return NotFoundError(
        f"there is no move {move_id}", remedy="docsorter history lists the latest documents"
    )


def planned_row(session: Session, move_id: int) -> MoveRow:
    """Return a move's row, which is still planned.

    Raises:
        ConflictError: It was finished or abandoned.
        NotFoundError: There is none.
    """
    row = move_row(session, move_id)
    refuse_closed(row)
    return row


def refuse_closed(move: MoveRow) -> None:
    """Refuse a move that is not planned any more.

    Raises:
        ConflictError: It was finished or abandoned.
    """
    if move.state is not MoveState.PLANNED:
        raise ConflictError(
            f"move {move.id} of document {move.document_id} is {move.state} already",
            remedy="somebody else was faster; nothing is left to do",
        )


def refuse_forgotten(row: DocumentRow) -> None:
    """Refuse to learn anything new of a document that is forgotten.

    Raises:
        ConflictError: It is.
    """
    if row.forgotten_at is not None:
        raise ConflictError(f"document {row.id} is forgotten", remedy="drop the file again")


def refuse_moving(session: Session, document_id: int) -> None:
    """Refuse to go on with a document while a move of it is planned.

    Raises:
        ConflictError: One is.
    """
    if planned_move_row(session, document_id) is not None:
        raise being_moved(document_id)


def being_moved(document_id: int) -> ConflictError:
    """Return the error for a document that somebody else is moving just now."""
    return ConflictError(
        f"document {document_id} is being moved already", remedy="wait a moment and repeat"
    )


def plan(
    session: Session,
    row: DocumentRow,
    destination: Destination,
    *,
    actor: str,
    now: dt.datetime,
    before: dict[str, object],
    answer_id: int | None = None,
) -> Move:
    """Add a planned move from where the document is.

    Raises:
        ConflictError: Another move of it is planned.
    """
    refuse_forgotten(row)
    values: dict[str, Any] = {
        "document_id": row.id,
        "from_place": row.place,
        "from_path": row.path,
        "to_place": destination.place,
        "to_path": destination.path,
        "state": MoveState.PLANNED,
        "next_state": destination.next_state,
        "sidecar": destination.sidecar,
        "planned_at": now,
    }
    try:
        number = inserted(
            session,
            statements.NEW_MOVE,
            {**values, "actor": actor, "answer_id": answer_id, "before": before},
        )
    except IntegrityError as error:
        # One planned move at most of a document, and from a path: the indexes see to that.
        if MoveRow.__tablename__ not in str(error.orig):
            raise
        if values["from_place"] is Place.INBOX:
            raise ConflictError(
                f"{values['from_path']} is being claimed already", remedy="it is taken care of"
            ) from error
        raise being_moved(values["document_id"]) from error
    return Move(id=number, **values)


def inserted(session: Session, statement: Insert, values: dict[str, object]) -> int:
    """Insert a row and return its number."""
    key = session.connection().execute(statement, values).inserted_primary_key
    assert key is not None, "one row was inserted"
    return int(key[0])


def log(
    session: Session,
    kind: str,
    *,
    at: dt.datetime,
    actor: str,
    document_id: int | None,
    detail: dict[str, object] | None = None,
) -> int:
    """Add a line to the log and return its number."""
    line = {"at": at, "kind": kind, "actor": actor, "document_id": document_id}
    return inserted(session, statements.NEW_EVENT, {**line, "detail": detail or {}})


def move_of_answer(session: Session, document_id: int, answer_id: int) -> MoveRow | None:
    """Return the finished move that carried a standing answer out."""
    return session.scalar(
        select(MoveRow)
        .where(
            MoveRow.document_id == document_id,  # has the index
            MoveRow.answer_id == answer_id,
            MoveRow.state == MoveState.DONE,
        )
        .order_by(MoveRow.id)
        .limit(1)
    )


def last_standing(session: Session, document_id: int) -> AnswerRow | None:
    """Return the newest answer to a document that was not taken back."""
    return session.scalar(
        select(AnswerRow)
        .where(AnswerRow.document_id == document_id, AnswerRow.undone_at.is_(None))
        .order_by(AnswerRow.id.desc())
        .limit(1)
    )


def open_entry_row(session: Session, document_id: int) -> EntryRow | None:
    """Return the open review entry of a document."""
    return session.scalar(statements.OPEN_ENTRY, {"document_id": document_id})


def open_entry(session: Session, row: DocumentRow, now: dt.datetime) -> None:
    """Put a document before a person: its old entry opens again, or it gets one."""
    entry = session.scalar(
        select(EntryRow)
        .where(EntryRow.document_id == row.id, EntryRow.purpose == Purpose.DECIDE)
        .order_by(EntryRow.id.desc())
        .limit(1)
    )
    if entry is None:
        entry = EntryRow(document_id=row.id)
        session.add(entry)
    entry.created_at = now
    entry.reason = row.reason or ReasonCode.UNSURE
    entry.label = row.label
    entry.confidence = row.confidence or 0.0  # nothing seen is least sure
    entry.source = row.source
    entry.skips = 0
    entry.skipped_until = None
    entry.closed_at = None


def close_entry(session: Session, document_id: int, now: dt.datetime) -> None:
    """Take a document from before people, if it is there."""
    entry = open_entry_row(session, document_id)
    if entry is not None:
        entry.closed_at = now
        end_lease(entry)


def end_lease(entry: EntryRow) -> None:
    """Let everybody have the entry."""
    entry.lease_owner = entry.lease_token = entry.lease_expires_at = None
