"""Blind checks: answers to them, what follows, and the evidence that they are."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from docsorter.documents import CheckOutcome, Purpose, State
from docsorter.errors import ConflictError, NotFoundError
from docsorter.store import answer_rows, check_rows, leases, records, rows, second_rows, tallies
from docsorter.store.evidence_tables import CheckRow
from docsorter.store.evidence_words import (
    Check,
    Checked,
    Correction,
)
from docsorter.store.review_words import Manner
from docsorter.store.tables import AnswerRow, DocumentRow, EntryRow
from docsorter.store.transactions import Transactions

_PLAIN = Manner()


class ChecksStore(Transactions):
    """The part of the store that speaks of checks."""

    def open_check(self, document_id: int) -> Check | None:
        """Return the check of a document that is not settled, None when there is none."""
        with self.read() as session:
            row = check_rows.open_row(session, document_id)
            return None if row is None else check_rows.check(session, row)

    def checks(self, document_id: int) -> list[Check]:
        """Return all checks of a document, the oldest first."""
        query = select(CheckRow).where(CheckRow.document_id == document_id).order_by(CheckRow.id)
        with self.read() as session:
            return [check_rows.check(session, row) for row in session.scalars(query)]

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
            if open_row is None or check_rows.check(session, open_row) != check:
                raise ConflictError(
                    f"somebody else answered the check of document {row.id}",
                    remedy="take the next one",
                )
            answer = answer_rows.given(
                entry, row, label=label, reviewer=reviewer, uid=uid, now=now, manner=manner
            )
            answer.guess, answer.model = check.draw.label, check.draw.model
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
                if manner.ask_again and open_row.outcome is CheckOutcome.RIGHT:
                    second_rows.ask(session, row, entry, reviewer=reviewer, now=now)
            return Checked(records.answer(answer), check_rows.check(session, open_row), move)

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


def _check_entry(session: Session, document_id: int) -> EntryRow:
    entry = rows.open_entry_row(session, document_id)
    if entry is None or entry.purpose is not Purpose.CHECK:
        raise NotFoundError(
            f"document {document_id} does not wait for a check",
            remedy="docsorter review list shows what waits",
        )
    return entry


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
