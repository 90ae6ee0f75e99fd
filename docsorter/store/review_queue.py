"""The review queue: entries in an order, and leases, so that two people never hold the same one."""

import datetime as dt

from sqlalchemy import Select, false, func, select
from sqlalchemy.orm import Session

from docsorter.documents import ReviewEntry
from docsorter.errors import NotFoundError
from docsorter.store import finding_rows, leases, names, queue_order, records, rows, short_texts
from docsorter.store.review_words import Lease, ReviewFilter, ReviewOrder, ReviewStats, Turn
from docsorter.store.tables import AnswerRow, DocumentRow, EntryRow, MoveRow
from docsorter.store.transactions import Transactions

_EVERY = ReviewFilter()
_FIRST = Turn()


class ReviewQueueStore(Transactions):
    """The part of the store that speaks of review entries."""

    def entries(
        self,
        *,
        order: ReviewOrder = ReviewOrder.OLDEST,
        filter: ReviewFilter = _EVERY,  # noqa: A002 -- the word for it
        limit: int = 50,
        offset: int = 0,
        turn: Turn = _FIRST,
    ) -> list[ReviewEntry]:
        """Return entries that wait for a person and are not being moved."""
        now = self._now()
        with self.read() as session:
            waiting = _named(session, filter, _waiting(filter, now))
            found = queue_order.listed(session, waiting, order, turn, now, (offset, limit))
            return _entries(session, found)

    def entry(self, entry_id: int) -> ReviewEntry:
        """Return one entry, open or closed.

        Raises:
            NotFoundError: There is none of that number.
        """
        with self.read() as session:
            return _entries(session, [_entry_row(session, entry_id)])[0]

    def entry_for_document(self, document_id: int) -> ReviewEntry:
        """Return the open entry of a document.

        Raises:
            NotFoundError: There is no such document, or it does not wait for a person.
        """
        with self.read() as session:
            row = rows.open_entry_row(session, document_id)
            if row is None:
                document = rows.document_row(session, document_id)
                raise NotFoundError(
                    f"document {document_id} does not wait for a person, it is {document.state}",
                    remedy="docsorter review list shows those that do",
                )
            return _entries(session, [row])[0]

    def lease(
        self,
        entry_id: int | None,
        *,
        owner: str,
        seconds: float,
        order: ReviewOrder = ReviewOrder.OLDEST,
        filter: ReviewFilter = _EVERY,  # noqa: A002 -- the word for it
        turn: Turn = _FIRST,
    ) -> Lease:
        """Hold an entry for a while, so that nobody else is shown it.

        Args:
            entry_id: Which entry; None for the next free one, those put back last.
            owner: Unix user name. The same owner naming the same entry renews the lease.
            seconds: For how long.
            order: What "next" means.
            filter: Out of which entries the next one is taken.
            turn: Whose turn it is in the order HELPS.

        Raises:
            NotFoundError: There is no such entry, or none is free.
            ConflictError: Somebody else holds it, or it was answered.
        """
        now = self._now()
        with self.write() as session:
            if entry_id is None:
                waiting = _named(session, filter, _waiting(filter, now))
                found = queue_order.next_free(session, waiting, order, turn, owner=owner, now=now)
                if found is None:
                    raise NotFoundError("no document waits for a person just now")
                row = found
            else:
                row = _entry_row(session, entry_id)
                leases.refuse_answered(row)
                leases.refuse_held(row, owner, now)
            row.lease_owner, row.lease_token = owner, self._token()
            row.lease_expires_at = now + dt.timedelta(seconds=seconds)
            return Lease(_entries(session, [row])[0], row.lease_token)

    def renew(self, entry_id: int, token: str, *, seconds: float) -> Lease:
        """Hold an entry longer; unlike `lease` it never takes one over.

        Raises:
            ConflictError: It was answered, or somebody else took it after the time had run out.
            NotFoundError: There is no such entry.
        """
        now = self._now()
        with self.write() as session:
            row = _entry_row(session, entry_id)
            leases.refuse_answered(row)
            leases.refuse_other_token(row, token)
            row.lease_expires_at = now + dt.timedelta(seconds=seconds)
            return Lease(_entries(session, [row])[0], token)

    def release(self, entry_id: int, token: str) -> None:
        """Give an entry back; one whose lease is gone already is left alone."""
        with self.write() as session:
            row = _entry_row(session, entry_id)
            if row.lease_token == token:
                rows.end_lease(row)

    def skip(self, entry_id: int, token: str, *, seconds: float) -> ReviewEntry:
        """Put an entry back; for so long it comes last.

        Raises:
            ConflictError: The token is not that of its lease.
        """
        now = self._now()
        with self.write() as session:
            row = _entry_row(session, entry_id)
            leases.refuse_answered(row)
            leases.refuse_other_token(row, token)
            detail: dict[str, object] = {"skips": row.skips + 1}
            rows.log(
                session,
                "skipped",
                at=now,
                actor=row.lease_owner or "",
                document_id=row.document_id,
                detail=detail,
            )
            row.skips += 1
            row.skipped_until = now + dt.timedelta(seconds=seconds)
            rows.end_lease(row)
            return _entries(session, [row])[0]

    def waiting_entries(self) -> int:
        """Return how many entries wait for anybody; the quick part of `review_stats`."""
        with self.read() as session:
            waiting = select(func.count()).select_from(EntryRow).where(EntryRow.closed_at.is_(None))
            return session.scalar(waiting) or 0

    def review_stats(self, since: dt.datetime | None = None) -> ReviewStats:
        """Return the queue in numbers; answers are counted since a time, or ever."""
        now = self._now()
        waiting = select(func.count()).select_from(EntryRow).where(EntryRow.closed_at.is_(None))
        leased = waiting.where(EntryRow.lease_expires_at > now)
        skipped = waiting.where(EntryRow.skipped_until > now)
        reasons = (
            select(EntryRow.reason, func.count())
            .where(EntryRow.closed_at.is_(None))
            .group_by(EntryRow.reason)
        )
        given = select(func.count()).select_from(AnswerRow).where(AnswerRow.undone_at.is_(None))
        undone = select(func.count()).select_from(AnswerRow).where(AnswerRow.undone_at.is_not(None))
        if since is not None:
            given = given.where(AnswerRow.answered_at >= since)
            undone = undone.where(AnswerRow.undone_at >= since)
        agreed = given.where(AnswerRow.label == AnswerRow.guess)
        with self.read() as session:
            return ReviewStats(
                open=session.scalar(waiting) or 0,
                leased=session.scalar(leased) or 0,
                skipped=session.scalar(skipped) or 0,
                reasons=dict(session.execute(reasons).all()),
                answered=session.scalar(given) or 0,
                agreed=session.scalar(agreed) or 0,
                undone=session.scalar(undone) or 0,
            )


def _waiting(wanted: ReviewFilter, now: dt.datetime) -> Select[EntryRow]:
    moving = select(MoveRow.id).where(
        MoveRow.document_id == EntryRow.document_id, MoveRow.closed_at.is_(None)
    )
    query = select(EntryRow).where(EntryRow.closed_at.is_(None), ~moving.exists())
    if wanted.reason is not None or wanted.label is not None:
        query = query.where(EntryRow.blind == false())
    if wanted.reason is not None:
        query = query.where(EntryRow.reason == wanted.reason)
    if wanted.label is not None:
        query = query.where(EntryRow.label == wanted.label)
    if wanted.source is not None:
        query = query.where(EntryRow.source == wanted.source)
    if wanted.purpose is not None:
        query = query.where(EntryRow.purpose == wanted.purpose)
    if wanted.older is not None:
        query = query.where(EntryRow.created_at <= now - wanted.older)
    if wanted.text:
        named = select(DocumentRow.id).where(
            DocumentRow.id == EntryRow.document_id,
            DocumentRow.name.icontains(wanted.text, autoescape=True),
        )
        query = query.where(named.exists())
    return query


def _named(session: Session, wanted: ReviewFilter, query: Select[EntryRow]) -> Select[EntryRow]:
    """Let an index of names narrow a search, where it helps."""
    few = names.few(session, wanted.text)
    if few is not None:
        return query.where(EntryRow.document_id.in_(few))
    if short_texts.helps(session, wanted.text):
        block = short_texts.block_of(EntryRow.document_id)
        return query.where(block.in_(short_texts.blocks(wanted.text)))
    return query


def _entry_row(session: Session, entry_id: int) -> EntryRow:
    row = session.get(EntryRow, entry_id, with_for_update=True)
    if row is None:
        raise NotFoundError(
            f"there is no review entry {entry_id}", remedy="docsorter review list shows them"
        )
    return row


def _entries(session: Session, found: list[EntryRow]) -> list[ReviewEntry]:
    wanted = [row.document_id for row in found]
    documents = {
        row.id: row
        for row in session.scalars(select(DocumentRow).where(DocumentRow.id.in_(wanted)))
    }
    seen = finding_rows.latest_predictions(session, wanted)
    return [
        records.entry(row, documents[row.document_id], seen.get(row.document_id)) for row in found
    ]
