"""The repairs of the store that cannot lose a byte, and the numbers that are never given again."""

import json

from sqlalchemy import delete, func, select, text

from docsorter.documents import Document, MoveState, Place, Purpose, State
from docsorter.store import check_rows, records, rows, tallies
from docsorter.store.audit_words import Adopted
from docsorter.store.tables import DocumentRow, MoveRow, TallyRow
from docsorter.store.transactions import Transactions


class RepairsStore(Transactions):
    """The part of the store that is made to fit the disk."""

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
