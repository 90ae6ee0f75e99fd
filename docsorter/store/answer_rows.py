"""The row of an answer, whatever it was asked for."""

import datetime as dt

from docsorter.store.review_words import Manner
from docsorter.store.tables import AnswerRow, DocumentRow, EntryRow


def given(
    entry: EntryRow,
    row: DocumentRow,
    *,
    label: str | None,
    reviewer: str,
    uid: int,
    now: dt.datetime,
    manner: Manner,
) -> AnswerRow:
    """Return a new row for an answer to an entry; its purpose is that of the entry."""
    return AnswerRow(
        entry_id=entry.id,
        document_id=row.id,
        label=label,
        guess=entry.label,
        model=row.model,
        reviewer=reviewer,
        uid=uid,
        answered_at=now,
        purpose=entry.purpose,
        blind=entry.blind,
        seconds=manner.seconds,
        batch=manner.batch,
    )
