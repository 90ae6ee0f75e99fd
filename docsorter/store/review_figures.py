"""What the statistics of reviewers are made of: answers since a time, and pairs of opinions."""

import datetime as dt

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from docsorter.documents import Purpose
from docsorter.store.review_words import Given, OpinionPair
from docsorter.store.tables import AnswerRow
from docsorter.store.transactions import Transactions


class FiguresStore(Transactions):
    """The part of the store that reads answers for statistics."""

    def given(self, since: dt.datetime) -> list[Given]:
        """Return every answer since a time, taken back or not, the oldest first."""
        columns = (
            AnswerRow.answered_at,
            AnswerRow.reviewer,
            AnswerRow.label,
            AnswerRow.guess,
            AnswerRow.seconds,
            AnswerRow.undone_at,
            AnswerRow.purpose,
            AnswerRow.blind,
        )
        query = select(*columns).where(AnswerRow.answered_at >= since).order_by(AnswerRow.id)
        with self.read() as session:
            return [
                Given(at, reviewer, label, guess, seconds, undone is not None, purpose, blind)
                for at, reviewer, label, guess, seconds, undone, purpose, blind in session.execute(
                    query
                )
            ]

    def opinion_pairs(self, since: dt.datetime) -> list[OpinionPair]:
        """Return what two people said of the same document, the second of them blind.

        Second looks at blind checks are left out: they are asked for only where the first one
        disagrees with the model, so they would tell more of hard documents than of people.
        """
        first, second, earlier = aliased(AnswerRow), aliased(AnswerRow), aliased(AnswerRow)
        compared = (
            select(func.max(earlier.id))
            .where(
                earlier.document_id == second.document_id,
                earlier.id < second.id,
                earlier.purpose == Purpose.DECIDE,
                or_(earlier.undone_at.is_(None), earlier.undone_at > second.answered_at),
            )
            .correlate(second)
            .scalar_subquery()
        )
        query = (
            select(first.label, second.label, first.reviewer, second.reviewer)
            .select_from(second)
            .join(first, first.id == compared)
            .where(
                second.answered_at >= since,
                second.purpose == Purpose.SECOND,
                second.undone_at.is_(None),
            )
            .order_by(second.id)
        )
        with self.read() as session:
            return [
                OpinionPair(one, other, (who, whom))
                for one, other, who, whom in session.execute(query)
            ]
