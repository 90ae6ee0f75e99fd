"""What `verify` asks of the store, to compare it with the disk."""

import itertools

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from docsorter.documents import MoveState, Place, Purpose, State
from docsorter.store import check_rows, records, rows
from docsorter.store.audit_words import Expected
from docsorter.store.evidence_tables import CheckRow
from docsorter.store.tables import DocumentRow, EntryRow, MoveRow, TallyRow
from docsorter.store.transactions import Transactions

_WITH_FILE = (State.SPOOLED, State.REVIEW, State.SORTED, State.REJECTED)


class AuditStore(Transactions):
    """The part of the store that is compared with the disk."""

    def expected(self, after_id: int, limit: int) -> list[Expected]:
        """Return documents that have a file, by number, a batch at a time.

        Args:
            after_id: Only greater numbers; 0 at first.
            limit: How many at most; fewer come only at the end.
        """
        query = (
            select(DocumentRow)
            .where(
                DocumentRow.id > after_id,
                DocumentRow.state.in_(_WITH_FILE),
                DocumentRow.forgotten_at.is_(None),
            )
            .order_by(DocumentRow.id)
            .limit(limit)
        )
        with self.read() as session:
            found = [records.document(row) for row in session.scalars(query)]
            texts = _sidecars(session, [document.id for document in found])
            moving = _moving(session, [document.id for document in found])
        return [Expected(each, texts.get(each.id), each.id in moving) for each in found]

    def expected_now(self, document_id: int) -> Expected | None:
        """Return the same of one document; None when it needs no file any more."""
        found = self.expected(document_id - 1, 1)
        return found[0] if found and found[0].document.id == document_id else None

    def knows_path(self, place: Place, path: str) -> bool:
        """Say whether a document is there, or is on its way there or from there; reads all rows."""
        here = select(DocumentRow.id).where(
            DocumentRow.path == path,
            DocumentRow.place == place,
            DocumentRow.forgotten_at.is_(None),
            DocumentRow.state.in_((State.CLAIMING, *_WITH_FILE)),
        )
        with self.read() as session:
            if session.scalar(here.limit(1)) is not None:
                return True
            planned = session.scalars(select(MoveRow).where(MoveRow.closed_at.is_(None)))
            return any(
                (place, path) in {(m.from_place, m.from_path), (m.to_place, m.to_path)}
                for m in planned
            )

    def strayed_entries(self) -> list[int]:
        """Return documents whose review entry does not fit their state, and that are not moving.

        What waits for a decision is exactly what is in review; only what is sorted can be checked.
        """
        without = select(DocumentRow.id).where(
            DocumentRow.state == State.REVIEW,
            ~select(EntryRow.id)
            .where(
                EntryRow.document_id == DocumentRow.id,
                EntryRow.closed_at.is_(None),
                EntryRow.purpose == Purpose.DECIDE,
            )
            .exists(),
            ~rows.is_planned(),
        )
        stale = (
            select(DocumentRow.id)
            .join(EntryRow, EntryRow.document_id == DocumentRow.id)
            .where(EntryRow.closed_at.is_(None), ~_fits(), ~rows.is_planned())
        )
        unasked = (
            select(DocumentRow.id)
            .join(CheckRow, CheckRow.document_id == DocumentRow.id)
            .where(
                CheckRow.settled_at.is_(None),
                DocumentRow.state != State.REVIEW,
                ~select(EntryRow.id)
                .where(EntryRow.document_id == DocumentRow.id, EntryRow.closed_at.is_(None))
                .exists(),
                ~rows.is_planned(),
            )
        )
        with self.read() as session:
            found = (session.scalars(query) for query in (without, stale, unasked))
            return sorted(set(itertools.chain(*found)))

    def knows_bytes(self, sha256: str) -> bool:
        """Say whether a delivered document has these bytes."""
        query = select(DocumentRow.id).where(
            DocumentRow.sha256 == sha256, DocumentRow.state == State.SORTED
        )
        with self.read() as session:
            return session.scalar(query.limit(1)) is not None

    def document_count(self) -> int:
        """Return how many documents there are, from the counters."""
        with self.read() as session:
            return int(session.scalar(select(func.sum(TallyRow.documents))) or 0)


def _fits() -> ColumnElement[bool]:
    """Return the condition "this open entry can be answered where its document lies"."""
    unsettled = select(CheckRow.id).where(
        CheckRow.document_id == DocumentRow.id, CheckRow.settled_at.is_(None)
    )
    return or_(
        and_(EntryRow.purpose == Purpose.DECIDE, DocumentRow.state == State.REVIEW),
        and_(
            EntryRow.purpose == Purpose.CHECK,
            DocumentRow.state.in_(check_rows.CHECKABLE),
            unsettled.exists(),
        ),
        and_(EntryRow.purpose == Purpose.SECOND, DocumentRow.state.in_(check_rows.CHECKABLE)),
    )


def _sidecars(session: Session, numbers: list[int]) -> dict[int, str | None]:
    """Return the sidecar that the last finished move of each document published."""
    last = (
        select(func.max(MoveRow.id))
        .where(MoveRow.document_id.in_(numbers), MoveRow.state == MoveState.DONE)
        .group_by(MoveRow.document_id)
    )
    found = session.execute(
        select(MoveRow.document_id, MoveRow.sidecar).where(MoveRow.id.in_(last))
    )
    return dict(found.all())


def _moving(session: Session, numbers: list[int]) -> set[int]:
    query = select(MoveRow.document_id).where(
        MoveRow.document_id.in_(numbers), MoveRow.closed_at.is_(None)
    )
    return set(session.scalars(query))
