"""A bounded sample of documents of a time, with what was seen in them, however many there are."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from docsorter.documents import CheckOutcome
from docsorter.store import check_twins, finding_rows
from docsorter.store.evidence_tables import CheckRow
from docsorter.store.tables import DocumentRow, PredictionRow
from docsorter.store.transactions import Transactions

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Sampled:
    """What one document says of its time.

    Attributes:
        document_id: Its number.
        source: Inbox sub-folder.
        media_type: What its bytes are, "" when not known.
        producer: What the scanner says of itself.
        traits: What the scan looks like; empty when that was not measured.
        model: Name of the model that looked last, "" for none.
        label: Its most probable label, "" for none.
        confidence: Probability of that, 0-1.
        novelty: Percentile, 0-100.
    """

    document_id: int
    source: str
    media_type: str
    producer: str
    traits: dict[str, object]
    model: str = ""
    label: str = ""
    confidence: float = 0.0
    novelty: float = 0.0


class DriftSamplesStore(Transactions):
    """The part of the store that shows what documents are like from time to time."""

    def sample(self, since: dt.datetime, until: dt.datetime, most: int) -> list[Sampled]:
        """Return documents that arrived within a time, evenly spread by their number.

        Two look-ups in the index of arrivals and at most `most` rows by their key: a million
        documents cost no more than a thousand.

        Args:
            since: Arrived then or later.
            until: And before.
            most: At most so many.
        """
        with self.read() as session:
            first = _first_since(session, since)
            end = _first_since(session, until)
            if first is None:
                return []
            last = (session.scalar(select(func.max(DocumentRow.id))) or 0) if end is None else end
            stop = last + 1 if end is None else end
            wanted = range(first, stop)
            if len(wanted) > most:
                wanted = range(first, stop, -(-len(wanted) // most))
            return _sampled(session, wanted, since, until)

    def right_checks(self, document_ids: Iterable[int]) -> int:
        """Count the checks of documents that showed the model to be right."""
        numbers = list(document_ids)
        query = (
            select(func.count())
            .select_from(CheckRow)
            .where(
                CheckRow.document_id.in_(numbers),
                CheckRow.outcome == CheckOutcome.RIGHT,
                check_twins.is_original(),
            )
        )
        with self.read() as session:
            return session.scalar(query) or 0


def _first_since(session: Session, time: dt.datetime) -> int | None:
    return session.scalar(
        select(DocumentRow.id)
        .where(DocumentRow.arrived_at >= time)
        .order_by(DocumentRow.arrived_at, DocumentRow.id)
        .limit(1)
    )


def _sampled(
    session: Session, wanted: Sequence[int], since: dt.datetime, until: dt.datetime
) -> list[Sampled]:
    found = []
    for start in range(0, len(wanted), _AT_ONCE):
        numbers = list(wanted[start : start + _AT_ONCE])
        seen = finding_rows.latest_predictions(session, numbers)
        documents = select(DocumentRow).where(
            DocumentRow.id.in_(numbers),
            DocumentRow.forgotten_at.is_(None),
            DocumentRow.arrived_at >= since,
            DocumentRow.arrived_at < until,
        )
        found += [
            _one(row, seen.get(row.id))
            for row in session.scalars(documents.order_by(DocumentRow.id))
        ]
    return found


def _one(row: DocumentRow, seen: PredictionRow | None) -> Sampled:
    plain = Sampled(row.id, row.source, row.media_type or "", row.producer, dict(row.traits or {}))
    if seen is None:
        return plain
    confidence, label = max(zip(seen.probabilities, seen.labels, strict=True))
    return Sampled(
        plain.document_id,
        plain.source,
        plain.media_type,
        plain.producer,
        plain.traits,
        seen.model,
        label,
        float(confidence),
        float(seen.novelty),
    )
