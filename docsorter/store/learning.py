"""What there is to learn from: answered documents, who learned from which, and later checks."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from docsorter.documents import Document, State
from docsorter.store import finding_rows, records
from docsorter.store.evidence_tables import LearnedRow
from docsorter.store.tables import AnswerRow, DocumentRow, EntryRow, PredictionRow
from docsorter.store.transactions import Transactions

MOST_COUNTED = 10_000
"""Answers that are not learned are counted up to here, so that the question stays cheap."""

_AT_ONCE = 500  # parameters of one statement; SQLite allows 999 in old versions


@dataclass(frozen=True, slots=True)
class Lesson:
    """An answered document that a model may learn from.

    Attributes:
        document: Sorted, not forgotten; its label is what stands.
        answer_id: The newest answer that says so.
        label: What it is.
        guess: What the model in use at the time suggested, None for nothing.
        answered_at: When.
        agreeing: How many answers that stand say the same.
        disputed: Another answer that stands says something else.
        doubt: Probability that the last model to look gave to its own most probable label, where
            that is another one; 0 where it is the same.
        seen_as: That other label, "" where it is the same.
    """

    document: Document
    answer_id: int
    label: str
    guess: str | None
    answered_at: dt.datetime
    agreeing: int
    disputed: bool
    doubt: float
    seen_as: str


class Example(NamedTuple):
    """A document that people have said what it is.

    Attributes:
        document: Sorted, not forgotten, and nobody is to be asked about it again.
        label: What it is.
        taught: Whether the model learned from it.
    """

    document: Document
    label: str
    taught: bool


class LearningStore(Transactions):
    """The part of the store that speaks of learning."""

    def lessons(self, *, after_id: int = 0, until: dt.datetime | None = None) -> list[Lesson]:
        """Return the next documents to learn from, by number; at most 500.

        Args:
            after_id: Only documents with a greater number.
            until: Only answers given before.
        """
        query = (
            select(DocumentRow, func.max(AnswerRow.id))
            .join(AnswerRow, AnswerRow.document_id == DocumentRow.id)
            .where(
                DocumentRow.id > after_id,
                DocumentRow.state == State.SORTED,
                DocumentRow.forgotten_at.is_(None),
                _stands(),
                AnswerRow.label == DocumentRow.label,
            )
            .group_by(DocumentRow.id)
            .order_by(DocumentRow.id)
            .limit(_AT_ONCE)
        )
        if until is not None:
            query = query.where(AnswerRow.answered_at < until)
        with self.read() as session:
            found = [(row, number) for row, number in session.execute(query)]
            return _lessons(session, found)

    def examples(self, model: str, *, most: int) -> list[Example]:
        """Return the documents that were answered last, the newest answer first.

        Args:
            model: Name on the card of the model that may have learned from them.
            most: Look at so many answers.
        """
        learned = select(LearnedRow.document_id).where(
            LearnedRow.model == model, LearnedRow.document_id == DocumentRow.id
        )
        asked = select(EntryRow.id).where(
            EntryRow.document_id == DocumentRow.id, EntryRow.closed_at.is_(None)
        )
        latest = select(AnswerRow.id).where(_stands()).order_by(AnswerRow.id.desc()).limit(most)
        query = (
            select(DocumentRow, learned.exists())
            .join(AnswerRow, AnswerRow.document_id == DocumentRow.id)
            .where(
                AnswerRow.id.in_(latest.scalar_subquery()),
                AnswerRow.label == DocumentRow.label,
                DocumentRow.state == State.SORTED,
                DocumentRow.forgotten_at.is_(None),
                ~asked.exists(),
            )
            .order_by(AnswerRow.id.desc())
        )
        with self.read() as session:
            found = {
                row.id: Example(records.document(row), str(row.label), taught)
                for row, taught in session.execute(query)
            }
        return list(found.values())

    def unlearned(self, model: str, *, corrections: bool) -> int:
        """Count documents whose answer a model has not learned from, up to `MOST_COUNTED`.

        Args:
            model: Name on its card.
            corrections: Only those where the answer differs from what was suggested.
        """
        learned = select(LearnedRow.document_id).where(
            LearnedRow.model == model,
            LearnedRow.document_id == AnswerRow.document_id,
            LearnedRow.label == AnswerRow.label,
        )
        query = (
            select(AnswerRow.document_id)
            .distinct()
            .join(DocumentRow, DocumentRow.id == AnswerRow.document_id)
            .where(
                _stands(),
                AnswerRow.label == DocumentRow.label,
                DocumentRow.state == State.SORTED,
                DocumentRow.forgotten_at.is_(None),
                ~learned.exists(),
            )
        )
        if corrections:
            query = query.where(or_(AnswerRow.guess.is_(None), AnswerRow.guess != AnswerRow.label))
        counted = select(func.count()).select_from(query.limit(MOST_COUNTED).subquery())
        with self.read() as session:
            return session.scalar(counted) or 0

    def note_learned(self, model: str, labels: Mapping[int, str], *, base: str = "") -> None:
        """Write down who learns from what, before it does; what its base learned it knows too.

        Args:
            model: Name on the card.
            labels: Label of each document, by document id; replaces what stood there before.
            base: Name on the card of the model it starts from.
        """
        now = self._now()
        with self.write() as session:
            session.execute(delete(LearnedRow).where(LearnedRow.model == model))
            inherited = session.execute(
                select(LearnedRow.document_id, LearnedRow.label).where(LearnedRow.model == base)
            )
            known = {number: label for number, label in inherited} | dict(labels)  # noqa: C416 -- rows are no pairs to mypy
            session.add_all(
                LearnedRow(model=model, document_id=number, label=label, learned_at=now)
                for number, label in known.items()
            )

    def drop_learned(self, model: str) -> None:
        """Take back what was noted of a model that never came to be."""
        with self.write() as session:
            session.execute(delete(LearnedRow).where(LearnedRow.model == model))

    def learned_by(self, document_id: int) -> list[tuple[str, str, dt.datetime]]:
        """Return which models learned from a document: name, label and time, the first first."""
        query = (
            select(LearnedRow.model, LearnedRow.label, LearnedRow.learned_at)
            .where(LearnedRow.document_id == document_id)
            .order_by(LearnedRow.learned_at, LearnedRow.model)
        )
        with self.read() as session:
            return [(model, label, at) for model, label, at in session.execute(query)]

    def taught_models(self) -> set[str]:
        """Return the names of all models that learned from documents here."""
        with self.read() as session:
            return set(session.scalars(select(LearnedRow.model).distinct()))


def _stands() -> ColumnElement[bool]:
    return and_(AnswerRow.undone_at.is_(None), AnswerRow.label.is_not(None))


def _lessons(session: Session, found: list[tuple[DocumentRow, int]]) -> list[Lesson]:
    numbers = [row.id for row, _ in found]
    answers = {
        row.id: row
        for row in session.scalars(
            select(AnswerRow).where(AnswerRow.id.in_([number for _, number in found]))
        )
    }
    said: dict[int, list[str | None]] = {}
    standing = select(AnswerRow.document_id, AnswerRow.label).where(
        AnswerRow.document_id.in_(numbers), AnswerRow.undone_at.is_(None)
    )
    for number, label in session.execute(standing):
        said.setdefault(number, []).append(label)
    seen = finding_rows.latest_predictions(session, numbers)
    return [_lesson(row, answers[answer], said[row.id], seen.get(row.id)) for row, answer in found]


def _lesson(
    row: DocumentRow, answer: AnswerRow, said: list[str | None], seen: PredictionRow | None
) -> Lesson:
    doubt, seen_as = 0.0, ""
    if seen is not None:
        best, label = max(zip(seen.probabilities, seen.labels, strict=True))
        if label != answer.label:
            doubt, seen_as = float(best), label
    return Lesson(
        document=records.document(row),
        answer_id=answer.id,
        label=str(answer.label),
        guess=answer.guess,
        answered_at=answer.answered_at,
        agreeing=said.count(answer.label),
        disputed=len(set(said)) > 1,
        doubt=doubt,
        seen_as=seen_as,
    )
