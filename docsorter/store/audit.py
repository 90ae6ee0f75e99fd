"""What `verify` asks of the store, and the repairs that cannot lose a byte."""

import itertools
import json

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, text
from sqlalchemy.orm import Session

from docsorter.documents import Document, MoveState, Place, Purpose, State
from docsorter.store import check_rows, records, rows, tallies
from docsorter.store.audit_words import Adopted, Expected
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

    def mend_entry(self, document_id: int, *, actor: str) -> None:
        """Open or close the review entry of a document so that it fits its state."""
        now = self._now()
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            if rows.planned_move_row(session, row.id) is not None:
                return
            entry = rows.open_entry_row(session, row.id)
            waits = entry is not None and entry.purpose is Purpose.DECIDE
            if row.state is not State.REVIEW or not waits:
                check_rows.open_entries(session, row, now)
            rows.log(session, "entry_mended", at=now, actor=actor, document_id=row.id)

    def recount(self, *, actor: str) -> None:
        """Set the counters to what is counted."""
        now = self._now()
        with self.write() as session:
            session.execute(delete(TallyRow))
            for key, number in tallies.real(session).items():
                tallies.count(session, key, number)
            rows.log(session, "recounted", at=now, actor=actor, document_id=None)

    def relocate(self, document_id: int, path: str, *, actor: str) -> Document:
        """Note that somebody gave a document's file another name in the same place."""
        now = self._now()
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            rows.refuse_forgotten(row)
            row.path = path
            detail: dict[str, object] = {"place": row.place.value}
            rows.log(session, "relocated", at=now, actor=actor, document_id=row.id, detail=detail)
            return records.document(row)

    def adopt(self, found: Adopted, *, actor: str) -> Document:
        """Give a delivered file that the store does not know a number of its own."""
        now = self._now()
        with self.write() as session:
            row = DocumentRow(
                name=found.name,
                source=found.source,
                state=State.SORTED if found.place is Place.SORTED else State.REJECTED,
                place=found.place,
                path=found.path,
                size=found.size,
                mtime_ns=found.mtime_ns,
                sha256=found.sha256,
                arrived_at=found.arrived_at,
                finished_at=now,
                answered_by=found.answered_by,
                pages=found.pages,
                producer="",
                attempts=0,
            )
            records.set_verdict(row, found.verdict, found.arrived_at)
            session.add(row)
            session.flush()
            tallies.count(session, tallies.key_of(row), 1)
            # The move that nobody remembers, so that its sidecar is known; by its new number.
            sidecar = json.dumps({**json.loads(found.sidecar), "id": row.id}, indent=2)
            session.add(
                MoveRow(
                    document_id=row.id,
                    from_place=found.place,
                    from_path=found.path,
                    to_place=found.place,
                    to_path=found.path,
                    state=MoveState.DONE,
                    next_state=row.state,
                    sidecar=f"{sidecar}\n",
                    actor=actor,
                    planned_at=now,
                    closed_at=now,
                    before={},
                )
            )
            detail: dict[str, object] = {"place": found.place.value}
            rows.log(session, "adopted", at=now, actor=actor, document_id=row.id, detail=detail)
            return records.document(row)

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

    def raise_numbers(self, documents: int, moves: int) -> None:
        """Give new documents and moves greater numbers than these: they were given before."""
        if self.path is None:
            return
        with self.write() as session:
            for table, least in (("documents", documents), ("moves", moves)):
                values = {"table": table, "least": least}
                changed = session.execute(
                    text("UPDATE sqlite_sequence SET seq = max(seq, :least) WHERE name = :table"),
                    values,
                )
                if not changed.rowcount:  # type: ignore[attr-defined]  # a CursorResult has it
                    session.execute(
                        text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :least)"),
                        values,
                    )

    def numbers(self) -> tuple[int, int]:
        """Return the greatest numbers ever given to a document and to a move."""
        with self.read() as session:
            if self.path is None:
                greatest = (func.max(DocumentRow.id), func.max(MoveRow.id))
                documents, moves = (session.scalar(select(column)) or 0 for column in greatest)
                return documents, moves
            found = session.execute(text("SELECT name, seq FROM sqlite_sequence"))
            given: dict[str, int] = {str(name): int(seq) for name, seq in found}
            return given.get("documents", 0), given.get("moves", 0)


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
