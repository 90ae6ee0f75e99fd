"""Counters of documents, kept in the transactions that change them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from docsorter.documents import State
from docsorter.store.tables import DocumentColumns, DocumentRow, TallyRow

CounterKey = tuple[State, str, bool]
# The same words are understood by SQLite and PostgreSQL.
_COUNT = text(
    "INSERT INTO tallies (state, label, by_person, documents)"
    " VALUES (:state, :label, :by_person, :by)"
    " ON CONFLICT (state, label, by_person)"
    " DO UPDATE SET documents = tallies.documents + excluded.documents"
)


def key_of(row: DocumentRow | DocumentColumns) -> CounterKey:
    """Return under what a document is counted."""
    if row.state is not State.SORTED:
        return row.state, "", False
    return row.state, row.label or "", row.answered_by is not None


def count(session: Session, key: CounterKey, by: int) -> None:
    """Change a counter, in the transaction of what is counted."""
    session.connection().execute(_COUNT, _change(key, by))


def _change(key: CounterKey, by: int) -> dict[str, object]:
    state, label, by_person = key
    return {"state": state.value, "label": label, "by_person": by_person, "by": by}


@contextmanager
def recounted(session: Session, row: DocumentRow) -> Iterator[None]:
    """Keep the counters true while a document's row is changed in the block."""
    before = key_of(row)
    yield
    recount(session, before, key_of(row))


def recount(session: Session, before: CounterKey, after: CounterKey) -> None:
    """Count a document elsewhere than before."""
    if after != before:
        session.connection().execute(_COUNT, [_change(before, -1), _change(after, 1)])


def real(session: Session) -> dict[CounterKey, int]:
    """Count the documents themselves, slowly, to check the counters."""
    person = DocumentRow.answered_by.is_not(None)
    columns = (DocumentRow.state, func.coalesce(DocumentRow.label, ""), person)
    found: dict[CounterKey, int] = {}
    for state, label, by_person, number in session.execute(
        select(*columns, func.count()).group_by(*columns)
    ):
        key = (state, label, bool(by_person)) if state is State.SORTED else (state, "", False)
        found[key] = found.get(key, 0) + number
    return found


def kept(session: Session) -> dict[CounterKey, int]:
    """Return the counters that are not zero."""
    rows = session.scalars(select(TallyRow).where(TallyRow.documents != 0))
    return {(row.state, row.label, row.by_person): row.documents for row in rows}
