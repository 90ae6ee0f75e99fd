"""Blind checks: answers to them, the evidence that they are, and the promise that rests on it."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from docsorter.documents import CheckOutcome, Purpose, State
from docsorter.errors import ConflictError, NotFoundError
from docsorter.store import blind_checks, conversion, rows
from docsorter.store.database import Repository
from docsorter.store.records import (
    ChangeReason,
    Check,
    CheckEvidence,
    CheckResult,
    CheckTally,
    Correction,
    Destination,
    Draw,
    DrawnCheck,
    Manner,
    Mistake,
    PromiseChange,
    ShadowCandidate,
    ShadowPrediction,
)
from docsorter.store.tables import (
    AnswerRow,
    CheckRow,
    DocumentRow,
    EntryRow,
    LearnedRow,
    PromiseRow,
)

_PLAIN = Manner()


class CheckRepository(Repository):
    """Takes answers to checks, and reads checks as evidence for a promise."""

    def open_check(self, document_id: int) -> Check | None:
        """Return the check of a document that is not settled, None when there is none."""
        with self._database.read() as session:
            row = blind_checks.open_row(session, document_id)
            return None if row is None else blind_checks.record(session, row)

    def of_document(self, document_id: int) -> list[Check]:
        """Return all checks of a document, the oldest first."""
        query = select(CheckRow).where(CheckRow.document_id == document_id).order_by(CheckRow.id)
        with self._database.read() as session:
            return [blind_checks.record(session, row) for row in session.scalars(query)]

    def answer(
        self,
        check: Check,
        correction: Correction | None,
        *,
        label: str | None,
        token: str | None,
        reviewer: str,
        uid: int,
        manner: Manner = _PLAIN,
    ) -> CheckResult:
        """Commit an answer to a check, what it settles, and the move that follows from it.

        Args:
            check: As the caller saw it; what follows was made out from that.
            correction: Where the document goes and why; None when it stays.
            label: None means "none of these".
            token: Of the lease; None is fine while nobody else holds the entry.
            reviewer: Unix user name.
            uid: Unix user id.
            manner: How it was given.

        Raises:
            ConflictError: The lease was lost, or somebody else answered meanwhile.
            NotFoundError: No check of the document is open.
        """
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_row(session, check.document_id, lock=True)
            entry = _check_entry(session, row.id)
            rows.check_lease(entry, token, reviewer, now)
            open_row = _unchanged(session, check)
            answer = rows.add_answer(
                session, entry, row, label=label, reviewer=reviewer, uid=uid, now=now, manner=manner
            )
            answer.guess, answer.model = check.draw.label, check.draw.model
            rows.close_entry(session, row.id, now)
            session.flush()
            blind_checks.note_answer(session, answer, now)
            _log_answer(session, row, open_row, answer)
            move = None
            if correction is not None:
                to, verdict = correction.destination, correction.verdict
                by = None if to.next_state is State.REVIEW else reviewer
                move = rows.plan_decided(session, row, to, verdict, answer, answered_by=by)
            else:
                blind_checks.open_entries(session, row, now)
                if manner.ask_again and open_row.outcome is CheckOutcome.RIGHT:
                    blind_checks.ask_second(session, row, entry, reviewer=reviewer, now=now)
            return CheckResult(
                conversion.answer(answer), blind_checks.record(session, open_row), move
            )

    def void(self, document_id: int, *, actor: str, reason: str) -> None:
        """Give up the open check of a document that nobody can answer, and its entry, if any."""
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            check = blind_checks.void_open(session, row.id, now)
            if check is None:
                return
            entry = rows.open_entry_row(session, row.id)
            if entry is not None and entry.purpose is Purpose.CHECK:
                rows.close_entry(session, row.id, now)
            rows.log(session, "check_void", now, actor, row.id, check=check.id, reason=reason)

    def undo_answer(
        self, document_id: int, back: Destination | None, *, reviewer: str, uid: int
    ) -> CheckResult:
        """Take the last answer to a check back; the check is open again.

        `back` is where the file goes again; None when that answer moved nothing.

        Raises:
            ConflictError: A move of it is planned.
            NotFoundError: The last answer that stands is none to a check.
        """
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            answer = rows.last_standing(session, document_id)
            if answer is None or answer.purpose is not Purpose.CHECK:
                raise NotFoundError(f"document {document_id} has no answer to a check to undo")
            move = None
            if back is not None:
                done = rows.move_of_answer(session, row.id, answer.id)
                move = rows.plan(session, row, back, actor=reviewer, now=now, answer_id=answer.id)
                with rows.recounted(session, row):
                    if done is not None:
                        conversion.restore_decision(row, done.before)
            else:
                rows.refuse_moving(session, row.id)
            answer.undone_at = now
            session.flush()
            check = blind_checks.answers_changed(session, answer, now)
            assert check is not None, "an answer to a check belongs to one"
            if back is None:
                blind_checks.open_entries(session, row, now)
            rows.log_undone(session, answer, now, reviewer, uid, check=check.id)
            return CheckResult(conversion.answer(answer), blind_checks.record(session, check), move)

    def evidence(self, rule: str, *, after_id: int = 0) -> list[CheckEvidence]:
        """Return what was drawn under a rule, in the order of drawing; void checks are left out."""
        columns = (
            CheckRow.id,
            CheckRow.document_id,
            CheckRow.score,
            CheckRow.inclusion,
            CheckRow.outcome,
            AnswerRow.id,
        )
        stands = (AnswerRow.id == CheckRow.first_answer_id) & AnswerRow.undone_at.is_(None)
        query = (
            select(*columns)
            .outerjoin(AnswerRow, stands)
            .where(
                CheckRow.rule == rule,
                CheckRow.id > after_id,
                or_(CheckRow.outcome.is_(None), CheckRow.outcome != CheckOutcome.VOID),
            )
            .order_by(CheckRow.id)
        )
        with self._database.read() as session:
            return [CheckEvidence(*row) for row in session.execute(query)]

    def second_looks(self) -> list[bool]:
        """Return whether the second look differed, for each check that two people looked at.

        Only where the first answer agreed with the model and the second was asked for all the same;
        in the order of answering, under any rule.
        """
        first, second = aliased(AnswerRow), aliased(AnswerRow)
        query = (
            select(CheckRow.label, second.label)
            .join(first, (first.id == CheckRow.first_answer_id) & first.undone_at.is_(None))
            .join(second, (second.id == CheckRow.second_answer_id) & second.undone_at.is_(None))
            .where(
                CheckRow.second_answer_id.is_not(None),  # first: few have one
                CheckRow.outcome.in_([CheckOutcome.RIGHT, CheckOutcome.WRONG]),
                second.purpose == Purpose.SECOND,
                first.label == CheckRow.label,
                first.reviewer != second.reviewer,
                blind_checks.is_original(),
            )
            .order_by(second.id)
        )
        with self._database.read() as session:
            return [label != said for label, said in session.execute(query)]

    def drawn_scores(self, rule: str, limit: int) -> list[float]:
        """Return the scores of the first documents drawn under a rule, at most so many."""
        query = select(CheckRow.score).where(CheckRow.rule == rule).order_by(CheckRow.id)
        with self._database.read() as session:
            return list(session.scalars(query.limit(limit)))

    def pilot_end(self, rule: str, pilot: int) -> int:
        """Return the number of the last of the first so many checks of a rule, 0 without any."""
        first = select(CheckRow.id).where(CheckRow.rule == rule).order_by(CheckRow.id).limit(pilot)
        with self._database.read() as session:
            return session.scalar(select(func.max(first.subquery().c.id))) or 0

    def tally(self, rule: str) -> CheckTally:
        """Return the checks of a rule in numbers."""
        query = (
            select(
                CheckRow.outcome,
                func.count(),
                func.max(CheckRow.id),
                func.max(CheckRow.settled_at),
            )
            .where(CheckRow.rule == rule)
            .group_by(CheckRow.outcome)
        )
        with self._database.read() as session:
            found = session.execute(query).all()
        numbers = {outcome: number for outcome, number, _, _ in found}
        return CheckTally(
            open=numbers.get(None, 0),
            right=numbers.get(CheckOutcome.RIGHT, 0),
            wrong=numbers.get(CheckOutcome.WRONG, 0),
            void=numbers.get(CheckOutcome.VOID, 0),
            last_id=max((row[2] for row in found), default=0),
            settled_at=max((row[3] for row in found if row[3] is not None), default=None),
        )

    def drawn_since(self, rule: str, since: dt.datetime, limit: int = 20_000) -> list[DrawnCheck]:
        """Return what was drawn under a rule, the newest first."""
        query = (
            select(CheckRow.id, CheckRow.drawn_at, CheckRow.score, CheckRow.inclusion)
            .where(CheckRow.rule == rule, CheckRow.drawn_at >= since)
            .order_by(CheckRow.id.desc())
            .limit(limit)
        )
        with self._database.read() as session:
            return [DrawnCheck(*row) for row in session.execute(query)]

    def count_right(self, document_ids: Iterable[int]) -> int:
        """Count the checks of documents that showed the model to be right."""
        numbers = list(document_ids)
        query = (
            select(func.count())
            .select_from(CheckRow)
            .where(
                CheckRow.document_id.in_(numbers),
                CheckRow.outcome == CheckOutcome.RIGHT,
                blind_checks.is_original(),
            )
        )
        with self._database.read() as session:
            return session.scalar(query) or 0

    def mistakes(self, rule: str, limit: int) -> list[Mistake]:
        """Return documents that were sorted alone and found wrong by a check, the newest first."""
        query = (
            select(CheckRow.document_id, CheckRow.score, CheckRow.label, CheckRow.settled_at)
            .join(AnswerRow, AnswerRow.id == CheckRow.first_answer_id)
            .where(
                CheckRow.rule == rule,
                CheckRow.settled_at.is_not(None),
                CheckRow.outcome == CheckOutcome.WRONG,
                AnswerRow.purpose == Purpose.CHECK,
                blind_checks.is_original(),
            )
            .order_by(CheckRow.id.desc())
            .limit(limit)
        )
        with self._database.read() as session:
            return [Mistake(*row) for row in session.execute(query)]

    def shadow_candidates(
        self, model: str, *, after: dt.datetime, least: float
    ) -> list[ShadowCandidate]:
        """Return the checks that a waiting model may count as its own, in the order of drawing.

        They end with the last one that was answered. Left out are void ones, forgotten documents,
        those that the model learned from, and checks drawn with a lesser probability than `least`.
        """
        learned = select(LearnedRow.document_id).where(
            LearnedRow.document_id == CheckRow.document_id, LearnedRow.model == model
        )
        first, second = aliased(AnswerRow), aliased(AnswerRow)
        stands = (first.id == CheckRow.first_answer_id) & first.undone_at.is_(None)
        again = (second.id == CheckRow.second_answer_id) & second.undone_at.is_(None)
        query = (
            select(CheckRow, DocumentRow, first, second)
            .join(DocumentRow, DocumentRow.id == CheckRow.document_id)
            .outerjoin(first, stands)
            .outerjoin(second, again)
            .where(
                CheckRow.drawn_at >= after,
                CheckRow.inclusion >= least,
                or_(CheckRow.outcome.is_(None), CheckRow.outcome != CheckOutcome.VOID),
                DocumentRow.forgotten_at.is_(None),
                blind_checks.is_original(),
                ~learned.exists(),
            )
            .order_by(CheckRow.id)
        )
        with self._database.read() as session:
            found = [
                ShadowCandidate(
                    check.id, conversion.document(row), _last_label(one, other), check.inclusion
                )
                for check, row, one, other in session.execute(query)
            ]
        while found and found[-1].answered is None:
            found.pop()
        return found

    def add_shadows(
        self, rule: str, model: str, shadows: Sequence[ShadowPrediction], *, actor: str
    ) -> int:
        """Add shadow checks: what a model says of documents that were drawn before it was used.

        One transaction; what was added before is left as it is, so that it may be repeated.
        `shadows` come in the order of drawing.

        Returns:
            How many checks were added.
        """
        now, added = self._clock.now(), 0
        with self._database.write() as session:
            known = {
                (document, at)
                for document, at in session.execute(
                    select(CheckRow.document_id, CheckRow.drawn_at).where(CheckRow.rule == rule)
                )
            }
            for predicted in shadows:
                original = session.get_one(CheckRow, predicted.check_id)
                if (original.document_id, original.drawn_at) in known:
                    continue
                if original.outcome is CheckOutcome.VOID:
                    continue
                draw = Draw(rule, model, predicted.label, predicted.score, original.inclusion)
                shadow = blind_checks.new_shadow(original, draw)
                blind_checks.settle_shadow(session, shadow, original, now)
                session.add(shadow)
                session.flush()
                added += 1
            if added:
                detail = {"model": model, "rule": rule, "checks": added}
                rows.log(session, "evidence_taken", now, actor, None, **detail)
        return added

    def add_promise(self, change: PromiseChange, *, actor: str) -> PromiseChange:
        """Write a change of the threshold in use down, with its line in the log."""
        now = self._clock.now()
        with self._database.write() as session:
            values = {f.name: getattr(change, f.name) for f in dataclasses.fields(change)}
            values |= {"id": None, "at": now, "why": change.why.value}
            row = PromiseRow(**values)
            session.add(row)
            session.flush()
            kept = ("model", "threshold", "why", "checked", "errors", "upper_bound")
            detail = {"promise": row.id, **{name: getattr(row, name) for name in kept}}
            detail["share"] = change.detail.get("share")
            kind = "sampling_moved" if change.why is ChangeReason.SAMPLING else "promise_moved"
            rows.log(session, kind, now, actor, None, **detail)
            return _change(row)

    def promises(self, rule: str | None = None, *, limit: int = 100) -> list[PromiseChange]:
        """Return the latest changes, of one rule or of all, the oldest of them first."""
        query = select(PromiseRow).order_by(PromiseRow.id.desc()).limit(limit)
        if rule is not None:
            query = query.where(PromiseRow.rule == rule)
        with self._database.read() as session:
            return [_change(row) for row in session.scalars(query)][::-1]


def _check_entry(session: Session, document_id: int) -> EntryRow:
    entry = rows.open_entry_row(session, document_id)
    if entry is None or entry.purpose is not Purpose.CHECK:
        raise NotFoundError(
            f"document {document_id} does not wait for a check",
            remedy="docsorter review list shows what waits",
        )
    return entry


def _unchanged(session: Session, check: Check) -> CheckRow:
    """Return the open row of a check that still is as the caller saw it."""
    row = blind_checks.open_row(session, check.document_id)
    if row is None or blind_checks.record(session, row) != check:
        raise ConflictError(
            f"somebody else answered the check of document {check.document_id}",
            remedy="take the next one",
        )
    return row


def _log_answer(session: Session, row: DocumentRow, check: CheckRow, answer: AnswerRow) -> None:
    outcome = None if check.outcome is None else check.outcome.value
    detail = {"label": answer.label, "uid": answer.uid, "check": check.id, "outcome": outcome}
    rows.log(session, "checked", answer.answered_at, answer.reviewer, row.id, **detail)


def _last_label(first: AnswerRow | None, second: AnswerRow | None) -> str | None:
    """Return the last label that people gave; without a first answer there is none."""
    last = second if first is not None and second is not None else first
    return None if last is None else last.label or ""


def _change(row: PromiseRow) -> PromiseChange:
    values = {f.name: getattr(row, f.name) for f in dataclasses.fields(PromiseChange)}
    return PromiseChange(**values | {"why": ChangeReason(row.why), "detail": dict(row.detail)})
