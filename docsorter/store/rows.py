"""Steps that several repositories take inside their transactions.

Statements that every document meets are built once, for building one costs more than asking it;
what they read and insert is no object that SQLAlchemy follows, for the same reason.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

from sqlalchemy import (
    Connection,
    Insert,
    Select,
    Table,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from docsorter.documents import Move, MoveState, Place, Purpose, ReasonCode, State, Verdict
from docsorter.errors import ConflictError, NotFoundError
from docsorter.store import conversion, words
from docsorter.store.records import Destination, Findings, Manner
from docsorter.store.tables import (
    AnswerRow,
    DocumentColumns,
    DocumentRow,
    EntryRow,
    EventRow,
    LabelChangeRow,
    MoveColumns,
    MoveRow,
    PredictionRow,
    TallyRow,
)

_DOCUMENTS: Final = cast("Table", DocumentRow.__table__)
_MOVES: Final = cast("Table", MoveRow.__table__)
_EVENTS: Final = cast("Table", EventRow.__table__)
_PREDICTIONS: Final = cast("Table", PredictionRow.__table__)

_DOCUMENT: Final = (
    select(_DOCUMENTS).where(_DOCUMENTS.c.id == bindparam("number")).with_for_update()
)
_MOVE: Final = (
    select(*_MOVES.columns, *_DOCUMENTS.columns)
    .join_from(_MOVES, _DOCUMENTS, _DOCUMENTS.c.id == _MOVES.c.document_id)
    .where(_MOVES.c.id == bindparam("number"))
)
_LOCKED_MOVE: Final = _MOVE.with_for_update()
_CHANGE_DOCUMENT: Final = update(_DOCUMENTS).where(_DOCUMENTS.c.id == bindparam("number"))
_CHANGE_MOVE: Final = update(_MOVES).where(_MOVES.c.id == bindparam("number"))
_NOTHING: Final[dict[str, Any]] = dict.fromkeys(DocumentColumns._fields)
_NEW_DOCUMENT: Final = insert(_DOCUMENTS)
_NEW_MOVE: Final = insert(_MOVES)
_NEW_EVENT: Final = insert(_EVENTS)
_NEW_PREDICTION: Final = insert(_PREDICTIONS)

IS_PLANNED: Final = (
    select(MoveRow.id)
    .where(MoveRow.document_id == DocumentRow.id, MoveRow.closed_at.is_(None))
    .exists()
)
"""A move of the document is planned; a condition for a query on documents."""
OPEN_ENTRY: Final = select(EntryRow).where(
    EntryRow.document_id == bindparam("document_id"), EntryRow.closed_at.is_(None)
)
"""The open review entry of the document `document_id`."""


CounterKey = tuple[State, str, bool]
# The same words are understood by SQLite and PostgreSQL.
_COUNT = text(
    "INSERT INTO tallies (state, label, by_person, documents)"
    " VALUES (:state, :label, :by_person, :by)"
    " ON CONFLICT (state, label, by_person)"
    " DO UPDATE SET documents = tallies.documents + excluded.documents"
)


def document_row(session: Session, document_id: int, *, lock: bool = False) -> DocumentRow:
    """Return a document's row, locked against other writers if asked.

    Raises:
        NotFoundError: There is none.
    """
    row = session.get(DocumentRow, document_id, with_for_update=lock or None)
    if row is None:
        raise _no_document(document_id)
    return row


def _no_document(document_id: int) -> NotFoundError:
    return NotFoundError(
        f"there is no document {document_id}", remedy="docsorter history lists the latest"
    )


def document_columns(connection: Connection, document_id: int) -> DocumentColumns:
    """Return the columns of a document, locked against other writers.

    Raises:
        NotFoundError: There is none.
    """
    found = connection.execute(_DOCUMENT, {"number": document_id}).one_or_none()
    if found is None:
        raise _no_document(document_id)
    return DocumentColumns._make(found)


def move_columns(
    connection: Connection, move_id: int, *, lock: bool = False
) -> tuple[MoveColumns, DocumentColumns]:
    """Return the columns of a move and of its document, locked if asked.

    Raises:
        NotFoundError: There is none.
    """
    found = connection.execute(_LOCKED_MOVE if lock else _MOVE, {"number": move_id}).one_or_none()
    if found is None:
        raise _no_move(move_id)
    width = len(MoveColumns._fields)
    return MoveColumns._make(found[:width]), DocumentColumns._make(found[width:])


def insert_document(session: Session, values: dict[str, Any]) -> DocumentColumns:
    """Insert a document and return its columns; what is left out is null."""
    number = _inserted(session, _NEW_DOCUMENT, values)
    return DocumentColumns(**{**_NOTHING, "id": number, **values})


def change_document(
    connection: Connection, columns: DocumentColumns, changes: dict[str, Any]
) -> DocumentColumns:
    """Write what differs from the columns of a document, and return them as they are now."""
    changed = {name: new for name, new in changes.items() if new != getattr(columns, name)}
    if changed:
        connection.execute(_CHANGE_DOCUMENT, {"number": columns.id, **changed})
    return columns._replace(**changed)


def change_move(connection: Connection, move_id: int, changes: dict[str, Any]) -> None:
    """Write changes into the columns of a move."""
    connection.execute(_CHANGE_MOVE, {"number": move_id, **changes})


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
        raise _no_move(move_id)
    return row


def _no_move(move_id: int) -> NotFoundError:
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


def refuse_closed(move: MoveRow | MoveColumns) -> None:
    """Refuse a move that is not planned any more.

    Raises:
        ConflictError: It was finished or abandoned.
    """
    if move.state is not MoveState.PLANNED:
        raise ConflictError(
            f"move {move.id} of document {move.document_id} is {move.state} already",
            remedy="somebody else was faster; nothing is left to do",
        )


def refuse_forgotten(row: DocumentRow | DocumentColumns) -> None:
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
        raise _being_moved(document_id)


def _being_moved(document_id: int) -> ConflictError:
    return ConflictError(
        f"document {document_id} is being moved already", remedy="wait a moment and repeat"
    )


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


def plan(
    session: Session,
    row: DocumentRow | DocumentColumns,
    destination: Destination,
    *,
    actor: str,
    now: dt.datetime,
    before: dict[str, object] | None = None,
    answer_id: int | None = None,
) -> Move:
    """Add a planned move from where the document is.

    Args:
        session: Of the transaction.
        row: The document.
        destination: Where it goes.
        actor: Unix user name, or "daemon".
        now: The time.
        before: What was decided of it before the plan; None takes that from the row.
        answer_id: The answer that the move carries out.

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
        number = _inserted(
            session,
            _NEW_MOVE,
            {
                **values,
                "actor": actor,
                "answer_id": answer_id,
                "before": conversion.decision(row) if before is None else before,
            },
        )
    except IntegrityError as error:
        # One planned move at most of a document, and from a path: the indexes see to that.
        if MoveRow.__tablename__ not in str(error.orig):
            raise
        raise _planned_already(values) from error
    return Move(id=number, **values)


def _planned_already(move: dict[str, Any]) -> ConflictError:
    if move["from_place"] is Place.INBOX:
        return ConflictError(
            f"{move['from_path']} is being claimed already", remedy="it is taken care of"
        )
    return _being_moved(move["document_id"])


def plan_decided(
    session: Session,
    row: DocumentRow,
    destination: Destination,
    verdict: Verdict,
    answer: AnswerRow,
    *,
    answered_by: str | None,
) -> Move:
    """Plan the move that an answer to a delivered document leads to, and set its new verdict."""
    now = answer.answered_at
    move = plan(session, row, destination, actor=answer.reviewer, now=now, answer_id=answer.id)
    with recounted(session, row):
        conversion.set_verdict(row, verdict, now)
        row.answered_by = answered_by
    return move


def _inserted(session: Session, statement: Insert, values: dict[str, Any]) -> int:
    """Insert a row and return its number."""
    key = session.connection().execute(statement, values).inserted_primary_key
    assert key is not None, "one row was inserted"
    return int(key[0])


def log(
    session: Session,
    kind: str,
    at: dt.datetime,
    actor: str,
    document_id: int | None,
    /,
    **detail: object,
) -> int:
    """Add a line with facts that JSON can hold to the log, and return its number."""
    line = {"at": at, "kind": kind, "actor": actor, "document_id": document_id}
    return _inserted(session, _NEW_EVENT, {**line, "detail": detail})


def log_undone(
    session: Session, answer: AnswerRow, at: dt.datetime, actor: str, uid: int, **detail: object
) -> None:
    """Add to the log that a person took an answer back."""
    known = {"label": answer.label, "uid": uid, "answer": answer.id}
    log(session, "undone", at, actor, answer.document_id, **known, **detail)


def latest_prediction(session: Session, document_id: int) -> PredictionRow | None:
    """Return the latest prediction of a document, None when no model saw it."""
    return session.scalar(
        select(PredictionRow)
        .where(PredictionRow.document_id == document_id)
        .order_by(PredictionRow.id.desc())
        .limit(1)
    )


def latest_predictions(session: Session, document_ids: Iterable[int]) -> dict[int, PredictionRow]:
    """Return the latest prediction of each document that has one, by document id."""
    latest = (
        select(func.max(PredictionRow.id))
        .where(PredictionRow.document_id.in_(list(document_ids)))
        .group_by(PredictionRow.document_id)
    )
    found = session.scalars(select(PredictionRow).where(PredictionRow.id.in_(latest)))
    return {row.document_id: row for row in found}


def insert_findings(
    session: Session, document_id: int, findings: Findings, now: dt.datetime
) -> dict[str, Any]:
    """Write down a prediction, and return the columns that are known of its document by now."""
    prediction, digest = findings.prediction, findings.digest
    if prediction is not None:
        values = conversion.prediction_values(document_id, prediction, now)
        _inserted(session, _NEW_PREDICTION, values)
    if findings.text:
        words.keep(session, document_id, findings.text)
    known = {
        "model": None if prediction is None else prediction.model,
        "traits": dict(findings.traits) or None,
        "producer": findings.producer or None,
        "pages": findings.pages,
        "media_type": findings.media_type,
        "duplicate_of": findings.duplicate_of,
        **({} if digest is None else dataclasses.asdict(digest)),
    }
    return {column: value for column, value in known.items() if value is not None}


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


def standing_answers(document_id: int) -> Select[AnswerRow]:
    """Return the query for the answers to a document that were not taken back."""
    return select(AnswerRow).where(
        AnswerRow.document_id == document_id, AnswerRow.undone_at.is_(None)
    )


def last_standing(
    session: Session, document_id: int, *, but: Purpose | None = None
) -> AnswerRow | None:
    """Return the newest answer to a document that was not taken back, leaving a purpose out."""
    query = standing_answers(document_id)
    if but is not None:
        query = query.where(AnswerRow.purpose != but)
    return session.scalar(query.order_by(AnswerRow.id.desc()).limit(1))


def counter_key(row: DocumentRow | DocumentColumns) -> CounterKey:
    """Return under what a document is counted."""
    if row.state is not State.SORTED:
        return row.state, "", False
    return row.state, row.label or "", row.answered_by is not None


def count_document(session: Session, key: CounterKey, by: int) -> None:
    """Change a counter, in the transaction of what is counted."""
    session.connection().execute(_COUNT, _counter_change(key, by))


def _counter_change(key: CounterKey, by: int) -> dict[str, object]:
    state, label, by_person = key
    return {"state": state.value, "label": label, "by_person": by_person, "by": by}


@contextmanager
def recounted(session: Session, row: DocumentRow) -> Iterator[None]:
    """Keep the counters true while a document's row is changed in the block."""
    before = counter_key(row)
    yield
    recount(session, before, counter_key(row))


def recount(session: Session, before: CounterKey, after: CounterKey) -> None:
    """Count a document elsewhere than before."""
    if after != before:
        session.connection().execute(
            _COUNT, [_counter_change(before, -1), _counter_change(after, 1)]
        )


def counted_documents(session: Session) -> dict[CounterKey, int]:
    """Count the documents themselves, slowly, to check the counters."""
    person = DocumentRow.answered_by.is_not(None)
    columns = (DocumentRow.state, func.coalesce(DocumentRow.label, ""), person)
    found: dict[CounterKey, int] = {}
    for state, label, by_person, number in session.execute(
        select(*columns, func.count()).group_by(*columns)
    ):
        key = (state, label, bool(by_person)) if state is State.SORTED else (state, "", False)
        found[key] = found.get(key, 0) + number
    return found


def kept_counters(session: Session) -> dict[CounterKey, int]:
    """Return the counters that are not zero."""
    rows = session.scalars(select(TallyRow).where(TallyRow.documents != 0))
    return {(row.state, row.label, row.by_person): row.documents for row in rows}


def add_answer(  # noqa: PLR0913 -- what is known of an answer
    session: Session,
    entry: EntryRow,
    row: DocumentRow,
    *,
    label: str | None,
    reviewer: str,
    uid: int,
    now: dt.datetime,
    manner: Manner,
) -> AnswerRow:
    """Add an answer to an entry, and return its row; its purpose is that of the entry."""
    answer = AnswerRow(
        entry_id=entry.id,
        document_id=row.id,
        label=label,
        guess=entry.label,
        model=row.model,
        reviewer=reviewer,
        uid=uid,
        answered_at=now,
        purpose=entry.purpose,
        blind=entry.blind,
        seconds=manner.seconds,
        batch=manner.batch,
    )
    session.add(answer)
    return answer


_LABEL_CHANGES: Final = (
    select(LabelChangeRow.old, LabelChangeRow.new)
    .where(LabelChangeRow.undone_at.is_(None))
    .order_by(LabelChangeRow.id)
)


def label_names(connection: Connection) -> dict[str, str]:
    """Return what labels that were renamed or merged are called today, by the old label."""
    names: dict[str, str] = {}
    for old, new in connection.execute(_LABEL_CHANGES):
        names = {each: new if now == old else now for each, now in names.items()} | {old: new}
        names.pop(new, None)  # it is in use again
    return names


def refuse_renamed(connection: Connection, label: str | None) -> None:
    """Refuse a label that was renamed or merged since the caller chose it.

    Raises:
        ConflictError: It was.
    """
    names = label_names(connection)
    if label in names:
        raise ConflictError(
            f"the label {label} is {names[label]} since a moment ago", remedy="say the same again"
        )


def open_entry_row(session: Session, document_id: int) -> EntryRow | None:
    """Return the open review entry of a document."""
    return session.scalar(OPEN_ENTRY, {"document_id": document_id})


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


def check_lease(row: EntryRow, token: str | None, owner: str, now: dt.datetime) -> None:
    """Let the holder of an entry act on it, or anybody when nobody holds it.

    A token stays good after its time as long as nobody else took the entry: an answer is too
    dear to be thrown away.

    Raises:
        ConflictError: It was answered, or somebody else holds it.
    """
    refuse_answered(row)
    if token is None:
        refuse_held(row, owner, now)
    else:
        refuse_other_token(row, token)


def refuse_answered(row: EntryRow) -> None:
    """Refuse an entry that is closed."""
    if row.closed_at is not None:
        raise ConflictError(
            f"document {row.document_id} does not wait for a person any more",
            remedy=f"docsorter explain {row.document_id} shows what happened",
        )


def refuse_held(row: EntryRow, owner: str, now: dt.datetime) -> None:
    """Refuse an entry that somebody else holds just now."""
    expires = row.lease_expires_at
    if expires is not None and expires > now and row.lease_owner != owner:
        raise ConflictError(
            f"{row.lease_owner} is looking at document {row.document_id}",
            remedy=f"take another one, or wait until {expires:%H:%M:%S} UTC",
        )


def refuse_other_token(row: EntryRow, token: str) -> None:
    """Refuse a token that is not that of the entry's last lease."""
    if row.lease_token != token:
        raise ConflictError(
            f"the lease of document {row.document_id} ran out or was taken over: "
            "somebody else may have it",
            remedy="ask for the entry again",
        )
