"""Answers to blind checks taken back, and where what they moved came from."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from docsorter.documents import Answer, MoveState, Place, Purpose, State
from docsorter.errors import NotFoundError
from docsorter.store import check_rows, records, rows, tallies
from docsorter.store.evidence_words import Checked
from docsorter.store.tables import AnswerRow, MoveRow
from docsorter.store.transactions import Transactions
from docsorter.store.words import Destination


class CheckUndoingStore(Transactions):
    """The part of the store that takes answers to checks back."""

    def undo_check_answer(
        self, document_id: int, back: Destination | None, *, reviewer: str, uid: int
    ) -> Checked:
        """Take the last answer to a check back; the check is open again.

        Args:
            document_id: The document.
            back: Where the file goes again; None when that answer moved nothing.
            reviewer: Unix user name.
            uid: Unix user id.

        Raises:
            ConflictError: A move of it is planned.
            NotFoundError: The last answer that stands is none to a check.
        """
        now = self._now()
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            answer = _last_standing(session, document_id)
            if answer is None or answer.purpose is not Purpose.CHECK:
                raise NotFoundError(f"document {document_id} has no answer to a check to undo")
            planned = None
            if back is not None:
                done = rows.move_of_answer(session, row.id, answer.id)
                before = records.decision(row)
                move = rows.plan(
                    session,
                    row,
                    back,
                    actor=reviewer,
                    now=now,
                    before=before,
                    answer_id=answer.id,
                )
                with tallies.recounted(session, row):
                    if done is not None:
                        records.restore_decision(row, done.before)
                planned = move
            else:
                rows.refuse_moving(session, row.id)
            answer.undone_at = now
            session.flush()
            check = check_rows.answers_changed(session, answer, now)
            assert check is not None, "an answer to a check belongs to one"
            if back is None:
                check_rows.open_entries(session, row, now)
            detail: dict[str, object] = {"label": answer.label, "uid": uid, "answer": answer.id}
            detail["check"] = check.id
            rows.log(session, "undone", at=now, actor=reviewer, document_id=row.id, detail=detail)
            return Checked(records.answer(answer), check_rows.check(session, check), planned)

    def last_standing_answer(self, document_id: int) -> Answer | None:
        """Return the newest answer to a document that was not taken back."""
        with self.read() as session:
            row = _last_standing(session, document_id)
            return None if row is None else records.answer(row)

    def way_back(self, answer: Answer) -> Destination | None:
        """Return where the move of a standing answer took the document from; None without one.

        The sidecar is that of the move before, as it lay beside the document then.
        """
        with self.read() as session:
            done = rows.move_of_answer(session, answer.document_id, answer.id)
            if done is None:
                return None
            before = session.scalar(
                select(MoveRow)
                .where(
                    MoveRow.document_id == answer.document_id,
                    MoveRow.id < done.id,
                    MoveRow.state == MoveState.DONE,
                )
                .order_by(MoveRow.id.desc())
                .limit(1)
            )
            state = State.REJECTED if done.from_place is Place.REJECTED else State.SORTED
            sidecar = None if before is None else before.sidecar
            return Destination(done.from_place, done.from_path, state, sidecar)


def _last_standing(session: Session, document_id: int) -> AnswerRow | None:
    return session.scalar(
        select(AnswerRow)
        .where(AnswerRow.document_id == document_id, AnswerRow.undone_at.is_(None))
        .order_by(AnswerRow.id.desc())
        .limit(1)
    )
