"""What looking at documents brought to light: written down in a transaction, and found again."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from docsorter.store import records, rows, statements
from docsorter.store.tables import DocumentRow, PredictionRow
from docsorter.store.words import Findings


def latest_predictions(session: Session, document_ids: Iterable[int]) -> dict[int, PredictionRow]:
    """Return the latest prediction of each document that has one, by document id."""
    latest = (
        select(func.max(PredictionRow.id))
        .where(PredictionRow.document_id.in_(list(document_ids)))
        .group_by(PredictionRow.document_id)
    )
    found = session.scalars(select(PredictionRow).where(PredictionRow.id.in_(latest)))
    return {row.document_id: row for row in found}


def note_findings(session: Session, row: DocumentRow, findings: Findings, now: dt.datetime) -> None:
    """Write down what looking at a document brought to light; what is unknown stays."""
    if findings.prediction is not None:
        values = records.prediction_values(row.id, findings.prediction, now)
        rows.inserted(session, statements.NEW_PREDICTION, values)
        row.model = findings.prediction.model
    if findings.pages is not None:
        row.pages = findings.pages
    if findings.media_type is not None:
        row.media_type = findings.media_type
    if findings.producer:
        row.producer = findings.producer
    if findings.traits:
        row.traits = dict(findings.traits)
    if findings.duplicate_of is not None:
        row.duplicate_of = findings.duplicate_of
    if findings.digest is not None:
        digest = findings.digest
        row.sha256, row.size, row.mtime_ns = digest.sha256, digest.size, digest.mtime_ns
