"""Documents: claimed, looked at, waiting, listed and counted; and the log of what happened."""

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Final, cast

from sqlalchemy import (
    BindParameter,
    CursorResult,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from docsorter.documents import (
    Document,
    Event,
    Move,
    MoveState,
    Place,
    Prediction,
    Reason,
    ReasonCode,
    State,
    VerdictKind,
)
from docsorter.store import conversion, names, rows, words
from docsorter.store.database import Repository
from docsorter.store.records import (
    AdoptedFile,
    Arrival,
    Counts,
    Destination,
    DocumentFilter,
    Findings,
    SampledDocument,
)
from docsorter.store.tables import (
    DocumentColumns,
    DocumentRow,
    EntryRow,
    EventRow,
    MoveRow,
    PredictionRow,
    TallyRow,
)

_EVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EVERY = DocumentFilter()
_ORDINARY_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_AT_ONCE = 500

_IS_DUPLICATE = (DocumentRow.reason == ReasonCode.DUPLICATE) & (
    DocumentRow.verdict == VerdictKind.REJECT
)
_EARLIER: Final = (
    select(DocumentRow.id)
    .where(
        DocumentRow.sha256 == bindparam("sha256"),
        or_(
            DocumentRow.id < bindparam("before_id"),
            and_(DocumentRow.id > bindparam("before_id"), DocumentRow.verdict.is_not(None)),
        ),
        DocumentRow.id > bindparam("after_id"),
        DocumentRow.state != State.WITHDRAWN,
        DocumentRow.forgotten_at.is_(None),
        # NULL is not true, so a document without a verdict counts
        func.coalesce(_IS_DUPLICATE, False).is_(False),
    )
    .order_by(DocumentRow.id)
    .limit(1)
)
"""Number of the first document after `after_id` with the bytes `sha256` that was kept; `before_id`
asks."""

_SPOOLED = select(DocumentRow).where(DocumentRow.state == State.SPOOLED, ~rows.IS_PLANNED)
_MOST: BindParameter[int] = bindparam("most")
# Two questions, each answered from the index; "or" would read the whole spool.
_FRESH: Final = (
    _SPOOLED.where(DocumentRow.next_try_at.is_(None)).order_by(DocumentRow.id).limit(_MOST)
)
"""At most `most` documents in the spool that were never tried."""
_AGAIN: Final = (
    _SPOOLED.where(DocumentRow.next_try_at <= bindparam("now"))
    .order_by(DocumentRow.next_try_at)
    .limit(_MOST)
)
"""At most `most` documents in the spool whose next try has come at `now`."""

_FIRST = func.min(DocumentRow.next_try_at)
_NEXT_TRIES: Final = (
    select(_FIRST).where(DocumentRow.state == State.SPOOLED),
    select(_FIRST).where(
        DocumentRow.id.in_(select(MoveRow.document_id).where(MoveRow.closed_at.is_(None)))
    ),
)
"""When the first waiting document, and the first planned move, is tried again."""


class DocumentRepository(Repository):
    """Follows each document, looks at all of them, and keeps the log."""

    def plan_claim(
        self, arrival: Arrival, *, actor: str, again: int | None = None
    ) -> tuple[Document, Move]:
        """Give a file in the inbox its number and plan its move to the spool.

        Args:
            arrival: The file.
            actor: Who claims it.
            again: Number that the file got when an earlier claim of it was given up, so that a
                file that has to be tried often does not leave a document behind each time.

        Returns:
            The document (state CLAIMING, still in the inbox) and the planned move to a name of
            our own making: the number and, if it is an ordinary one, the suffix.

        Raises:
            ConflictError: A claim of that inbox path is planned already.
        """
        now = self._clock.now()
        with self._database.write() as session:
            values: dict[str, Any] = {
                "name": arrival.name,
                "source": arrival.source,
                "state": State.CLAIMING,
                "place": Place.INBOX,
                "path": arrival.path,
                "size": arrival.size,
                "mtime_ns": arrival.mtime_ns,
                "arrived_at": now,
                "producer": "",
                "attempts": 0,
            }
            row = None if again is None else _reclaimed(session, again, values)
            if row is None:
                row = rows.insert_document(session, values)
                rows.count_document(session, rows.counter_key(row), 1)
            spool = Destination(Place.SPOOL, spool_name(row.id, arrival.name), State.SPOOLED)
            move = rows.plan(session, row, spool, actor=actor, now=now)
            known = {"size": arrival.size, "mtime_ns": arrival.mtime_ns}
            rows.log(session, "claim_planned", now, actor, row.id, **known)
            return conversion.document(row), move

    def set_hash(self, document_id: int, *, sha256: str, size: int, mtime_ns: int) -> Document:
        """Note the digest of a document's bytes, with the size and time they had."""
        with self._database.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            rows.refuse_forgotten(row)
            row.sha256, row.size, row.mtime_ns = sha256, size, mtime_ns
            return conversion.document(row)

    def earlier_with_hash(
        self, sha256: str, before_id: int, *, after_id: int = 0
    ) -> Document | None:
        """Return the first document with the same bytes that was kept, or None.

        That is one that came earlier, or one that came later and has its verdict already. One that
        was withdrawn, forgotten, or itself rejected as a duplicate does not count.

        Args:
            sha256: Hex digest of the bytes.
            before_id: Whose bytes they are.
            after_id: Look among later documents only, to go on after one that does not do.
        """
        asked = {"sha256": sha256, "before_id": before_id, "after_id": after_id}
        with self._database.ask() as connection:
            number = connection.scalar(_EARLIER, asked)
        return None if number is None else self.get(number)

    def record_prediction(
        self, document_id: int, findings: Findings, *, actor: str = "daemon"
    ) -> Document:
        """Note what looking at a document brought to light, without a verdict."""
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            rows.refuse_forgotten(row)
            conversion.assign(row, rows.insert_findings(session, row.id, findings, now))
            rows.log(session, "predicted", now, actor, row.id, model=row.model, pages=row.pages)
            return conversion.document(row)

    def defer(
        self, document_id: int, reason: Reason, next_try_at: dt.datetime, *, actor: str = "daemon"
    ) -> Document:
        """Count a failed try and let the document wait; its planned move, if any, stays."""
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            rows.refuse_forgotten(row)
            row.attempts += 1
            row.next_try_at = next_try_at
            row.waiting, row.waiting_text = reason.code, reason.text
            session.flush()  # refuses a time without zone before it reaches the log
            detail = {"reason": reason.code.value, "attempts": row.attempts}
            again = next_try_at.isoformat()
            rows.log(session, "waiting", now, actor, row.id, **detail, next_try_at=again)
            return conversion.document(row)

    def resume(self, document_id: int) -> None:
        """Let a waiting document be tried at once; its failed tries stay counted."""
        with self._database.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            row.next_try_at = row.waiting = row.waiting_text = None

    def clamp_retries(self, latest: dt.datetime) -> int:
        """Let nothing wait, be resting or be held beyond a time: the clock was set back.

        Args:
            latest: As late as any wait that was ordered now could end.

        Returns:
            How many documents and review entries were brought forward.
        """
        changed = 0
        columns = (DocumentRow.next_try_at, EntryRow.lease_expires_at, EntryRow.skipped_until)
        with self._database.write() as session:
            for column in columns:
                late = update(column.class_).where(column > latest).values({column: latest})
                result = session.execute(late.execution_options(synchronize_session=False))
                changed += cast("CursorResult[Any]", result).rowcount
        return changed

    def waiting_reasons(self) -> dict[ReasonCode, int]:
        """Return how many documents wait for another try, per reason."""
        query = (
            select(DocumentRow.waiting, func.count())
            .where(
                # Every state by name and "later than ever", so that an index answers: SQLite has
                # none for "is not null" and would read every document.
                DocumentRow.state.in_(list(State)),
                DocumentRow.next_try_at > _EVER,
                DocumentRow.waiting.is_not(None),
            )
            .group_by(DocumentRow.waiting)
        )
        with self._database.read() as session:
            return {reason: count for reason, count in session.execute(query) if reason is not None}

    def due(self, limit: int, now: dt.datetime) -> list[Document]:
        """Return documents to look at now, the oldest first.

        They are in the spool, no move of them is planned, and their next try has come.
        """
        with self._database.read() as session:
            found = [
                *session.scalars(_FRESH, {"most": limit}),
                *session.scalars(_AGAIN, {"most": limit, "now": now}),
            ]
            found.sort(key=lambda row: row.id)
            return [conversion.document(row) for row in found[:limit]]

    def next_due_time(self) -> dt.datetime | None:
        """Return when the first waiting document or planned move is to be tried again.

        Documents that never failed are due already and do not count.
        """
        with self._database.read() as session:
            times = [session.scalar(one) for one in _NEXT_TRIES]
            return min((time for time in times if time is not None), default=None)

    def get(self, document_id: int) -> Document:
        """Return one document.

        Raises:
            NotFoundError: There is none of that number.
        """
        with self._database.read() as session:
            return conversion.document(rows.document_row(session, document_id))

    def prediction(self, document_id: int) -> Prediction | None:
        """Return the latest prediction of a document, None when no model saw it."""
        with self._database.read() as session:
            row = rows.latest_prediction(session, document_id)
            return None if row is None else conversion.prediction(row)

    def find(
        self,
        filter: DocumentFilter = _EVERY,  # noqa: A002 -- the word for it
        *,
        limit: int = 50,
        before_id: int | None = None,
    ) -> list[Document]:
        """Return documents, the newest first; `before_id` continues a listing.

        Raises:
            UsageError: They are to be found by words, and none are named or kept.
        """
        query = _chosen(filter)
        if before_id is not None:
            query = query.where(DocumentRow.id < before_id)
        with self._database.read() as session:
            if filter.words is not None:
                query = query.where(words.found_in(session, DocumentRow.id, filter.words))
            few = names.few(session, filter.text)
            if few is not None:
                query = query.where(DocumentRow.id.in_(few))
            elif names.is_short(session, filter.text):
                query = _narrowed(session, query, filter, limit, before_id)
            found = session.scalars(query.order_by(DocumentRow.id.desc()).limit(limit))
            return [conversion.document(row) for row in found]

    def automated(self, since: dt.datetime, most: int) -> list[tuple[dt.datetime, bool]]:
        """Return when documents arrived and whether no person was needed, the oldest first.

        Only what has come to rest or waits for a person counts, of the latest `most` documents.
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
        with self._database.read() as session:
            return [
                (at, state is State.SORTED and answered_by is None)
                for at, state, answered_by in session.execute(query)
            ]

    def counts(self) -> Counts:
        """Return how many documents there are, from the counters."""
        states = dict.fromkeys(State, 0)
        labels: dict[str, int] = {}
        by_person = {False: 0, True: 0}
        with self._database.read() as session:
            kept = rows.kept_counters(session)
        for (state, label, person), number in kept.items():
            states[state] += number
            if state is State.SORTED:
                labels[label] = labels.get(label, 0) + number
                by_person[person] += number
        return Counts(states, labels, by_person[False], by_person[True], sum(states.values()))

    def label_names(self) -> dict[str, str]:
        """Return what labels that were renamed or merged are called today, by the old label."""
        with self._database.ask() as connection:
            return rows.label_names(connection)

    def count(self) -> int:
        """Return how many documents there are, from the counters."""
        with self._database.read() as session:
            return int(session.scalar(select(func.sum(TallyRow.documents))) or 0)

    def knows_bytes(self, sha256: str) -> bool:
        """Say whether a delivered document has these bytes."""
        query = select(DocumentRow.id).where(
            DocumentRow.sha256 == sha256, DocumentRow.state == State.SORTED
        )
        with self._database.read() as session:
            return session.scalar(query.limit(1)) is not None

    def with_same_bytes(self, document: Document) -> list[int]:
        """Return the other documents with the same bytes that are not forgotten."""
        if document.sha256 is None:
            return []
        query = select(DocumentRow.id).where(
            DocumentRow.sha256 == document.sha256,
            DocumentRow.id != document.id,
            DocumentRow.forgotten_at.is_(None),
        )
        with self._database.read() as session:
            return list(session.scalars(query.order_by(DocumentRow.id)))

    def relocate(self, document_id: int, path: str, *, actor: str) -> Document:
        """Note that somebody gave a document's file another name in the same place."""
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            rows.refuse_forgotten(row)
            row.path = path
            rows.log(session, "relocated", now, actor, row.id, place=row.place.value)
            return conversion.document(row)

    def adopt(self, found: AdoptedFile, *, actor: str) -> Document:
        """Give a delivered file that the store does not know a number of its own."""
        now = self._clock.now()
        with self._database.write() as session:
            row = DocumentRow(
                name=found.name,
                source=found.source,
                state=State.SORTED if found.place is Place.SORTED else State.REJECTED,
                place=found.place,
                path=found.path,
                size=found.size,
                mtime_ns=found.mtime_ns,
                sha256=found.sha256,
                arrived_at=found.arrived_at,
                finished_at=now,
                answered_by=found.answered_by,
                pages=found.pages,
                producer="",
                attempts=0,
            )
            conversion.set_verdict(row, found.verdict, found.arrived_at)
            session.add(row)
            session.flush()
            rows.count_document(session, rows.counter_key(row), 1)
            session.add(_move_of_adopted(row, found.sidecar, actor, now))
            rows.log(session, "adopted", now, actor, row.id, place=found.place.value)
            return conversion.document(row)

    def sample(self, since: dt.datetime, until: dt.datetime, most: int) -> list[SampledDocument]:
        """Return at most so many documents that arrived within [since, until), evenly spread.

        Two look-ups in the index of arrivals and at most `most` rows by their key: a million
        documents cost no more than a thousand.
        """
        with self._database.read() as session:
            first = session.scalar(_first_since(since))
            end = session.scalar(_first_since(until))
            if first is None:
                return []
            if end is None:
                end = (session.scalar(select(func.max(DocumentRow.id))) or 0) + 1
            wanted = range(first, end, max(1, -(-(end - first) // most)))
            return _sampled(session, wanted, since, until)

    def predictions_since(
        self, model: str, since: dt.datetime, limit: int
    ) -> list[tuple[int, dt.datetime, Prediction]]:
        """Return the latest predictions of a model, the newest first, one a document.

        They are among the latest `limit` predictions of any model.
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
        with self._database.read() as session:
            for row in session.scalars(query):
                seen = (row.document_id, row.made_at, conversion.prediction(row))
                found.setdefault(row.document_id, seen)
        return list(found.values())

    def add_event(
        self,
        kind: str,
        *,
        actor: str,
        document_id: int | None = None,
        detail: dict[str, object] | None = None,
    ) -> Event:
        """Add a line to the log, of a document or of the service itself.

        Args:
            kind: What happened, in one word.
            actor: "daemon" or a Unix user name.
            document_id: None for the service itself.
            detail: Facts, JSON-serializable; never names or content of documents.
        """
        now = self._clock.now()
        with self._database.write() as session:
            number = rows.log(session, kind, now, actor, document_id, **(detail or {}))
        return Event(number, now, kind, actor, document_id, dict(detail or {}))

    def events(
        self,
        *,
        document_id: int | None = None,
        since: dt.datetime | None = None,
        after_id: int | None = None,
        limit: int = 1000,
    ) -> list[Event]:
        """Return lines of the log, the oldest first; `after_id` continues a listing."""
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
        with self._database.read() as session:
            return [conversion.event(row) for row in session.scalars(query)]

    def events_of_kind(self, kind: str, *, limit: int = 1000) -> list[Event]:
        """Return the latest lines of one kind that are of no document, the oldest first."""
        query = (
            select(EventRow)
            .where(EventRow.document_id.is_(None), EventRow.kind == kind)
            .order_by(EventRow.id.desc())
            .limit(limit)
        )
        with self._database.read() as session:
            return [conversion.event(row) for row in session.scalars(query)][::-1]


def spool_name(document_id: int, name: str) -> str:
    """Return a document's name in the spool: its number and, if it is a tame one, the suffix."""
    suffix = PurePosixPath(name).suffix.lower()
    return f"{document_id}{suffix if _ORDINARY_SUFFIX.fullmatch(suffix) else ''}"


def _reclaimed(session: Session, number: int, values: dict[str, Any]) -> DocumentColumns | None:
    """Claim a withdrawn document again, with what is known of it now; None when it is another."""
    before = rows.document_columns(session.connection(), number)
    wanted = (State.WITHDRAWN, Place.INBOX, values["path"])
    if (before.state, before.place, before.path) != wanted or before.forgotten_at is not None:
        return None
    now = {name: values[name] for name in ("state", "size", "mtime_ns")}
    row = rows.change_document(session.connection(), before, now)
    rows.recount(session, rows.counter_key(before), rows.counter_key(row))
    return row


def _move_of_adopted(row: DocumentRow, sidecar: str, actor: str, now: dt.datetime) -> MoveRow:
    """Return the move that nobody remembers, so that its sidecar is known; by its new number."""
    text = json.dumps({**json.loads(sidecar), "id": row.id}, indent=2)
    return MoveRow(
        document_id=row.id,
        from_place=row.place,
        from_path=row.path,
        to_place=row.place,
        to_path=row.path,
        state=MoveState.DONE,
        next_state=row.state,
        sidecar=f"{text}\n",
        actor=actor,
        planned_at=now,
        closed_at=now,
        before={},
    )


def _narrowed(
    session: Session,
    query: Select[DocumentRow],
    wanted: DocumentFilter,
    limit: int,
    before_id: int | None,
) -> Select[DocumentRow]:
    """Look for a short text where it is; alone, its newest documents are the page."""
    if wanted == DocumentFilter(text=wanted.text):
        page = names.newest(session, wanted.text, most=limit, before=before_id)
        return query.where(DocumentRow.id.in_(page))
    block = names.block_of(DocumentRow.id)
    return query.where(block.in_(names.blocks(wanted.text)))


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
        first = _first_since(wanted.since).scalar_subquery()
        query = query.where(DocumentRow.id >= first, DocumentRow.arrived_at >= wanted.since)
    return query


def _first_since(time: dt.datetime) -> Select[int]:
    return (
        select(DocumentRow.id)
        .where(DocumentRow.arrived_at >= time)
        .order_by(DocumentRow.arrived_at, DocumentRow.id)
        .limit(1)
    )


def _sampled(
    session: Session, wanted: Sequence[int], since: dt.datetime, until: dt.datetime
) -> list[SampledDocument]:
    found = []
    for start in range(0, len(wanted), _AT_ONCE):
        numbers = list(wanted[start : start + _AT_ONCE])
        seen = rows.latest_predictions(session, numbers)
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


def _one(row: DocumentRow, seen: PredictionRow | None) -> SampledDocument:
    plain = SampledDocument(
        row.id, row.source, row.media_type or "", row.producer, dict(row.traits or {})
    )
    if seen is None:
        return plain
    confidence, label = conversion.best_label(seen)
    return dataclasses.replace(
        plain, model=seen.model, label=label, confidence=confidence, novelty=float(seen.novelty)
    )
