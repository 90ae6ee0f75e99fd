"""Blind checks: answers to them, what follows, and the evidence that they are."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from docsorter.documents import Answer, MoveState, Place, Purpose, State
from docsorter.errors import ConflictError, NotFoundError
from docsorter.store import check_rows, leases, records, rows, tallies
from docsorter.store.evidence_tables import CheckRow
from docsorter.store.evidence_words import (
    Check,
    Checked,
    Correction,
    Draw,
)
from docsorter.store.review_words import Manner
from docsorter.store.tables import AnswerRow, DocumentRow, EntryRow, MoveRow
from docsorter.store.transactions import Transactions
from docsorter.store.words import Destination

_PLAIN = Manner()


class ChecksStore(Transactions):
    """The part of the store that speaks of checks."""

    def open_check(self, document_id: int) -> Check | None:
        """Return the check of a document that is not settled, None when there is none."""
        with self.read() as session:
            row = check_rows.open_row(session, document_id)
            return None if row is None else _check(session, row)

    def checks(self, document_id: int) -> list[Check]:
        """Return all checks of a document, the oldest first."""
        query = select(CheckRow).where(CheckRow.document_id == document_id).order_by(CheckRow.id)
        with self.read() as session:
            return [_check(session, row) for row in session.scalars(query)]

    def answer_check(
        self,
        check: Check,
        correction: Correction | None,
        *,
        label: str | None,
        token: str | None,
        reviewer: str,
        uid: int,
        manner: Manner = _PLAIN,
    ) -> Checked:
        """Commit an answer to a check, what it settles, and the move that follows from it.

        Args:
            check: As the caller saw it; what follows was made out from that.
            correction: Where the document goes and why; None when it stays.
            label: The label given; None means "none of these".
            token: Of the lease; None is fine while nobody else holds the entry.
            reviewer: Unix user name.
            uid: Unix user id.
            manner: How it was given.

        Raises:
            ConflictError: The lease was lost, or somebody else answered meanwhile.
            NotFoundError: No check of the document is open.
        """
        now = self._now()
        with self.write() as session:
            row = rows.document_row(session, check.document_id, lock=True)
            entry = _check_entry(session, row.id)
            leases.check_lease(entry, token, reviewer, now)
            open_row = check_rows.open_row(session, row.id)
            if open_row is None or _check(session, open_row) != check:
                raise ConflictError(
                    f"somebody else answered the check of document {row.id}",
                    remedy="take the next one",
                )
            answer = AnswerRow(
                entry_id=entry.id,
                document_id=row.id,
                label=label,
                guess=check.draw.label,
                model=check.draw.model,
                reviewer=reviewer,
                uid=uid,
                answered_at=now,
                purpose=Purpose.CHECK,
                blind=entry.blind,
                seconds=manner.seconds,
                batch=manner.batch,
            )
            session.add(answer)
            rows.close_entry(session, row.id, now)
            session.flush()
            check_rows.note_answer(session, answer, now)
            _log_answer(session, row, open_row, answer)
            move = None
            if correction is not None:
                move = rows.plan(
                    session,
                    row,
                    correction.destination,
                    actor=reviewer,
                    now=now,
                    before=records.decision(row),
                    answer_id=answer.id,
                )
                with tallies.recounted(session, row):
                    records.set_verdict(row, correction.verdict, now)
                    is_decided = correction.destination.next_state is not State.REVIEW
                    row.answered_by = reviewer if is_decided else None
            else:
                check_rows.open_entries(session, row, now)
            planned = None if move is None else move
            return Checked(records.answer(answer), _check(session, open_row), planned)

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
            elif rows.planned_move_row(session, row.id) is not None:
                raise ConflictError(
                    f"document {row.id} is being moved already", remedy="wait a moment and repeat"
                )
            answer.undone_at = now
            session.flush()
            check = check_rows.answers_changed(session, answer, now)
            assert check is not None, "an answer to a check belongs to one"
            if back is None:
                check_rows.open_entries(session, row, now)
            detail: dict[str, object] = {"label": answer.label, "uid": uid, "answer": answer.id}
            detail["check"] = check.id
            rows.log(session, "undone", at=now, actor=reviewer, document_id=row.id, detail=detail)
            return Checked(records.answer(answer), _check(session, check), planned)

    def void_check(self, document_id: int, *, actor: str, reason: str) -> None:
        """Give up the open check of a document, and its entry; without one nothing happens.

        Args:
            document_id: The document.
            actor: Who found that nobody can answer it.
            reason: Why, in a word, for the log.
        """
        now = self._now()
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            check = check_rows.void_open(session, row.id, now)
            if check is None:
                return
            entry = rows.open_entry_row(session, row.id)
            if entry is not None and entry.purpose is Purpose.CHECK:
                rows.close_entry(session, row.id, now)
            detail: dict[str, object] = {"check": check.id, "reason": reason}
            rows.log(session, "check_void", at=now, actor=actor, document_id=row.id, detail=detail)

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


def _check_entry(session: Session, document_id: int) -> EntryRow:
    entry = rows.open_entry_row(session, document_id)
    if entry is None or entry.purpose is not Purpose.CHECK:
        raise NotFoundError(
            f"document {document_id} does not wait for a check",
            remedy="docsorter review list shows what waits",
        )
    return entry


def _last_standing(session: Session, document_id: int) -> AnswerRow | None:
    return session.scalar(
        select(AnswerRow)
        .where(AnswerRow.document_id == document_id, AnswerRow.undone_at.is_(None))
        .order_by(AnswerRow.id.desc())
        .limit(1)
    )


def _check(session: Session, row: CheckRow) -> Check:
    first, second = (
        check_rows.standing(session, number)
        for number in (row.first_answer_id, row.second_answer_id)
    )
    return Check(
        id=row.id,
        document_id=row.document_id,
        drawn_at=row.drawn_at,
        draw=Draw(row.rule, row.model, row.label, row.score, row.inclusion),
        source=row.source,
        first=None if first is None else records.answer(first),
        second=None if second is None else records.answer(second),
        outcome=row.outcome,
        settled_at=row.settled_at,
    )


def _log_answer(session: Session, row: DocumentRow, check: CheckRow, answer: AnswerRow) -> None:
    detail: dict[str, object] = {
        "label": answer.label,
        "uid": answer.uid,
        "check": check.id,
        "outcome": None if check.outcome is None else check.outcome.value,
    }
    rows.log(
        session,
        "checked",
        at=answer.answered_at,
        actor=answer.reviewer,
        document_id=row.id,
        detail=detail,
    )
