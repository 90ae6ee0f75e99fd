"""Statements that every document meets, built once: building one costs more than asking it."""

from typing import Final, cast

from sqlalchemy import BindParameter, Table, and_, bindparam, func, insert, or_, select

from docsorter.documents import ReasonCode, State, VerdictKind
from docsorter.store.evidence_tables import CheckRow
from docsorter.store.tables import DocumentRow, EntryRow, EventRow, MoveRow, PredictionRow

_IS_DUPLICATE = (DocumentRow.reason == ReasonCode.DUPLICATE) & (
    DocumentRow.verdict == VerdictKind.REJECT
)

EARLIER: Final = (
    select(DocumentRow.id)
    .where(
        DocumentRow.sha256 == bindparam("sha256"),
        or_(
            DocumentRow.id < bindparam("before_id"),
            and_(DocumentRow.id > bindparam("before_id"), DocumentRow.verdict.is_not(None)),
        ),
        DocumentRow.state != State.WITHDRAWN,
        DocumentRow.forgotten_at.is_(None),
        # NULL is not true, so a document without a verdict counts
        func.coalesce(_IS_DUPLICATE, False).is_(False),
    )
    .order_by(DocumentRow.id)
    .limit(1)
)
"""Number of the first document with the bytes `sha256` that was kept; `before_id` asks."""

IS_PLANNED: Final = (
    select(MoveRow.id)
    .where(MoveRow.document_id == DocumentRow.id, MoveRow.closed_at.is_(None))
    .exists()
)
"""A move of the document is planned; a condition for a query on documents."""

_SPOOLED = select(DocumentRow).where(DocumentRow.state == State.SPOOLED, ~IS_PLANNED)
_MOST: BindParameter[int] = bindparam("most")

# Two questions, each answered from the index; "or" would read the whole spool.
FRESH: Final = (
    _SPOOLED.where(DocumentRow.next_try_at.is_(None)).order_by(DocumentRow.id).limit(_MOST)
)
"""At most `most` documents in the spool that were never tried."""
AGAIN: Final = (
    _SPOOLED.where(DocumentRow.next_try_at <= bindparam("now"))
    .order_by(DocumentRow.next_try_at)
    .limit(_MOST)
)
"""At most `most` documents in the spool whose next try has come at `now`."""

_FIRST = func.min(DocumentRow.next_try_at)
NEXT_TRIES: Final = (
    select(_FIRST).where(DocumentRow.state == State.SPOOLED),
    select(_FIRST).where(
        DocumentRow.id.in_(select(MoveRow.document_id).where(MoveRow.closed_at.is_(None)))
    ),
)
"""When the first waiting document, and the first planned move, is tried again."""

LOOSE_MOVE: Final = (
    select(MoveRow.id)
    .join(DocumentRow, DocumentRow.id == MoveRow.document_id)
    .where(
        MoveRow.closed_at.is_(None),
        or_(
            DocumentRow.next_try_at <= bindparam("due_at"),
            MoveRow.planned_at < bindparam("planned_before"),
            MoveRow.planned_at > bindparam("planned_after"),
        ),
    )
    .limit(1)
)
"""A planned move that is tried again by `due_at`, or was planned at another time than lately."""

OPEN_ENTRY: Final = select(EntryRow).where(
    EntryRow.document_id == bindparam("document_id"), EntryRow.closed_at.is_(None)
)
"""The open review entry of the document `document_id`."""

AWAITED: Final = (
    select(CheckRow.id)
    .where(CheckRow.document_id == bindparam("document_id"), CheckRow.settled_at.is_(None))
    .exists()
    | select(EntryRow.id)
    .where(EntryRow.document_id == bindparam("document_id"), EntryRow.closed_at.is_(None))
    .exists()
)
"""Whether the document `document_id` has an open check or an open review entry."""
IS_AWAITED: Final = select(AWAITED)

# New rows that nothing else in the transaction speaks of need no object of their own, which costs
# several times what the statement does.
NEW_DOCUMENT: Final = insert(cast("Table", DocumentRow.__table__))
NEW_MOVE: Final = insert(cast("Table", MoveRow.__table__))
NEW_EVENT: Final = insert(cast("Table", EventRow.__table__))
NEW_PREDICTION: Final = insert(cast("Table", PredictionRow.__table__))
