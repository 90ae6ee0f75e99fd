"""Checks as evidence: in the order of drawing, in numbers, and as what waits."""

import datetime as dt

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from docsorter.documents import CheckOutcome, Purpose
from docsorter.store import check_twins
from docsorter.store.evidence_tables import CheckRow
from docsorter.store.evidence_words import Drawn, Evidence, Tally
from docsorter.store.tables import AnswerRow, EntryRow
from docsorter.store.transactions import Transactions


class EvidenceStore(Transactions):
    """The part of the store that reads checks as evidence."""

    def evidence(self, rule: str, *, after_id: int = 0) -> list[Evidence]:
        """Return what was drawn under a rule, in the order of drawing; void checks are left out.

        Args:
            rule: Key of the sort rule.
            after_id: Only checks with a greater number.
        """
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
        with self.read() as session:
            return [Evidence(*row) for row in session.execute(query)]

    def double_looks(self) -> list[bool]:
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
                check_twins.is_original(),
            )
            .order_by(second.id)
        )
        with self.read() as session:
            return [label != said for label, said in session.execute(query)]

    def waiting_for(self) -> dict[Purpose, int]:
        """Return how many review entries are open for each purpose."""
        query = (
            select(EntryRow.purpose, func.count())
            .where(EntryRow.closed_at.is_(None))
            .group_by(EntryRow.purpose)
        )
        with self.read() as session:
            return {Purpose(purpose): number for purpose, number in session.execute(query)}

    def answers_mark(self) -> tuple[int, dt.datetime | None]:
        """Return something that changes whenever an answer is given or taken back; quick."""
        latest = select(func.max(AnswerRow.undone_at))
        with self.read() as session:
            return session.scalar(select(func.max(AnswerRow.id))) or 0, session.scalar(latest)

    def drawn_scores(self, rule: str, limit: int) -> list[float]:
        """Return the scores of the first documents drawn under a rule, at most so many."""
        query = select(CheckRow.score).where(CheckRow.rule == rule).order_by(CheckRow.id)
        with self.read() as session:
            return list(session.scalars(query.limit(limit)))

    def pilot_end(self, rule: str, pilot: int) -> int:
        """Return the number of the last of the first so many checks of a rule, 0 without any."""
        first = select(CheckRow.id).where(CheckRow.rule == rule).order_by(CheckRow.id).limit(pilot)
        with self.read() as session:
            return session.scalar(select(func.max(first.subquery().c.id))) or 0

    def check_tally(self, rule: str) -> Tally:
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
        with self.read() as session:
            found = session.execute(query).all()
        numbers = {outcome: number for outcome, number, _, _ in found}
        return Tally(
            open=numbers.get(None, 0),
            right=numbers.get(CheckOutcome.RIGHT, 0),
            wrong=numbers.get(CheckOutcome.WRONG, 0),
            void=numbers.get(CheckOutcome.VOID, 0),
            last_id=max((row[2] for row in found), default=0),
            settled_at=max((row[3] for row in found if row[3] is not None), default=None),
        )

    def drawn_since(self, rule: str, since: dt.datetime, limit: int = 20_000) -> list[Drawn]:
        """Return what was drawn under a rule, the newest first."""
        query = (
            select(CheckRow.id, CheckRow.drawn_at, CheckRow.score, CheckRow.inclusion)
            .where(CheckRow.rule == rule, CheckRow.drawn_at >= since)
            .order_by(CheckRow.id.desc())
            .limit(limit)
        )
        with self.read() as session:
            return [Drawn(*row) for row in session.execute(query)]
