"""The tables, as typed rows; nothing outside this package sees them.

The schema is changed by a revision in migrations/ and here, together; a test compares both.
"""

import datetime as dt

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from docsorter.documents import (
    MoveState,
    Place,
    Purpose,
    ReasonCode,
    State,
    VerdictKind,
)
from docsorter.store.table_base import Base
from docsorter.store.types import BIG_ID, ForeignText

SCHEMA_VERSION = "0004"
"""Revision this code speaks; revisions are numbered in order, so a greater one is newer."""

_STILL_OPEN = text("closed_at IS NULL")
_SQLITE = {"sqlite_autoincrement": True}  # a number that people typed is never given again


class DocumentRow(Base):
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


class MoveRow(Base):
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


class PredictionRow(Base):
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


class EntryRow(Base):
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


class AnswerRow(Base):
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


class EventRow(Base):
    """One line of the log; triggers made by the migration refuse to change or delete it."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "document_id", "id"), Index(None, "at", "id"), _SQLITE)

    id: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(ForeignText)
    document_id: Mapped[int | None] = mapped_column(BIG_ID, ForeignKey("documents.id"))
    detail: Mapped[dict[str, object]] = mapped_column(JSON)


class TallyRow(Base):
    """How many documents there are of a kind, so that `status` never counts a million rows.

    `label` and `by_person` are told apart for sorted documents only ("" and False elsewhere).
    """

    __tablename__ = "tallies"

    state: Mapped[State] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(128), primary_key=True)
    by_person: Mapped[bool] = mapped_column(primary_key=True)
    documents: Mapped[int] = mapped_column(BigInteger)
