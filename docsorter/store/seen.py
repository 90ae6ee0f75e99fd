"""What models saw, and where they were found to be wrong, for questions about the past."""

import datetime as dt

from sqlalchemy import func, select

from docsorter.documents import CheckOutcome, Prediction, Purpose
from docsorter.store import check_twins, records
from docsorter.store.evidence_tables import CheckRow
from docsorter.store.evidence_words import Mistake
from docsorter.store.tables import AnswerRow, PredictionRow
from docsorter.store.transactions import Transactions


class SeenStore(Transactions):
    """The part of the store that answers questions about the past."""

    def predictions_since(
        self, model: str, since: dt.datetime, limit: int
    ) -> list[tuple[int, dt.datetime, Prediction]]:
        """Return the latest predictions of a model, the newest first, one a document.

        Args:
            model: Name of the model.
            since: Made then or later.
            limit: Look at no more than so many of the latest predictions of any model.
        """
        latest = select(func.max(PredictionRow.id)).scalar_subquery()
        query = (
            select(PredictionRow)
            .where(
                PredictionRow.id > latest - limit,
                PredictionRow.made_at >= since,
                PredictionRow.model == model,
            )
            .order_by(PredictionRow.id.desc())
        )
        found: dict[int, tuple[int, dt.datetime, Prediction]] = {}
        with self.read() as session:
            for row in session.scalars(query):
                seen = (row.document_id, row.made_at, records.prediction(row))
                found.setdefault(row.document_id, seen)
        return list(found.values())

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
                check_twins.is_original(),
            )
            .order_by(CheckRow.id.desc())
            .limit(limit)
        )
        with self.read() as session:
            return [Mistake(*row) for row in session.execute(query)]
