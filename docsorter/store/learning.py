"""What there is to learn from, who learned from which, and the checks that may judge a model."""

import datetime as dt
from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from docsorter.documents import CheckOutcome, Place, State
from docsorter.store import blind_checks, conversion, rows
from docsorter.store.database import Repository
from docsorter.store.records import AnsweredDocument, HeldOutCheck, LabelledDocument
from docsorter.store.tables import (
    AnswerRow,
    CheckRow,
    DocumentRow,
    EntryRow,
    LearnedRow,
    PredictionRow,
)

MOST_COUNTED = 10_000
"""Answers that are not learned are counted up to here, so that the question stays cheap."""

_AT_ONCE = 500  # parameters of one statement; SQLite allows 999 in old versions


class LearningRepository(Repository):
    """Says what models may learn from, what they learned, and what may judge them."""

    def answered_documents(
        self, *, after_id: int = 0, until: dt.datetime | None = None
    ) -> list[AnsweredDocument]:
        """Return the next documents to learn from, by number; at most 500.

        They have greater numbers than `after_id`, and answers given before `until`.
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
        with self._database.read() as session:
            found = [(row, number) for row, number in session.execute(query)]
            return _answered(session, found)

    def labelled_documents(self, model: str, *, most: int) -> list[LabelledDocument]:
        """Return the documents of the last `most` answers, the newest answer first.

        Each says whether the model of that name was trained on it.
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
        with self._database.read() as session:
            found = {
                row.id: LabelledDocument(conversion.document(row), str(row.label), trained)
                for row, trained in session.execute(query)
            }
        return list(found.values())

    def count_unlearned(self, model: str, *, corrections: bool) -> int:
        """Count documents whose answer a model has not learned from, up to `MOST_COUNTED`.

        With `corrections` only those where the answer differs from what was suggested.
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
        with self._database.read() as session:
            return session.scalar(counted) or 0

    def record_learned(self, model: str, labels: Mapping[int, str], *, base: str = "") -> None:
        """Write down who learns from what, before it does; what its base learned it knows too.

        Args:
            model: Name on the card.
            labels: By document id; replaces what stood there before.
            base: Name on the card of the model it starts from.
        """
        now = self._clock.now()
        with self._database.write() as session:
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
        with self._database.write() as session:
            session.execute(delete(LearnedRow).where(LearnedRow.model == model))

    def learned_by(self, document_id: int) -> list[tuple[str, str, dt.datetime]]:
        """Return which models learned from a document: name, label and time, the first first."""
        query = (
            select(LearnedRow.model, LearnedRow.label, LearnedRow.learned_at)
            .where(LearnedRow.document_id == document_id)
            .order_by(LearnedRow.learned_at, LearnedRow.model)
        )
        with self._database.read() as session:
            return [(model, label, at) for model, label, at in session.execute(query)]

    def trained_models(self) -> set[str]:
        """Return the names of all models that learned from documents here."""
        with self._database.read() as session:
            return set(session.scalars(select(LearnedRow.model).distinct()))

    def held_out_checks(
        self, models: Iterable[str], *, after: dt.datetime | None = None, limit: int = 5000
    ) -> list[HeldOutCheck]:
        """Return settled checks of documents that none of the models learned from.

        They come in the order in which they were drawn, so that nobody chooses what counts first:
        the newest `limit` of those drawn at `after` or later.
        """
        learned = select(LearnedRow.document_id).where(
            LearnedRow.document_id == CheckRow.document_id, LearnedRow.model.in_(list(models))
        )
        query = (
            select(CheckRow, DocumentRow)
            .join(DocumentRow, DocumentRow.id == CheckRow.document_id)
            .where(
                CheckRow.outcome.in_([CheckOutcome.RIGHT, CheckOutcome.WRONG]),
                DocumentRow.state == State.SORTED,
                DocumentRow.place == Place.SORTED,
                DocumentRow.forgotten_at.is_(None),
                DocumentRow.label.is_not(None),
                blind_checks.is_original(),
                ~learned.exists(),
            )
            .order_by(CheckRow.id.desc())
            .limit(limit)
        )
        if after is not None:
            query = query.where(CheckRow.drawn_at >= after)
        with self._database.read() as session:
            found = [_check(check, row) for check, row in session.execute(query)]
        return found[::-1]


def _stands() -> ColumnElement[bool]:
    return and_(AnswerRow.undone_at.is_(None), AnswerRow.label.is_not(None))


def _answered(session: Session, found: list[tuple[DocumentRow, int]]) -> list[AnsweredDocument]:
    numbers = [row.id for row, _ in found]
    answers = {
        row.id: row
        for row in session.scalars(
            select(AnswerRow).where(AnswerRow.id.in_([number for _, number in found]))
        )
    }
    labels: dict[int, list[str | None]] = {}
    standing = select(AnswerRow.document_id, AnswerRow.label).where(
        AnswerRow.document_id.in_(numbers), AnswerRow.undone_at.is_(None)
    )
    for number, label in session.execute(standing):
        labels.setdefault(number, []).append(label)
    seen = rows.latest_predictions(session, numbers)
    names = rows.label_names(session.connection())
    return [
        _with_answers(row, answers[answer], labels[row.id], seen.get(row.id), names)
        for row, answer in found
    ]


def _with_answers(
    row: DocumentRow,
    answer: AnswerRow,
    labels: list[str | None],
    seen: PredictionRow | None,
    names: Mapping[str, str],
) -> AnsweredDocument:
    doubt, predicted = (0.0, "") if seen is None else conversion.best_label(seen)
    predicted = names.get(predicted, predicted)
    if predicted == answer.label:
        doubt, predicted = 0.0, ""
    return AnsweredDocument(
        document=conversion.document(row),
        answer_id=answer.id,
        label=str(answer.label),
        guess=answer.guess,
        answered_at=answer.answered_at,
        agreeing=labels.count(answer.label),
        disputed=len(set(labels)) > 1,
        doubt=doubt,
        predicted=predicted,
    )


def _check(check: CheckRow, row: DocumentRow) -> HeldOutCheck:
    assert check.settled_at is not None
    return HeldOutCheck(
        check_id=check.id,
        document=conversion.document(row),
        truth=check.label if check.outcome is CheckOutcome.RIGHT else str(row.label),
        predicted=check.label,
        model=check.model,
        inclusion=check.inclusion,
        drawn_at=check.drawn_at,
        settled_at=check.settled_at,
    )
