"""The append-only log: who did what, when."""

import datetime as dt

from sqlalchemy import select

from docsorter.documents import Event
from docsorter.store import records, rows
from docsorter.store.tables import EventRow
from docsorter.store.transactions import Transactions


class EventsStore(Transactions):
    """The part of the store that speaks of events; it has no way to change one."""

    def add_event(
        self,
        kind: str,
        *,
        actor: str,
        document_id: int | None = None,
        detail: dict[str, object] | None = None,
    ) -> Event:
        """Add a line to the log.

        Args:
            kind: What happened, in one word.
            actor: "daemon" or a Unix user name.
            document_id: Of which document; None for the service itself.
            detail: Facts, JSON-serializable; never names or content of documents.
        """
        now = self._now()
        with self.write() as session:
            number = rows.log(
                session, kind, at=now, actor=actor, document_id=document_id, detail=detail
            )
        return Event(number, now, kind, actor, document_id, dict(detail or {}))

    def events(
        self,
        *,
        document_id: int | None = None,
        since: dt.datetime | None = None,
        after_id: int | None = None,
        limit: int = 1000,
    ) -> list[Event]:
        """Return lines of the log, the oldest first.

        Args:
            document_id: Only of this document.
            since: Only from then on.
            after_id: Continue a listing: only lines with a greater number.
            limit: How many at most.
        """
        query = select(EventRow).order_by(EventRow.id).limit(limit)
        if document_id is not None:
            query = query.where(EventRow.document_id == document_id)
        if since is not None:
            # numbers grow with time, so the first one since then bounds the search
            first = select(EventRow.id).where(EventRow.at >= since)
            first = first.order_by(EventRow.at, EventRow.id).limit(1)
            query = query.where(EventRow.id >= first.scalar_subquery(), EventRow.at >= since)
        if after_id is not None:
            query = query.where(EventRow.id > after_id)
        with self.read() as session:
            return [records.event(row) for row in session.scalars(query)]

    def events_of_kind(self, kind: str, *, limit: int = 1000) -> list[Event]:
        """Return the latest lines of one kind that are of no document, the oldest first."""
        query = (
            select(EventRow)
            .where(EventRow.document_id.is_(None), EventRow.kind == kind)
            .order_by(EventRow.id.desc())
            .limit(limit)
        )
        with self.read() as session:
            return [records.event(row) for row in session.scalars(query)][::-1]
