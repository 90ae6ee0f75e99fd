"""Checks that a model took along: the same draw and answers, told of another model's label.

A model that waited while documents were drawn may count them once it is used: what chance drew did
not depend on it. Its row has the document and the time of the draw of the check that was asked, the
original, which alone is ever answered; whatever the answers to that come to, its twins follow.
"""

import datetime as dt

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from docsorter.documents import CheckOutcome
from docsorter.store.evidence_tables import CheckRow
from docsorter.store.tables import AnswerRow


def is_original() -> ColumnElement[bool]:
    """Return the condition that a row of `CheckRow` is the check that people were asked."""
    earlier = aliased(CheckRow)
    same = select(earlier.id).where(
        earlier.document_id == CheckRow.document_id,
        earlier.drawn_at == CheckRow.drawn_at,
        earlier.id < CheckRow.id,
    )
    return ~same.exists()


def follow(session: Session, original: CheckRow, now: dt.datetime) -> None:
    """Settle the twins of a check by what has become of it."""
    twins = select(CheckRow).where(
        CheckRow.document_id == original.document_id,
        CheckRow.drawn_at == original.drawn_at,
        CheckRow.id > original.id,
    )
    for twin in session.scalars(twins):
        settle(session, twin, original, now)


def settle(session: Session, twin: CheckRow, original: CheckRow, now: dt.datetime) -> None:
    """Say what the standing answers to a check make of another model's label.

    A twin is never open, for nobody is asked about it: what does not show that it is right counts
    as wrong.
    """
    twin.first_answer_id = original.first_answer_id
    twin.second_answer_id = original.second_answer_id
    outcome = CheckOutcome.WRONG
    if original.outcome is CheckOutcome.VOID:
        outcome = CheckOutcome.VOID
    elif _backs(session, twin):
        outcome = CheckOutcome.RIGHT
    if outcome is not twin.outcome or twin.settled_at is None:
        twin.outcome, twin.settled_at = outcome, now


def _backs(session: Session, twin: CheckRow) -> bool:
    """Say whether the last of the answers names the label; without a first one none does."""
    first, second = (
        None if number is None else session.get_one(AnswerRow, number)
        for number in (twin.first_answer_id, twin.second_answer_id)
    )
    if first is None or first.undone_at is not None:
        return False
    last = first if second is None or second.undone_at is not None else second
    return last.label == twin.label
