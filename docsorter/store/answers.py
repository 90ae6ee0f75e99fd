"""Answers of people: each closes its entry and plans its move in one transaction; so does undo."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from docsorter.documents import (
    Answer,
    CheckOutcome,
    Move,
    Purpose,
    Reason,
    ReasonCode,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.errors import ConflictError, NotFoundError
from docsorter.store import (
    answer_rows,
    check_rows,
    finding_rows,
    records,
    rows,
    second_rows,
    tallies,
)
from docsorter.store.leases import check_lease
from docsorter.store.review_words import Manner
from docsorter.store.tables import AnswerRow, DocumentRow, EntryRow
from docsorter.store.transactions import Transactions
from docsorter.store.words import Destination

_PLAIN = Manner()


class AnswersStore(Transactions):
    """The part of the store that speaks of answers."""

    def plan_answer(
        self,
        entry_id: int,
        destination: Destination,
        *,
        label: str | None,
        token: str | None,
        reviewer: str,
        uid: int,
        manner: Manner = _PLAIN,
    ) -> tuple[Answer, Move]:
        """Commit an answer, close its entry and plan the move that carries it out.

        Args:
            entry_id: Which entry.
            destination: Where the document goes now; its next state is SORTED or REJECTED.
            label: The label given; None rejects the document.
            token: Of the lease; None is fine while nobody else holds the entry.
            reviewer: Unix user name.
            uid: Unix user id.
            manner: How it was given.

        Raises:
            ConflictError: The lease was lost, or somebody else answered.
            NotFoundError: There is no such entry.
            ValueError: The destination does not fit the answer.
        """
        if destination.next_state is not (State.REJECTED if label is None else State.SORTED):
            raise ValueError(f"answer {label!r} does not lead to {destination.next_state}")
        now = self._now()
        with self.write() as session:
            entry = session.get(EntryRow, entry_id, with_for_update=True)
            if entry is None:
                raise NotFoundError(
                    f"there is no review entry {entry_id}", remedy="see docsorter review list"
                )
            check_lease(entry, token, reviewer, now)
            row = rows.document_row(session, entry.document_id, lock=True)
            if entry.purpose is not Purpose.DECIDE or row.state is not State.REVIEW:
                # Delivered between the caller's look and this: it is another question by now.
                raise ConflictError(
                    f"document {row.id} does not wait for a decision any more: it is {row.state}",
                    remedy=f"docsorter explain {row.id} shows what happened",
                )
            before = records.decision(row)
            answer = answer_rows.given(
                entry, row, label=label, reviewer=reviewer, uid=uid, now=now, manner=manner
            )
            session.add(answer)
            session.flush()
            check = check_rows.note_answer(session, answer, now)
            move = rows.plan(
                session,
                row,
                destination,
                actor=reviewer,
                now=now,
                before=before,
                answer_id=answer.id,
            )
            rows.close_entry(session, row.id, now)
            records.set_verdict(row, _answered(label, reviewer), now)
            row.answered_by = reviewer
            if manner.ask_again and (check is None or check.outcome is CheckOutcome.RIGHT):
                second_rows.ask(session, row, entry, reviewer=reviewer, now=now)
            detail = {"label": label, "uid": uid, **_shown(session, row, entry.label)}
            if manner.batch is not None:
                detail["batch"] = manner.batch
            rows.log(session, "answered", at=now, actor=reviewer, document_id=row.id, detail=detail)
            return records.answer(answer), move

    def undo_answer(
        self, document_id: int, destination: Destination, *, reviewer: str, uid: int
    ) -> tuple[Answer, Move]:
        """Take the last answer of a document back and plan its move back to the reviewers.

        Second opinions of it are taken back with it. Its entry opens again, with the reason
        UNDONE, when that move is finished.

        Raises:
            NotFoundError: There is no such document, or no answer that stands.
            ConflictError: The move of the answer, or another one, is still planned.
            ValueError: The destination is not a place where a document waits for a person.
        """
        if destination.next_state is not State.REVIEW:
            raise ValueError(f"an undone answer does not lead to {destination.next_state}")
        now = self._now()
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            answer = _standing(session, document_id)
            before = records.decision(row)
            move = rows.plan(
                session,
                row,
                destination,
                actor=reviewer,
                now=now,
                before=before,
                answer_id=answer.id,
            )
            second_rows.refuse_undecided(row)
            for each in (answer, *second_rows.opinions_of(session, answer)):
                each.undone_at = now
            session.flush()
            check_rows.answers_changed(session, answer, now)
            with tallies.recounted(session, row):
                records.set_verdict(row, _undone(session, row, answer, reviewer), now)
                row.answered_by = None
            detail: dict[str, object] = {"label": answer.label, "uid": uid, "answer": answer.id}
            rows.log(session, "undone", at=now, actor=reviewer, document_id=row.id, detail=detail)
            return records.answer(answer), move

    def answers(self, document_id: int) -> list[Answer]:
        """Return all answers to a document, the oldest first, undone ones too."""
        query = select(AnswerRow).where(AnswerRow.document_id == document_id).order_by(AnswerRow.id)
        with self.read() as session:
            return [records.answer(row) for row in session.scalars(query)]

    def answers_of_batch(self, batch: str) -> list[Answer]:
        """Return the answers of one gesture that stand, the newest first."""
        query = (
            select(AnswerRow)
            .where(AnswerRow.batch == batch, AnswerRow.undone_at.is_(None))
            .order_by(AnswerRow.id.desc())
        )
        with self.read() as session:
            return [records.answer(row) for row in session.scalars(query)]

    def last_batch(self, reviewer: str) -> str | None:
        """Return the newest gesture of a person of which an answer stands, None without one."""
        query = (
            select(AnswerRow.batch)
            .where(
                AnswerRow.reviewer == reviewer,
                AnswerRow.undone_at.is_(None),
                AnswerRow.batch.is_not(None),
            )
            .order_by(AnswerRow.id.desc())
            .limit(1)
        )
        with self.read() as session:
            return session.scalar(query)

    def last_answer(self, reviewer: str, *, before_id: int | None = None) -> Answer | None:
        """Return the newest answer of a person that stands, None when there is none.

        Args:
            reviewer: Unix user name.
            before_id: Only among answers with a smaller number.
        """
        query = select(AnswerRow).where(
            AnswerRow.reviewer == reviewer, AnswerRow.undone_at.is_(None)
        )
        if before_id is not None:
            query = query.where(AnswerRow.id < before_id)
        with self.read() as session:
            row = session.scalar(query.order_by(AnswerRow.id.desc()).limit(1))
            return None if row is None else records.answer(row)


def _answered(label: str | None, reviewer: str) -> Verdict:
    if label is None:
        reason = Reason(ReasonCode.REJECTED_BY_PERSON, f"rejected by {reviewer}")
        return Verdict(VerdictKind.REJECT, reason)
    return Verdict(VerdictKind.SORT, Reason(ReasonCode.ANSWERED, f"answered by {reviewer}"), label)


def _undone(session: Session, row: DocumentRow, answer: AnswerRow, reviewer: str) -> Verdict:
    reason = Reason(ReasonCode.UNDONE, f"the answer of {answer.reviewer} was undone by {reviewer}")
    seen = finding_rows.latest_predictions(session, [row.id]).get(row.id)
    if seen is None:
        return Verdict(VerdictKind.REVIEW, reason, answer.guess)
    prediction = records.prediction(seen)
    return Verdict(VerdictKind.REVIEW, reason, prediction.label, prediction.confidence)


def _standing(session: Session, document_id: int) -> AnswerRow:
    answer = session.scalar(
        select(AnswerRow)
        .where(
            AnswerRow.document_id == document_id,
            AnswerRow.undone_at.is_(None),
            AnswerRow.purpose != Purpose.SECOND,
        )
        .order_by(AnswerRow.id.desc())
        .limit(1)
    )
    if answer is None:
        raise NotFoundError(
            f"document {document_id} has no answer to undo",
            remedy=f"docsorter explain {document_id} shows how it was sorted",
        )
    return answer


def _shown(session: Session, row: DocumentRow, guess: str | None) -> dict[str, object]:
    """Return what the reviewer saw of the model, for the log."""
    seen = finding_rows.latest_predictions(session, [row.id]).get(row.id)
    if seen is None:
        return {"guess": guess}
    probabilities = dict(zip(seen.labels, seen.probabilities, strict=True))
    return {"guess": guess, "model": seen.model, "probabilities": probabilities}
