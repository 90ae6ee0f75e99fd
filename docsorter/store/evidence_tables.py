"""The tables behind earned autonomy: what was checked, what that allowed, who learned from what."""

import datetime as dt

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from docsorter.documents import CheckOutcome
from docsorter.store.table_base import Base
from docsorter.store.types import BIG_ID, ForeignText

_UNSETTLED = text("settled_at IS NULL")


class CheckRow(Base):
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


class PromiseRow(Base):
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


class LearnedRow(Base):
    """One document that a model was trained on, so that it is never tested on it."""

    __tablename__ = "learned"
    __table_args__ = (Index(None, "document_id"),)

    model: Mapped[str] = mapped_column(ForeignText, primary_key=True)
    document_id: Mapped[int] = mapped_column(BIG_ID, ForeignKey("documents.id"), primary_key=True)
    label: Mapped[str] = mapped_column(String(128))
    learned_at: Mapped[dt.datetime]


# SQLAlchemy's cache of compiled statements never ends dropping what it cannot find again
# (`LRUCache._manage_size`, seen with 2.1 after many engines in one process: a write that hangs for
# ever). There are a few dozen statements, so that it need never drop any.
for _mapper in Base.registry.mappers:
    _mapper._compiled_cache_size = 1_000_000  # noqa: SLF001 -- there is no public way
