"""The tables, as typed rows; nothing outside this package sees them.

The schema is changed by a revision in migrations/ and here, together; a test compares both. The
column types keep aware UTC times, text that survives any file name, and enums as words.
"""

import datetime as dt
import re
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from docsorter.documents import (
    CheckOutcome,
    MoveState,
    Place,
    Purpose,
    ReasonCode,
    State,
    VerdictKind,
)

SCHEMA_VERSION = "0006"
"""Revision this code speaks; revisions are numbered in order, so a greater one is newer."""

_STILL_OPEN = text("closed_at IS NULL")
_SQLITE = {"sqlite_autoincrement": True}  # a number that people typed is never given again
_UNSETTLED = text("settled_at IS NULL")
# SQLite numbers rows by itself only for a column declared exactly INTEGER.
BIG_ID = BigInteger().with_variant(Integer, "sqlite")
_ESCAPE = "\U0010fffd"  # private use, plane 16: as good as never in a file name
_UNSTORABLE = re.compile("[\x00\ud800-\udfff\U0010fffd]")
_ESCAPED = re.compile("\U0010fffd(\U0010fffd|[0-9a-f]{4})")


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware datetime, stored as UTC; a naive one is refused, for nobody knows what it means.

    Raises:
        ValueError: The datetime has no time zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Convert to UTC; SQLite stores the digits only."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a time zone cannot be stored: {value.isoformat()}")
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        """Return an aware UTC datetime."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class ForeignText(TypeDecorator[str]):
    """Text that comes from outside: names, paths, what a parser said.

    A file name may hold bytes that are no UTF-8 (lone surrogates in Python) and metadata may hold
    NUL; databases refuse both. They are escaped, reversibly, by a private-use character.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Escape what databases refuse."""
        del dialect
        return None if value is None else _UNSTORABLE.sub(_escape, value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Undo the escaping."""
        del dialect
        return None if value is None else _ESCAPED.sub(_unescape, value)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return _ESCAPE * 2 if character == _ESCAPE else f"{_ESCAPE}{ord(character):04x}"


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    return _ESCAPE if code == _ESCAPE else chr(int(code, 16))


def word(enum: type[StrEnum]) -> Enum:
    """Return a column type that keeps an enum as its word, readable in any SQL shell."""
    return Enum(
        enum,
        native_enum=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class TableBase(DeclarativeBase):
    """Names every constraint, because SQLite can only change a named one (alembic#737)."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 -- read once by SQLAlchemy, never changed
        dt.datetime: UtcDateTime,
        Place: word(Place),
        State: word(State),
        MoveState: word(MoveState),
        VerdictKind: word(VerdictKind),
        ReasonCode: word(ReasonCode),
        Purpose: word(Purpose),
        CheckOutcome: word(CheckOutcome),
    }


class DocumentRow(TableBase):
    """One incoming file; see `docsorter.documents.Document`."""

    __tablename__ = "documents"
    __table_args__ = (
        # history, newest first, by each filter alone and by both
        Index(None, "state", "id"),
        Index(None, "label", "id"),
        Index(None, "state", "label", "id"),
        Index(None, "source", "id"),
        Index(None, "arrived_at", "id"),
        # what is due
        Index(None, "state", "next_try_at", "id"),
        # the same bytes again
        Index(None, "sha256", "id"),
        _SQLITE,
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    name: Mapped[str] = mapped_column(ForeignText)
    source: Mapped[str] = mapped_column(ForeignText)
    state: Mapped[State]
    place: Mapped[Place]
    path: Mapped[str] = mapped_column(ForeignText)
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    media_type: Mapped[str | None] = mapped_column(ForeignText)
    producer: Mapped[str] = mapped_column(ForeignText, default="")
    pages: Mapped[int | None]
    model: Mapped[str | None] = mapped_column(ForeignText)
    arrived_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    forgotten_at: Mapped[dt.datetime | None]
    # the last verdict
    verdict: Mapped[VerdictKind | None]
    label: Mapped[str | None] = mapped_column(String(128))
    confidence: Mapped[float | None]
    threshold: Mapped[float | None]
    reason: Mapped[ReasonCode | None]
    reason_text: Mapped[str | None] = mapped_column(ForeignText)
    answered_by: Mapped[str | None] = mapped_column(ForeignText)
    duplicate_of: Mapped[int | None] = mapped_column(BIG_ID, ForeignKey("documents.id"))
    # waiting after a failed try
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[dt.datetime | None]
    waiting: Mapped[ReasonCode | None]
    waiting_text: Mapped[str | None] = mapped_column(ForeignText)
    # what the scan itself looks like, to notice another scanner
    traits: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))


class MoveRow(TableBase):
    """One move of bytes; it is planned exactly while `closed_at` is null."""

    __tablename__ = "moves"
    __table_args__ = (
        Index(None, "document_id", "id"),
        Index(
            "uq_moves_planned_document",
            "document_id",
            unique=True,
            sqlite_where=_STILL_OPEN,
            postgresql_where=_STILL_OPEN,
        ),
        Index(
            "ix_moves_planned_at",
            "planned_at",
            "id",
            sqlite_where=_STILL_OPEN,
            postgresql_where=_STILL_OPEN,
        ),
        Index(
            "uq_moves_planned_from",
            "from_place",
            "from_path",
            unique=True,
            sqlite_where=_STILL_OPEN,
            postgresql_where=_STILL_OPEN,
        ),
        _SQLITE,
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    document_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey("documents.id"))
    from_place: Mapped[Place]
    from_path: Mapped[str] = mapped_column(ForeignText)
    to_place: Mapped[Place]
    to_path: Mapped[str] = mapped_column(ForeignText)
    state: Mapped[MoveState]
    next_state: Mapped[State]
    sidecar: Mapped[str | None] = mapped_column(ForeignText)
    actor: Mapped[str] = mapped_column(ForeignText)
    planned_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    # what a person's act changed, so that abandoning the move takes it back
    answer_id: Mapped[int | None] = mapped_column(BIG_ID, ForeignKey("answers.id"))
    before: Mapped[dict[str, object]] = mapped_column(JSON)


class PredictionRow(TableBase):
    """One prediction; a document may be looked at again by another model."""

    __tablename__ = "predictions"
    __table_args__ = (Index(None, "document_id", "id"), _SQLITE)

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    document_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey("documents.id"))
    made_at: Mapped[dt.datetime]
    model: Mapped[str] = mapped_column(ForeignText)
    labels: Mapped[list[str]] = mapped_column(JSON)
    probabilities: Mapped[list[float]] = mapped_column(JSON)
    novelty: Mapped[float]
    pages: Mapped[list[dict[str, object]]] = mapped_column(JSON)


class EntryRow(TableBase):
    """One review entry; it is open exactly while `closed_at` is null."""

    __tablename__ = "review_entries"
    __table_args__ = (
        Index(None, "document_id", "id"),
        Index(
            "uq_review_entries_open_document",
            "document_id",
            unique=True,
            sqlite_where=_STILL_OPEN,
            postgresql_where=_STILL_OPEN,
        ),
        *(
            Index(
                f"ix_review_entries_open_{column}",
                column,
                "id",
                sqlite_where=_STILL_OPEN,
                postgresql_where=_STILL_OPEN,
            )
            for column in ("created_at", "confidence", "reason", "label", "source", "purpose")
        ),
        _SQLITE,
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    document_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey("documents.id"))
    created_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    # copied from the verdict and the document, to filter and order without a join
    reason: Mapped[ReasonCode]
    label: Mapped[str | None] = mapped_column(String(128))
    confidence: Mapped[float]
    source: Mapped[str] = mapped_column(ForeignText)
    skips: Mapped[int] = mapped_column(default=0)
    skipped_until: Mapped[dt.datetime | None]
    lease_owner: Mapped[str | None] = mapped_column(ForeignText)
    lease_token: Mapped[str | None] = mapped_column(String(64))
    lease_expires_at: Mapped[dt.datetime | None]
    purpose: Mapped[Purpose] = mapped_column(default=Purpose.DECIDE, server_default="decide")
    blind: Mapped[bool] = mapped_column(default=False, server_default=false())
    not_for: Mapped[str | None] = mapped_column(ForeignText)


class AnswerRow(TableBase):
    """One answer; taken back by a time, never removed."""

    __tablename__ = "answers"
    __table_args__ = (
        Index(None, "document_id", "id"),
        Index(None, "answered_at"),
        Index(None, "undone_at"),
        Index(None, "reviewer", "id"),
        Index(None, "batch", "id"),
        _SQLITE,
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    entry_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey("review_entries.id"))
    document_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey("documents.id"))
    label: Mapped[str | None] = mapped_column(String(128))
    guess: Mapped[str | None] = mapped_column(String(128))
    model: Mapped[str | None] = mapped_column(ForeignText)
    reviewer: Mapped[str] = mapped_column(ForeignText)
    uid: Mapped[int] = mapped_column(BigInteger)
    answered_at: Mapped[dt.datetime]
    undone_at: Mapped[dt.datetime | None]
    purpose: Mapped[Purpose] = mapped_column(default=Purpose.DECIDE, server_default="decide")
    blind: Mapped[bool] = mapped_column(default=False, server_default=false())
    seconds: Mapped[float | None]
    batch: Mapped[str | None] = mapped_column(String(64))


class EventRow(TableBase):
    """One line of the log; triggers made by the migration refuse to change or delete it."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "document_id", "id"), Index(None, "at", "id"), _SQLITE)

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(ForeignText)
    document_id: Mapped[int | None] = mapped_column(BIG_ID, ForeignKey("documents.id"))
    detail: Mapped[dict[str, object]] = mapped_column(JSON)


class TallyRow(TableBase):
    """How many documents there are of a kind, so that `status` never counts a million rows.

    `label` and `by_person` are told apart for sorted documents only ("" and False elsewhere).
    """

    __tablename__ = "tallies"

    state: Mapped[State] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(128), primary_key=True)
    by_person: Mapped[bool] = mapped_column(primary_key=True)
    documents: Mapped[int] = mapped_column(BigInteger)


class CheckRow(TableBase):
    """One document drawn for a blind answer; it is open exactly while `settled_at` is null."""

    __tablename__ = "checks"
    __table_args__ = (
        Index(None, "document_id", "id"),
        Index(None, "rule", "settled_at", "id"),
        Index(
            "uq_checks_open_document",
            "document_id",
            unique=True,
            sqlite_where=_UNSETTLED,
            postgresql_where=_UNSETTLED,
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    document_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey("documents.id"))
    drawn_at: Mapped[dt.datetime]
    # what was drawn, and by which rule; evidence of another rule is never mixed in
    model: Mapped[str] = mapped_column(ForeignText)
    rule: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(ForeignText)
    label: Mapped[str] = mapped_column(String(128))
    score: Mapped[float]
    inclusion: Mapped[float]
    # what people said of it
    first_answer_id: Mapped[int | None] = mapped_column(BIG_ID, ForeignKey("answers.id"))
    second_answer_id: Mapped[int | None] = mapped_column(BIG_ID, ForeignKey("answers.id"))
    outcome: Mapped[CheckOutcome | None]
    settled_at: Mapped[dt.datetime | None]


class PromiseRow(TableBase):
    """One change of the threshold in use, with what it rested on and why; never changed again."""

    __tablename__ = "promises"
    __table_args__ = (Index(None, "rule", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    at: Mapped[dt.datetime]
    model: Mapped[str] = mapped_column(ForeignText)
    rule: Mapped[str] = mapped_column(String(64))
    threshold: Mapped[float | None]
    target: Mapped[float]
    confidence: Mapped[float]
    checked: Mapped[int]
    errors: Mapped[int]
    upper_bound: Mapped[float]
    last_check_id: Mapped[int | None] = mapped_column(BIG_ID, ForeignKey("checks.id"))
    why: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, object]] = mapped_column(JSON)


class LearnedRow(TableBase):
    """One document that a model was trained on, so that it is never tested on it."""

    __tablename__ = "learned"
    __table_args__ = (Index(None, "document_id"),)

    model: Mapped[str] = mapped_column(ForeignText, primary_key=True)
    document_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey("documents.id"), primary_key=True)
    label: Mapped[str] = mapped_column(String(128))
    learned_at: Mapped[dt.datetime]


class LabelChangeRow(TableBase):
    """One rename or merge of a label, with the numbers of the rows that it rewrote."""

    __tablename__ = "label_changes"
    __table_args__ = (_SQLITE,)

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    old: Mapped[str] = mapped_column(String(128))
    new: Mapped[str] = mapped_column(String(128))
    merged: Mapped[bool]
    at: Mapped[dt.datetime]
    actor: Mapped[str] = mapped_column(ForeignText)
    undone_at: Mapped[dt.datetime | None]
    detail: Mapped[dict[str, object]] = mapped_column(JSON)


# SQLAlchemy's cache of compiled statements never ends dropping what it cannot find again
# (`LRUCache._manage_size`, seen with 2.1 after many engines in one process: a write that hangs for
# ever). There are a few dozen statements, so that it need never drop any.
for _mapper in TableBase.registry.mappers:
    _mapper._compiled_cache_size = 1_000_000  # noqa: SLF001 -- there is no public way


class DocumentColumns(NamedTuple):
    """The columns of a document as one statement read them, in the order of the table.

    Reading and changing the attributes of a `DocumentRow`, which SQLAlchemy follows, costs several
    times what the statement does; every document passes where this is read instead.
    """

    id: int
    name: str
    source: str
    state: State
    place: Place
    path: str
    size: int
    mtime_ns: int
    sha256: str | None
    media_type: str | None
    producer: str
    pages: int | None
    model: str | None
    arrived_at: dt.datetime
    decided_at: dt.datetime | None
    finished_at: dt.datetime | None
    forgotten_at: dt.datetime | None
    verdict: VerdictKind | None
    label: str | None
    confidence: float | None
    threshold: float | None
    reason: ReasonCode | None
    reason_text: str | None
    answered_by: str | None
    duplicate_of: int | None
    attempts: int
    next_try_at: dt.datetime | None
    waiting: ReasonCode | None
    waiting_text: str | None
    traits: dict[str, object] | None


class MoveColumns(NamedTuple):
    """The columns of a move as one statement read them, in the order of the table."""

    id: int
    document_id: int
    from_place: Place
    from_path: str
    to_place: Place
    to_path: str
    state: MoveState
    next_state: State
    sidecar: str | None
    actor: str
    planned_at: dt.datetime
    closed_at: dt.datetime | None
    answer_id: int | None
    before: dict[str, Any]
