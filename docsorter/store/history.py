"""All documents, listed and counted."""

import datetime as dt

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from docsorter.documents import Document, State
from docsorter.store import names, records, short_texts, tallies
from docsorter.store.tables import DocumentRow
from docsorter.store.transactions import Transactions
from docsorter.store.words import Counts, DocumentFilter

_EVERY = DocumentFilter()


class HistoryStore(Transactions):
    """The part of the store that looks at all documents."""

    def documents(
        self,
        filter: DocumentFilter = _EVERY,  # noqa: A002 -- the word for it
        *,
        limit: int = 50,
        before_id: int | None = None,
    ) -> list[Document]:
        """Return documents, the newest first.

        Args:
            filter: Which ones.
            limit: How many at most.
            before_id: Continue a listing: only those with a smaller number.
        """
        query = _chosen(filter)
        if before_id is not None:
            query = query.where(DocumentRow.id < before_id)
        with self.read() as session:
            few = names.few(session, filter.text)
            if few is not None:
                query = query.where(DocumentRow.id.in_(few))
            elif short_texts.helps(session, filter.text):
                query = _narrowed(session, query, filter, limit, before_id)
            found = session.scalars(query.order_by(DocumentRow.id.desc()).limit(limit))
            return [records.document(row) for row in found]

    def automated(self, since: dt.datetime, most: int) -> list[tuple[dt.datetime, bool]]:
        """Return when documents arrived and whether no person was needed, the oldest first.

        Only what has come to rest or waits for a person counts.

        Args:
            since: Arrived then or later.
            most: Look at no more than so many of the latest documents.
        """
        latest = select(func.max(DocumentRow.id)).scalar_subquery()
        rested = (State.SORTED, State.REVIEW, State.REJECTED)
        query = (
            select(DocumentRow.arrived_at, DocumentRow.state, DocumentRow.answered_by)
            .where(
                DocumentRow.id > latest - most,
                DocumentRow.arrived_at >= since,
                DocumentRow.state.in_(rested),
            )
            .order_by(DocumentRow.id)
        )
        with self.read() as session:
            return [
                (at, state is State.SORTED and answered_by is None)
                for at, state, answered_by in session.execute(query)
            ]

    def counts(self) -> Counts:
        """Return how many documents there are, from the counters."""
        states = dict.fromkeys(State, 0)
        labels: dict[str, int] = {}
        by_person = {False: 0, True: 0}
        with self.read() as session:
            kept = tallies.kept(session)
        for (state, label, person), number in kept.items():
            states[state] += number
            if state is State.SORTED:
                labels[label] = labels.get(label, 0) + number
                by_person[person] += number
        return Counts(states, labels, by_person[False], by_person[True], sum(states.values()))


def _narrowed(
    session: Session,
    query: Select[DocumentRow],
    wanted: DocumentFilter,
    limit: int,
    before_id: int | None,
) -> Select[DocumentRow]:
    """Look for a short text where it is; alone, its newest documents are the page."""
    if wanted == DocumentFilter(text=wanted.text):
        page = short_texts.newest(session, wanted.text, most=limit, before=before_id)
        return query.where(DocumentRow.id.in_(page))
    block = short_texts.block_of(DocumentRow.id)
    return query.where(block.in_(short_texts.blocks(wanted.text)))


def _chosen(wanted: DocumentFilter) -> Select[DocumentRow]:
    query = select(DocumentRow)
    if wanted.state is not None:
        query = query.where(DocumentRow.state == wanted.state)
    if wanted.label is not None:
        query = query.where(DocumentRow.label == wanted.label)
    if wanted.source is not None:
        query = query.where(DocumentRow.source == wanted.source)
    if wanted.text:
        query = query.where(DocumentRow.name.icontains(wanted.text, autoescape=True))
    if wanted.since is not None:
        # numbers grow with time, so the first one since then bounds the search
        first = (
            select(DocumentRow.id)
            .where(DocumentRow.arrived_at >= wanted.since)
            .order_by(DocumentRow.arrived_at, DocumentRow.id)
            .limit(1)
        )
        query = query.where(
            DocumentRow.id >= first.scalar_subquery(), DocumentRow.arrived_at >= wanted.since
        )
    return query
