"""What a waiting model may take along: checks whose draw did not depend on it."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from docsorter.documents import CheckOutcome, Document
from docsorter.store import check_twins, records, rows
from docsorter.store.evidence_tables import CheckRow, LearnedRow
from docsorter.store.tables import AnswerRow, DocumentRow
from docsorter.store.transactions import Transactions

REHEARSAL = "rehearsal"
"""Stands for the rule of a check that is evidence for no model in use: its document could not have
been sorted alone, and was drawn because another model may think otherwise."""


class Rehearsed(NamedTuple):
    """A check that a waiting model may be told of.

    Attributes:
        check_id: Number of the check; they grow in the order of drawing.
        document: Its document, where it lies now.
        said: What people said last; "" when they gave no label, None when nobody answered.
        inclusion: Probability with which it was drawn, (0, 1].
    """

    check_id: int
    document: Document
    said: str | None
    inclusion: float


class Shadow(NamedTuple):
    """What a waiting model says of a document that was drawn, and that it could sort alone.

    Attributes:
        check_id: Number of the check.
        label: Its label.
        score: What its threshold applies to, 0-1.
    """

    check_id: int
    label: str
    score: float


def _said(first: AnswerRow | None, second: AnswerRow | None) -> str | None:
    """Return the last label that people gave; without a first answer there is none."""
    last = second if first is not None and second is not None else first
    return None if last is None else last.label or ""


class RehearsalsStore(Transactions):
    """The part of the store that gives a model evidence of its own before it is used."""

    def rehearsed(self, model: str, *, after: dt.datetime, least: float) -> list[Rehearsed]:
        """Return the checks that a model may take along, in the order of drawing.

        They end with the last one that was answered. Left out are void ones, forgotten documents
        and those that the model learned from.

        Args:
            model: Name on its card.
            after: Only checks drawn then or later.
            least: Only checks drawn with at least this probability.
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
                check_twins.is_original(),
                ~learned.exists(),
            )
            .order_by(CheckRow.id)
        )
        with self.read() as session:
            found = [
                Rehearsed(check.id, records.document(row), _said(one, other), check.inclusion)
                for check, row, one, other in session.execute(query)
            ]
        while found and found[-1].said is None:
            found.pop()
        return found

    def take_along(self, rule: str, model: str, shadows: Sequence[Shadow], *, actor: str) -> int:
        """Make checks of a model of what it said of documents that were drawn before its time.

        One transaction; what it has taken along already is left as it is, so that it may be
        repeated.

        Args:
            rule: Key of its sort rule.
            model: Name on its card.
            shadows: In the order of drawing.
            actor: Who does it.

        Returns:
            How many checks were added.
        """
        now, added = self._now(), 0
        with self.write() as session:
            known = {
                (document, at)
                for document, at in session.execute(
                    select(CheckRow.document_id, CheckRow.drawn_at).where(CheckRow.rule == rule)
                )
            }
            for shadow in shadows:
                original = session.get_one(CheckRow, shadow.check_id)
                if (original.document_id, original.drawn_at) in known:
                    continue
                if original.outcome is CheckOutcome.VOID:
                    continue
                twin = CheckRow(
                    document_id=original.document_id,
                    drawn_at=original.drawn_at,
                    model=model,
                    rule=rule,
                    source=original.source,
                    label=shadow.label,
                    score=float(shadow.score),
                    inclusion=original.inclusion,
                )
                check_twins.settle(session, twin, original, now)
                session.add(twin)
                session.flush()
                added += 1
            if added:
                detail: dict[str, object] = {"model": model, "rule": rule, "checks": added}
                rows.log(
                    session, "evidence_taken", at=now, actor=actor, document_id=None, detail=detail
                )
        return added
