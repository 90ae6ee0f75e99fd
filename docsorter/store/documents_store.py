"""Documents: claimed, looked at, waiting."""

import datetime as dt
import re
from pathlib import PurePosixPath
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, text, update

from docsorter.documents import (
    Document,
    Move,
    Place,
    Prediction,
    Reason,
    ReasonCode,
    State,
)
from docsorter.store import finding_rows, plain, records, rows, statements, tallies
from docsorter.store.tables import DocumentRow, EntryRow, PredictionRow
from docsorter.store.transactions import Transactions
from docsorter.store.words import Arrival, Destination, Findings

_EVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TAME_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


class DocumentsStore(Transactions):
    """The part of the store that follows one document."""

    def plan_claim(self, arrival: Arrival, *, actor: str) -> tuple[Document, Move]:
        """Give a file in the inbox its number and plan its move to the spool.

        Returns:
            The document (state CLAIMING, still in the inbox) and the planned move to a name of
            our own making: the number and, if it is a tame one, the suffix.

        Raises:
            ConflictError: A claim of that inbox path is planned already.
        """
        now = self._now()
        with self.write() as session:
            values: dict[str, Any] = {
                "name": arrival.name,
                "source": arrival.source,
                "state": State.CLAIMING,
                "place": Place.INBOX,
                "path": arrival.path,
                "size": arrival.size,
                "mtime_ns": arrival.mtime_ns,
                "arrived_at": now,
                "producer": "",
                "attempts": 0,
            }
            number = rows.inserted(session, statements.NEW_DOCUMENT, values)
            row = plain.new_document({"id": number, **values})
            tallies.count(session, tallies.key_of(row), 1)
            spool = Destination(Place.SPOOL, spool_name(number, arrival.name), State.SPOOLED)
            move = rows.plan(
                session, row, spool, actor=actor, now=now, before=records.decision(row)
            )
            detail: dict[str, object] = {"size": arrival.size, "mtime_ns": arrival.mtime_ns}
            rows.log(
                session, "claim_planned", at=now, actor=actor, document_id=number, detail=detail
            )
            return records.document(row), move

    def set_hash(self, document_id: int, *, sha256: str, size: int, mtime_ns: int) -> Document:
        """Note the digest of a document's bytes, with the size and time they had."""
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            rows.refuse_forgotten(row)
            row.sha256, row.size, row.mtime_ns = sha256, size, mtime_ns
            return records.document(row)

    def earlier_with_hash(self, sha256: str, before_id: int) -> Document | None:
        """Return the first document with the same bytes that was kept, or None.

        That is one that came earlier, or one that came later and has its verdict already. One that
        was withdrawn, forgotten, or itself rejected as a duplicate does not count.
        """
        asked = {"sha256": sha256, "before_id": before_id}
        with self.ask() as connection:
            number = connection.scalar(statements.EARLIER, asked)
        return None if number is None else self.document(number)

    def record_prediction(
        self, document_id: int, findings: Findings, *, actor: str = "daemon"
    ) -> Document:
        """Note what looking at a document brought to light, without a verdict."""
        now = self._now()
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            rows.refuse_forgotten(row)
            finding_rows.note_findings(session, row, findings, now)
            detail: dict[str, object] = {"model": row.model, "pages": row.pages}
            rows.log(session, "predicted", at=now, actor=actor, document_id=row.id, detail=detail)
            return records.document(row)

    def defer(
        self, document_id: int, reason: Reason, next_try_at: dt.datetime, *, actor: str = "daemon"
    ) -> Document:
        """Count a failed try and let the document wait; its planned move, if any, stays."""
        now = self._now()
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            rows.refuse_forgotten(row)
            row.attempts += 1
            row.next_try_at = next_try_at
            row.waiting, row.waiting_text = reason.code, reason.text
            session.flush()  # refuses a time without zone before it reaches the log
            detail: dict[str, object] = {
                "reason": reason.code.value,
                "attempts": row.attempts,
                "next_try_at": next_try_at.isoformat(),
            }
            rows.log(session, "waiting", at=now, actor=actor, document_id=row.id, detail=detail)
            return records.document(row)

    def resume(self, document_id: int) -> None:
        """Let a waiting document be tried at once; its failed tries stay counted."""
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            row.next_try_at = row.waiting = row.waiting_text = None

    def hasten(self, latest: dt.datetime) -> int:
        """Let nothing wait, be resting or be held beyond a time: the clock was set back.

        Args:
            latest: As late as any wait that was ordered now could end.

        Returns:
            How many documents and review entries were brought forward.
        """
        changed = 0
        columns = (
            DocumentRow.next_try_at,
            EntryRow.lease_expires_at,
            EntryRow.skipped_until,
        )
        with self.write() as session:
            for column in columns:
                late = update(column.class_).where(column > latest).values({column: latest})
                result = session.execute(late.execution_options(synchronize_session=False))
                changed += cast("CursorResult[Any]", result).rowcount
        return changed

    def waiting_reasons(self) -> dict[ReasonCode, int]:
        """Return how many documents wait for another try, per reason."""
        query = (
            select(DocumentRow.waiting, func.count())
            .where(
                # Every state by name and "later than ever", so that an index answers: SQLite has
                # none for "is not null" and would read every document.
                DocumentRow.state.in_(list(State)),
                DocumentRow.next_try_at > _EVER,
                DocumentRow.waiting.is_not(None),
            )
            .group_by(DocumentRow.waiting)
        )
        with self.read() as session:
            return {reason: count for reason, count in session.execute(query) if reason is not None}

    def check_writable(self) -> None:
        """Write to the database without changing it.

        Raises:
            StoreError: It is locked, damaged, or may not be written to.
            EnvironmentFaultError: Its disk is full or fails.
        """
        with self.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = version_num"))

    def due_documents(self, limit: int, now: dt.datetime) -> list[Document]:
        """Return documents to look at now, the oldest first.

        They are in the spool, no move of them is planned, and their next try has come.
        """
        with self.read() as session:
            found = [
                *session.scalars(statements.FRESH, {"most": limit}),
                *session.scalars(statements.AGAIN, {"most": limit, "now": now}),
            ]
            found.sort(key=lambda row: row.id)
            return [records.document(row) for row in found[:limit]]

    def next_due_time(self) -> dt.datetime | None:
        """Return when the first waiting document or planned move is to be tried again.

        Documents that never failed are due already and do not count.
        """
        with self.read() as session:
            times = [session.scalar(one) for one in statements.NEXT_TRIES]
            return min((time for time in times if time is not None), default=None)

    def document(self, document_id: int) -> Document:
        """Return one document.

        Raises:
            NotFoundError: There is none of that number.
        """
        with self.read() as session:
            return records.document(rows.document_row(session, document_id))

    def prediction(self, document_id: int) -> Prediction | None:
        """Return the latest prediction of a document, None when no model saw it."""
        latest = (
            select(PredictionRow)
            .where(PredictionRow.document_id == document_id)
            .order_by(PredictionRow.id.desc())
            .limit(1)
        )
        with self.read() as session:
            row = session.scalar(latest)
            return None if row is None else records.prediction(row)


def spool_name(document_id: int, name: str) -> str:
    """Return the name of a document in the spool: its number and, if it is a tame one, the suffix.

    Args:
        document_id: The document.
        name: File name it arrived with.
    """
    suffix = PurePosixPath(name).suffix.lower()
    return f"{document_id}{suffix if _TAME_SUFFIX.fullmatch(suffix) else ''}"
