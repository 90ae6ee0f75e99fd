"""Moves of bytes: committed before they begin, and found again after a crash."""

import datetime as dt

from sqlalchemy import select

from docsorter.documents import Document, Move, Prediction, State, Verdict
from docsorter.errors import ConflictError
from docsorter.store import check_rows, finding_rows, plain, records, rows, statements
from docsorter.store.evidence_words import Draw
from docsorter.store.tables import DocumentRow, MoveRow
from docsorter.store.transactions import Transactions
from docsorter.store.words import Destination, Findings

_NOTHING = Findings()


class MovesStore(Transactions):
    """The part of the store that plans moves and finds them again."""

    def plan_move(
        self,
        document_id: int,
        destination: Destination,
        *,
        actor: str,
        expect: State | None = None,
    ) -> Move:
        """Commit that a document's bytes are about to be moved.

        Raises:
            ConflictError: Another move of it is planned, or it is not in the expected state.
        """
        now = self._now()
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            _expect(row, expect)
            before = records.decision(row)
            return rows.plan(session, row, destination, actor=actor, now=now, before=before)

    def decide_and_plan(
        self,
        document_id: int,
        verdict: Verdict,
        destination: Destination,
        findings: Findings = _NOTHING,
        *,
        actor: str = "daemon",
        drawn: Draw | None = None,
        promise: str = "",
    ) -> Move:
        """Commit what was seen, what follows from it, and the move that carries it out.

        Args:
            document_id: The document.
            verdict: What was decided.
            destination: Where it goes.
            findings: What was seen.
            actor: Who decides.
            drawn: The draw, when chance chose the document for a blind answer.
            promise: What the threshold rested on at the time, for the log.

        Raises:
            ConflictError: The document is not waiting in the spool, or is being moved.
        """
        now = self._now()
        with self.write() as session:
            connection = session.connection()
            row = plain.document(connection, document_id)
            if row is None:
                raise rows.no_document(document_id)
            _expect(row, State.SPOOLED)
            columns, before = plain.columns(row), records.decision(row)
            finding_rows.note_findings(session, row, findings, now)
            records.set_verdict(row, verdict, now)
            plain.keep_document(connection, row, columns)
            move = rows.plan(session, row, destination, actor=actor, now=now, before=before)
            detail = _verdict_detail(verdict, findings.prediction, row.name)
            if promise:
                detail["promise"] = promise
            if drawn is not None:
                detail["check"] = check_rows.draw(session, row, drawn, now).id
                detail["inclusion"] = drawn.inclusion
            rows.log(session, "verdict", at=now, actor=actor, document_id=row.id, detail=detail)
            return move

    def replan_move(self, move_id: int, path: str, sidecar: str | None) -> Move:
        """Choose another name for a planned move, because the first one was taken.

        Raises:
            ConflictError: The move is not planned any more.
        """
        with self.write() as session:
            row = rows.planned_row(session, move_id)
            row.to_path, row.sidecar = path, sidecar
            return records.move(row)

    def move(self, move_id: int) -> Move:
        """Return one move.

        Raises:
            NotFoundError: There is none of that number.
        """
        with self.read() as session:
            return records.move(rows.move_row(session, move_id))

    def move_and_document(self, move_id: int) -> tuple[Move, Document]:
        """Return one move and its document, as they are at the same moment.

        Raises:
            NotFoundError: There is none.
        """
        with self.ask() as connection:
            found = plain.move(connection, move_id)
        if found is None:
            raise rows.no_move(move_id)
        return records.move(found[0]), records.document(found[1])

    def moves(self, document_id: int) -> list[Move]:
        """Return all moves of a document, the oldest first."""
        query = select(MoveRow).where(MoveRow.document_id == document_id).order_by(MoveRow.id)
        with self.read() as session:
            return [records.move(row) for row in session.scalars(query)]

    def planned_move(self, document_id: int) -> Move | None:
        """Return the move of a document that is planned and not finished, if any."""
        with self.read() as session:
            row = rows.planned_move_row(session, document_id)
            return None if row is None else records.move(row)

    def any_loose_move(
        self, *, due_at: dt.datetime, planned_before: dt.datetime, planned_after: dt.datetime
    ) -> bool:
        """Say whether `planned_moves` would find any by one of these; costs a fraction of it."""
        asked = {
            "due_at": due_at,
            "planned_before": planned_before,
            "planned_after": planned_after,
        }
        with self.ask() as connection:
            return connection.scalar(statements.LOOSE_MOVE, asked) is not None

    def planned_moves(
        self,
        *,
        due_at: dt.datetime | None = None,
        planned_before: dt.datetime | None = None,
        planned_after: dt.datetime | None = None,
        limit: int | None = None,
    ) -> list[Move]:
        """Return moves that were planned and not finished, the oldest first.

        Args:
            due_at: Only moves that were tried, put off, and are to be tried again by then.
            planned_before: Only moves planned earlier than this.
            planned_after: Only moves planned later than this.
            limit: How many at most.
        """
        query = select(MoveRow).where(MoveRow.closed_at.is_(None))
        if due_at is not None:
            query = query.join(DocumentRow, DocumentRow.id == MoveRow.document_id).where(
                DocumentRow.next_try_at <= due_at
            )
        if planned_before is not None:
            query = query.where(MoveRow.planned_at < planned_before)
        if planned_after is not None:
            query = query.where(MoveRow.planned_at > planned_after)
        with self.read() as session:
            in_order = query.order_by(MoveRow.planned_at, MoveRow.id).limit(limit)
            return [records.move(row) for row in session.scalars(in_order)]


def _expect(row: DocumentRow, state: State | None) -> None:
    if state is not None and row.state is not state:
        raise ConflictError(
            f"document {row.id} is {row.state}, not {state}",
            remedy=f"docsorter explain {row.id} shows what happened",
        )


def _verdict_detail(
    verdict: Verdict, prediction: Prediction | None, name: str
) -> dict[str, object]:
    detail: dict[str, object] = {
        "verdict": verdict.kind.value,
        "reason": verdict.reason.code.value,
        # what a reader says may name the file; events are not forgotten, names are
        "text": verdict.reason.text.replace(name, "(name)"),
        "label": verdict.label,
        "confidence": None if verdict.confidence is None else float(verdict.confidence),
        "threshold": None if verdict.threshold is None else float(verdict.threshold),
    }
    if prediction is not None:
        detail["model"] = prediction.model
        detail["novelty"] = float(prediction.novelty)
        detail["probabilities"] = {label: float(share) for label, share in prediction.ranked}
    return detail
