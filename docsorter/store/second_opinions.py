"""Second opinions: a share of the answers is asked again, blind, of somebody else.

Where both agree nothing moves. Where they disagree the document goes back to the reviewers, with
the reason REVIEWERS_DISAGREE, and whoever decides it then has the last word.
"""

from sqlalchemy.orm import Session

from docsorter.documents import (
    Answer,
    Move,
    Purpose,
    Reason,
    ReasonCode,
    Verdict,
    VerdictKind,
)
from docsorter.errors import ConflictError, NotFoundError
from docsorter.store import (
    answer_rows,
    check_rows,
    finding_rows,
    leases,
    records,
    rows,
    second_rows,
    tallies,
)
from docsorter.store.review_words import Manner
from docsorter.store.reviewers import has_colleagues
from docsorter.store.tables import AnswerRow, DocumentRow, EntryRow
from docsorter.store.transactions import Transactions
from docsorter.store.words import Destination

_PLAIN = Manner()


class SecondOpinionsStore(Transactions):
    """The part of the store that speaks of second opinions."""

    def answer_second(
        self,
        entry_id: int,
        back: Destination,
        *,
        label: str | None,
        token: str | None,
        reviewer: str,
        uid: int,
        manner: Manner = _PLAIN,
    ) -> tuple[Answer, Move | None]:
        """Commit a second opinion, and plan the move back to the reviewers if it disagrees.

        Args:
            entry_id: The entry, whose purpose is SECOND.
            back: Where the document waits for a person; its next state is REVIEW.
            label: The label given; None rejects the document.
            token: Of the lease; None is fine while nobody else holds the entry.
            reviewer: Unix user name.
            uid: Unix user id.
            manner: How it was given.

        Returns:
            The answer, and the move; None where both agree.

        Raises:
            ConflictError: The lease was lost, somebody else was faster, or the first answer was
                this person's and there are others to ask.
            NotFoundError: There is no such entry.
        """
        now = self._now()
        with self.write() as session:
            entry = _second_entry(session, entry_id)
            leases.check_lease(entry, token, reviewer, now)
            if entry.not_for == reviewer and has_colleagues(session, reviewer, now):
                raise ConflictError(
                    f"somebody else is asked about document {entry.document_id}",
                    remedy="take another one; a second opinion must not be your own",
                )
            row = rows.document_row(session, entry.document_id, lock=True)
            rows.refuse_moving(session, row.id)
            first = second_rows.first_answer(session, row.id)
            answer = answer_rows.given(
                entry, row, label=label, reviewer=reviewer, uid=uid, now=now, manner=manner
            )
            session.add(answer)
            rows.close_entry(session, row.id, now)
            session.flush()
            check_rows.note_second(session, first, answer, now)
            detail: dict[str, object] = {
                "label": label,
                "uid": uid,
                "answer": answer.id,
                "first": first.id,
                "agrees": first.label == label,
            }
            rows.log(
                session, "second_opinion", at=now, actor=reviewer, document_id=row.id, detail=detail
            )
            if first.label == label:
                return records.answer(answer), None
            move = rows.plan(
                session,
                row,
                back,
                actor=reviewer,
                now=now,
                before=records.decision(row),
                answer_id=answer.id,
            )
            with tallies.recounted(session, row):
                records.set_verdict(row, _disagreement(session, row, first, answer), now)
                row.answered_by = None
            return records.answer(answer), move

    def undo_second(
        self, document_id: int, to: Destination | None, *, reviewer: str, uid: int
    ) -> tuple[Answer, Move | None]:
        """Take the last second opinion of a document back; it is asked for again.

        Args:
            document_id: The document.
            to: Where the first answer had put it; None when the opinion agreed and moved nothing.
            reviewer: Unix user name.
            uid: Unix user id.

        Raises:
            ConflictError: It was decided or moved since.
            NotFoundError: The last answer that stands is no second opinion.
        """
        now = self._now()
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            answer = rows.last_standing(session, document_id)
            if answer is None or answer.purpose is not Purpose.SECOND:
                raise NotFoundError(f"document {document_id} has no second opinion to undo")
            if to is None:
                second_rows.refuse_undecided(row)
            rows.refuse_moving(session, row.id)
            move = None
            if to is not None:
                done = rows.move_of_answer(session, row.id, answer.id)
                assert done is not None, "a disagreement moved the document"
                move = rows.plan(
                    session,
                    row,
                    to,
                    actor=reviewer,
                    now=now,
                    before=records.decision(row),
                    answer_id=answer.id,
                )
                with tallies.recounted(session, row):
                    records.restore_decision(row, done.before)
            answer.undone_at = now
            rows.close_entry(session, row.id, now)
            session.flush()
            check_rows.answers_changed(session, answer, now)
            session.get_one(EntryRow, answer.entry_id).closed_at = None
            detail: dict[str, object] = {"label": answer.label, "uid": uid, "answer": answer.id}
            rows.log(session, "undone", at=now, actor=reviewer, document_id=row.id, detail=detail)
            return records.answer(answer), move


def _second_entry(session: Session, entry_id: int) -> EntryRow:
    entry = session.get(EntryRow, entry_id, with_for_update=True)
    if entry is None or entry.purpose is not Purpose.SECOND:
        raise NotFoundError(
            f"entry {entry_id} asks for no second opinion", remedy="see docsorter review list"
        )
    return entry


def _disagreement(
    session: Session, row: DocumentRow, first: AnswerRow, second: AnswerRow
) -> Verdict:
    said = " and ".join(sorted(each.label or "rejected" for each in (first, second)))
    reason = Reason(ReasonCode.REVIEWERS_DISAGREE, f"two people disagree: {said}")
    seen = finding_rows.latest_predictions(session, [row.id]).get(row.id)
    if seen is None:
        return Verdict(VerdictKind.REVIEW, reason, first.guess)
    made = records.prediction(seen)
    return Verdict(VerdictKind.REVIEW, reason, made.label, made.confidence)
