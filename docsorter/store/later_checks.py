"""Checks that may judge a model, since it did not learn from their documents."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from docsorter.documents import CheckOutcome, Document, Place, State
from docsorter.store import check_twins, records
from docsorter.store.evidence_tables import CheckRow, LearnedRow
from docsorter.store.tables import DocumentRow
from docsorter.store.transactions import Transactions


@dataclass(frozen=True, slots=True)
class LaterCheck:
    """A settled blind check of a document that a model did not learn from.

    Attributes:
        check_id: Number of the check; they are settled in the order of `settled_at`.
        document: The document.
        truth: What blind answers say it is.
        said: Label that the model in use gave when it was drawn.
        model: That model.
        inclusion: Probability with which it was drawn, (0, 1].
        drawn_at: When it was drawn.
        settled_at: When its outcome was known.
    """

    check_id: int
    document: Document
    truth: str
    said: str
    model: str
    inclusion: float
    drawn_at: dt.datetime
    settled_at: dt.datetime


class LaterChecksStore(Transactions):
    """The part of the store that says which checks may judge a model."""

    def later_checks(
        self, models: Iterable[str], *, after: dt.datetime | None = None, limit: int = 5000
    ) -> list[LaterCheck]:
        """Return settled checks of documents that none of the models learned from.

        They come in the order in which they were drawn, so that nobody chooses what counts first.

        Args:
            models: Names on their cards.
            after: Only checks drawn then or later.
            limit: At most so many, the newest.
        """
        learned = select(LearnedRow.document_id).where(
            LearnedRow.document_id == CheckRow.document_id, LearnedRow.model.in_(list(models))
        )
        query = (
            select(CheckRow, DocumentRow)
            .join(DocumentRow, DocumentRow.id == CheckRow.document_id)
            .where(
                CheckRow.outcome.in_([CheckOutcome.RIGHT, CheckOutcome.WRONG]),
                DocumentRow.state == State.SORTED,
                DocumentRow.place == Place.SORTED,
                DocumentRow.forgotten_at.is_(None),
                DocumentRow.label.is_not(None),
                check_twins.is_original(),
                ~learned.exists(),
            )
            .order_by(CheckRow.id.desc())
            .limit(limit)
        )
        if after is not None:
            query = query.where(CheckRow.drawn_at >= after)
        with self.read() as session:
            found = [_check(check, row) for check, row in session.execute(query)]
        return found[::-1]


def _check(check: CheckRow, row: DocumentRow) -> LaterCheck:
    assert check.settled_at is not None
    return LaterCheck(
        check_id=check.id,
        document=records.document(row),
        truth=check.label if check.outcome is CheckOutcome.RIGHT else str(row.label),
        said=check.label,
        model=check.model,
        inclusion=check.inclusion,
        drawn_at=check.drawn_at,
        settled_at=check.settled_at,
    )
