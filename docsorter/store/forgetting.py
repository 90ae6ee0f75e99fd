"""Forgetting a document: what the database knows of its content goes, that it was stays.

Two transactions with the removal of the files between them: the first takes the document out of
everybody's reach and keeps its path, the second wipes the path as well. A kill in between is found
again by `unfinished_forgets`.
"""

import datetime as dt

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from docsorter.documents import Document, Place, State
from docsorter.errors import ConflictError
from docsorter.store import check_rows, records, rows, tallies
from docsorter.store.evidence_tables import CheckRow
from docsorter.store.names import NamesStore
from docsorter.store.tables import DocumentRow, EntryRow, MoveRow, PredictionRow

TOKEN = "(forgotten)"  # noqa: S105 -- stands where the name was
_HALFWAY = "(being forgotten)"  # until nothing of the name is left in the index of names
_AT_REST = frozenset({State.SPOOLED, State.SORTED, State.REJECTED, State.REVIEW, State.WITHDRAWN})
_WAITING = frozenset({State.SPOOLED, State.REVIEW})


class ForgettingStore(NamesStore):
    """The part of the store that forgets."""

    def begin_forget(
        self, document_id: int, *, actor: str, detail: dict[str, object] | None = None
    ) -> Document:
        """Take a document out of everybody's reach; its files are the caller's to remove next.

        One that waited becomes WITHDRAWN. Repeating it changes nothing.

        Args:
            document_id: The document.
            actor: Who asks.
            detail: Facts for the log, e.g. the reason; never names or content.

        Returns:
            The document, with the path that its files still have.

        Raises:
            NotFoundError: There is none of that number.
            ConflictError: A move of it is planned, or it is not claimed yet.
        """
        now = self._now()
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            if row.state not in _AT_REST or rows.planned_move_row(session, row.id) is not None:
                raise ConflictError(
                    f"document {row.id} is on its way", remedy="wait until it is sorted"
                )
            if row.forgotten_at is None:
                with tallies.recounted(session, row):
                    row.forgotten_at = now
                    row.next_try_at = None
                    if row.state in _WAITING:
                        row.state = State.WITHDRAWN
                    rows.close_entry(session, row.id, now)
                    check_rows.void_open(session, row.id, now)  # what was settled stays evidence
                rows.log(
                    session, "forgotten", at=now, actor=actor, document_id=row.id, detail=detail
                )
            return records.document(row)

    def finish_forget(self, *document_ids: int) -> None:
        """Wipe names, paths, digest, reasons in words, predictions and sidecars of documents.

        Their rows, their answers and their log stay: that they were, when, and who did what. The
        index of names is merged once for all of them.

        Raises:
            NotFoundError: There is none of a number.
            ConflictError: One is not being forgotten.
        """
        with self.write() as session:
            for number in document_ids:
                row = rows.document_row(session, number, lock=True)
                if row.forgotten_at is None:
                    raise ConflictError(
                        f"document {row.id} is not being forgotten",
                        remedy=f"begin with: docsorter forget {row.id}",
                    )
                _wipe(session, row)
        self._forget_old_names()
        wiped = DocumentRow.id.in_(document_ids) & (DocumentRow.name == _HALFWAY)
        with self.write() as session:
            session.execute(update(DocumentRow).where(wiped).values(name=TOKEN))

    def forget(self, document_id: int, *, actor: str) -> None:
        """Forget a document that has no files any more, in one go.

        Raises:
            NotFoundError: There is none of that number.
            ConflictError: A move of it is planned, or it is not claimed yet.
        """
        self.begin_forget(document_id, actor=actor)
        self.finish_forget(document_id)

    def unfinished_forgets(self) -> list[int]:
        """Return the documents whose forgetting was begun and not finished."""
        query = select(DocumentRow.id).where(
            DocumentRow.forgotten_at.is_not(None), DocumentRow.name != TOKEN
        )
        with self.read() as session:
            return list(session.scalars(query.order_by(DocumentRow.id)))

    def forgotten(self) -> list[tuple[int, dt.datetime]]:
        """Return number and arrival of every forgotten document: both together name it for ever."""
        query = select(DocumentRow.id, DocumentRow.arrived_at).where(
            DocumentRow.forgotten_at.is_not(None)
        )
        with self.read() as session:
            return [(number, at) for number, at in session.execute(query)]

    def twins(self, document: Document) -> list[int]:
        """Return the other documents with the same bytes that are not forgotten."""
        if document.sha256 is None:
            return []
        query = select(DocumentRow.id).where(
            DocumentRow.sha256 == document.sha256,
            DocumentRow.id != document.id,
            DocumentRow.forgotten_at.is_(None),
        )
        with self.read() as session:
            return list(session.scalars(query.order_by(DocumentRow.id)))

    def rejected_before(self, time: dt.datetime, limit: int) -> list[int]:
        """Return documents that were rejected before a time and are not forgotten, oldest first."""
        query = (
            select(DocumentRow.id)
            .where(
                DocumentRow.state == State.REJECTED,
                DocumentRow.place == Place.REJECTED,
                DocumentRow.forgotten_at.is_(None),
                DocumentRow.finished_at < time,
            )
            .order_by(DocumentRow.id)
            .limit(limit)
        )
        with self.read() as session:
            return list(session.scalars(query))

    def drop_predictions_before(self, time: dt.datetime, limit: int) -> int:
        """Remove predictions made before a time of documents that nobody waits for any more.

        Returns:
            How many were removed; at most `limit`, so that the transaction stays short.
        """
        old = (
            select(PredictionRow.id)
            .join(DocumentRow, DocumentRow.id == PredictionRow.document_id)
            .where(
                PredictionRow.made_at < time,
                DocumentRow.state.in_([State.SORTED, State.REJECTED, State.WITHDRAWN]),
            )
            .order_by(PredictionRow.id)
            .limit(limit)
        )
        with self.write() as session:
            numbers = list(session.scalars(old))
            session.execute(delete(PredictionRow).where(PredictionRow.id.in_(numbers)))
            return len(numbers)


def _wipe(session: Session, row: DocumentRow) -> None:
    row.name, row.path, row.source, row.producer = _HALFWAY, "", "", ""
    row.sha256 = row.waiting_text = row.traits = None
    row.waiting = None
    row.reason_text = None if row.reason is None else ""
    session.execute(delete(PredictionRow).where(PredictionRow.document_id == row.id))
    session.execute(update(CheckRow).where(CheckRow.document_id == row.id).values(source=""))
    session.execute(update(EntryRow).where(EntryRow.document_id == row.id).values(source=""))
    session.execute(
        update(MoveRow)
        .where(MoveRow.document_id == row.id)
        .values(from_path="", to_path="", sidecar=None, before={})
    )
