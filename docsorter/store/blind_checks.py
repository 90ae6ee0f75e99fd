"""Who is asked about a document, blind, inside a transaction: checks and second opinions.

A check is settled by what its standing answers say, computed anew after every change of them: an
answer that is taken back opens it again, so that an error cannot be removed from the evidence by
undoing it. It is void only where nobody can answer it any more.

A model that waited while documents were drawn may count their checks once it is used: what chance
drew did not depend on it. Its row, a shadow, has the document and the time of the draw of the check
that was asked, the original, which alone is ever answered; whatever the answers to that come to,
its shadows follow.
"""

import datetime as dt

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased

from docsorter.documents import CheckOutcome, Purpose, ReasonCode, State
from docsorter.errors import ConflictError
from docsorter.store import conversion, rows
from docsorter.store.records import Check, Draw
from docsorter.store.tables import (
    AnswerRow,
    CheckRow,
    DocumentColumns,
    DocumentRow,
    EntryRow,
    MoveRow,
)

CHECKABLE = frozenset({State.SORTED, State.REJECTED})
"""Where a document may lie while it is looked at again."""


def draw(session: Session, row: DocumentColumns, drawn: Draw, now: dt.datetime) -> CheckRow:
    """Write down that a document was drawn, in the transaction of its verdict."""
    void_open(session, row.id, now)
    check = _new_row(row.id, row.source, drawn, now)
    session.add(check)
    session.flush()
    return check


def new_shadow(original: CheckRow, drawn: Draw) -> CheckRow:
    """Return the row by which another model counts a check that was drawn before."""
    return _new_row(original.document_id, original.source, drawn, original.drawn_at)


def _new_row(document_id: int, source: str, drawn: Draw, at: dt.datetime) -> CheckRow:
    return CheckRow(
        document_id=document_id,
        drawn_at=at,
        model=drawn.model,
        rule=drawn.rule,
        source=source,
        label=drawn.label,
        score=float(drawn.score),
        inclusion=float(drawn.inclusion),
    )


def open_row(session: Session, document_id: int) -> CheckRow | None:
    """Return the check of a document that is not settled."""
    return session.scalar(
        select(CheckRow).where(CheckRow.document_id == document_id, CheckRow.settled_at.is_(None))
    )


def row_of_answer(session: Session, answer: AnswerRow) -> CheckRow | None:
    """Return the check that an answer, standing or undone, belongs to."""
    return session.scalar(
        select(CheckRow)
        .where(
            CheckRow.document_id == answer.document_id,
            or_(CheckRow.first_answer_id == answer.id, CheckRow.second_answer_id == answer.id),
        )
        .order_by(CheckRow.id)  # the one that was asked comes before its shadows
        .limit(1)
    )


def standing(session: Session, answer_id: int | None) -> AnswerRow | None:
    """Return an answer unless it was taken back."""
    answer = None if answer_id is None else session.get_one(AnswerRow, answer_id)
    return None if answer is None or answer.undone_at is not None else answer


def record(session: Session, row: CheckRow) -> Check:
    """Return a check as the rooms know it."""
    first, second = (
        standing(session, number) for number in (row.first_answer_id, row.second_answer_id)
    )
    return Check(
        id=row.id,
        document_id=row.document_id,
        drawn_at=row.drawn_at,
        draw=Draw(row.rule, row.model, row.label, row.score, row.inclusion),
        source=row.source,
        first=None if first is None else conversion.answer(first),
        second=None if second is None else conversion.answer(second),
        outcome=row.outcome,
        settled_at=row.settled_at,
    )


def note_answer(session: Session, answer: AnswerRow, now: dt.datetime) -> CheckRow | None:
    """Count a blind answer for the open check of its document, if there is one.

    One that was not given blind settles nothing: the check is void.
    """
    check = open_row(session, answer.document_id)
    if check is None:
        return None
    if not answer.blind:
        _void(session, check, now)
        return check
    if standing(session, check.first_answer_id) is None:
        check.first_answer_id = answer.id
    else:
        check.second_answer_id = answer.id
    _settle(session, check, now)
    return check


def note_second(
    session: Session, first: AnswerRow, second: AnswerRow, now: dt.datetime
) -> CheckRow | None:
    """Count a second opinion for the check that the first answer had settled, if there is one."""
    check = row_of_answer(session, first)
    if check is None or check.first_answer_id != first.id or not first.blind:
        return None
    if check.outcome is not CheckOutcome.RIGHT or first.label != check.label:
        return None
    if standing(session, check.second_answer_id) is None:
        check.second_answer_id = second.id
        _settle(session, check, now)
    return check


def answers_changed(session: Session, answer: AnswerRow, now: dt.datetime) -> CheckRow | None:
    """Settle or open the check of an answer that was taken back, or restored."""
    check = row_of_answer(session, answer)
    if check is None or check.outcome is CheckOutcome.VOID:
        return None
    if check.settled_at is not None:
        other = open_row(session, answer.document_id)
        if other is not None:  # drawn again since; one of the two can be answered
            _void(session, check, now)
            return check
    _settle(session, check, now)
    return check


def void_open(session: Session, document_id: int, now: dt.datetime) -> CheckRow | None:
    """Give up the open check of a document: nobody can answer it any more."""
    check = open_row(session, document_id)
    if check is not None:
        _void(session, check, now)
        session.flush()
    return check


def open_entries(session: Session, row: DocumentRow, now: dt.datetime) -> None:
    """Let the review entries of a document that has come to rest say what it waits for.

    In review it waits for a decision, blind while a check of it is open. Sorted or rejected it
    waits for nobody, unless a check of it is open or a second opinion is asked for.
    """
    check = open_row(session, row.id)
    if check is None and row.state in CHECKABLE and is_second_asked(session, row.id):
        return
    rows.close_entry(session, row.id, now)
    session.flush()
    if row.state is State.REVIEW:
        rows.open_entry(session, row, now)
        session.flush()
        entry = rows.open_entry_row(session, row.id)
        assert entry is not None
        entry.blind = check is not None
    elif check is not None and row.state in CHECKABLE and row.forgotten_at is None:
        open_check_entry(session, row, check, now)
    elif check is not None:  # on its way to be looked at anew
        _void(session, check, now)


def open_check_entry(
    session: Session, row: DocumentRow, check: CheckRow, now: dt.datetime
) -> EntryRow:
    """Ask for the next blind look at a document that stays where it is."""
    first = standing(session, check.first_answer_id)
    entry = EntryRow(
        document_id=row.id,
        created_at=now,
        reason=row.reason,
        label=check.label,
        confidence=check.score,
        source=row.source,
        skips=0,
        purpose=Purpose.CHECK,
        blind=True,
        not_for=None if first is None else first.reviewer,
    )
    session.add(entry)
    session.flush()
    return entry


def _settle(session: Session, check: CheckRow, now: dt.datetime) -> None:
    """Say what the standing answers make of a check.

    The first answer settles it when it agrees with the model, unless a second one that was asked
    for all the same does not: then it counts as wrong, whatever is decided of the document. When
    the first does not agree, a second look decides; a refusal ("none of these") disagrees as well.
    """
    first = standing(session, check.first_answer_id)
    second = standing(session, check.second_answer_id)
    outcome: CheckOutcome | None = None
    if first is not None and first.label == check.label:
        differs = second is not None and second.label != check.label
        outcome = CheckOutcome.WRONG if differs else CheckOutcome.RIGHT
    elif first is not None and second is not None:
        agrees = second.label == check.label
        outcome = CheckOutcome.RIGHT if agrees else CheckOutcome.WRONG
    if outcome is not check.outcome or check.settled_at is None:
        check.outcome = outcome
        check.settled_at = None if outcome is None else now
    _settle_shadows(session, check, now)
    session.flush()


def _void(session: Session, check: CheckRow, now: dt.datetime) -> None:
    check.outcome, check.settled_at = CheckOutcome.VOID, now
    _settle_shadows(session, check, now)


def is_original() -> ColumnElement[bool]:
    """Return the condition that a row of `CheckRow` is the check that people were asked."""
    earlier = aliased(CheckRow)
    same = select(earlier.id).where(
        earlier.document_id == CheckRow.document_id,
        earlier.drawn_at == CheckRow.drawn_at,
        earlier.id < CheckRow.id,
    )
    return ~same.exists()


def _settle_shadows(session: Session, original: CheckRow, now: dt.datetime) -> None:
    """Settle the shadows of a check by what has become of it."""
    shadows = select(CheckRow).where(
        CheckRow.document_id == original.document_id,
        CheckRow.drawn_at == original.drawn_at,
        CheckRow.id > original.id,
    )
    for shadow in session.scalars(shadows):
        settle_shadow(session, shadow, original, now)


def settle_shadow(session: Session, shadow: CheckRow, original: CheckRow, now: dt.datetime) -> None:
    """Say what the standing answers to a check make of another model's label.

    A shadow is never open, for nobody is asked about it: what does not show that it is right counts
    as wrong.
    """
    shadow.first_answer_id = original.first_answer_id
    shadow.second_answer_id = original.second_answer_id
    outcome = CheckOutcome.WRONG
    if original.outcome is CheckOutcome.VOID:
        outcome = CheckOutcome.VOID
    elif _backs(session, shadow):
        outcome = CheckOutcome.RIGHT
    if outcome is not shadow.outcome or shadow.settled_at is None:
        shadow.outcome, shadow.settled_at = outcome, now


def _backs(session: Session, shadow: CheckRow) -> bool:
    """Say whether the last of the answers names the label; without a first one none does."""
    first = standing(session, shadow.first_answer_id)
    last = standing(session, shadow.second_answer_id) or first
    return first is not None and last is not None and last.label == shadow.label


def ask_second(
    session: Session, row: DocumentRow, of: EntryRow, *, reviewer: str, now: dt.datetime
) -> None:
    """Ask for another answer to a document, blind; its first entry is closed by now."""
    session.flush()
    session.add(
        EntryRow(
            document_id=row.id,
            created_at=now,
            reason=row.reason or ReasonCode.ANSWERED,
            label=of.label,
            confidence=of.confidence,
            source=of.source,
            skips=0,
            purpose=Purpose.SECOND,
            blind=True,
            not_for=reviewer,
        )
    )
    session.flush()


def is_second_asked(session: Session, document_id: int) -> bool:
    """Say whether a second opinion of a document is waited for."""
    entry = rows.open_entry_row(session, document_id)
    return entry is not None and entry.purpose is Purpose.SECOND


def first_answer(session: Session, document_id: int) -> AnswerRow:
    """Return the answer that a second opinion, about to be given, is compared with.

    Raises:
        ConflictError: It was taken back meanwhile.
    """
    found = rows.last_standing(session, document_id, but=Purpose.SECOND)
    if found is None:
        raise ConflictError(
            f"the first answer to document {document_id} was taken back meanwhile",
            remedy="take the next one",
        )
    return found


def second_opinions_of(session: Session, first: AnswerRow) -> list[AnswerRow]:
    """Return the second opinions of an answer that stand."""
    query = rows.standing_answers(first.document_id)
    later = query.where(AnswerRow.purpose == Purpose.SECOND, AnswerRow.id > first.id)
    return list(session.scalars(later))


def restore_answers(session: Session, move: MoveRow, answer: AnswerRow, now: dt.datetime) -> None:
    """Restore the answers that an undo took back, because its move was given up."""
    together = select(AnswerRow).where(
        AnswerRow.document_id == move.document_id, AnswerRow.undone_at == move.planned_at
    )
    for each in session.scalars(together):
        each.undone_at = None
    answer.undone_at = None
    if answer.purpose is Purpose.SECOND and move.next_state is not State.REVIEW:
        rows.close_entry(session, move.document_id, now)
        session.flush()
        rows.open_entry(session, rows.document_row(session, move.document_id), now)
