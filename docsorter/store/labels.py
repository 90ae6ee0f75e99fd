"""Labels that people renamed or merged.

The store speaks the names of today: a change rewrites answers, checks, what waits and what models
learned in one transaction, and keeps which rows those were. Sorted documents follow one by one,
each by a move. Predictions keep the words of their model, which are read through `label_names`.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from docsorter.documents import Document, Move, MoveState, State
from docsorter.errors import ConflictError, NotFoundError
from docsorter.store import conversion, rows
from docsorter.store.database import Repository
from docsorter.store.records import Destination
from docsorter.store.tables import (
    AnswerRow,
    CheckRow,
    DocumentRow,
    EntryRow,
    LabelChangeRow,
    LearnedRow,
    MoveRow,
)

_AT_ONCE = 500
_CHANGE = "change"  # key of what a move remembers: by which change it was planned
_REWRITTEN: tuple[tuple[str, InstrumentedAttribute[Any], InstrumentedAttribute[Any]], ...] = (
    ("answers", AnswerRow.id, AnswerRow.label),
    ("guesses", AnswerRow.id, AnswerRow.guess),
    ("checks", CheckRow.id, CheckRow.label),
    ("entries", EntryRow.id, EntryRow.label),
)
_TAUGHT = "learned"
_WAITING = "documents"
_LAST_MOVE = "last_move"


@dataclass(frozen=True, slots=True)
class LabelChange:
    """One rename or merge.

    Attributes:
        old: The label that is gone.
        new: What its documents are called.
        merged: The new label was there before.
        undone_at: When it was taken back, if it was.
    """

    id: int
    old: str
    new: str
    merged: bool
    at: dt.datetime
    actor: str
    undone_at: dt.datetime | None = None


class LabelRepository(Repository):
    """Renames and merges labels, and takes that back."""

    def changes(self) -> list[LabelChange]:
        """Return every change, the oldest first, those taken back too."""
        with self._database.read() as session:
            found = session.scalars(select(LabelChangeRow).order_by(LabelChangeRow.id))
            return [_change(row) for row in found]

    def waiting(self) -> dict[str, int]:
        """Return for how many waiting documents each label is the best guess."""
        query = (
            select(EntryRow.label, func.count())
            .where(EntryRow.closed_at.is_(None), EntryRow.label.is_not(None))
            .group_by(EntryRow.label)
        )
        with self._database.read() as session:
            return {str(label): number for label, number in session.execute(query)}

    def open_checks(self, label: str) -> int:
        """Return how many blind checks of documents sorted to a label are not settled."""
        query = (
            select(func.count())
            .select_from(CheckRow)
            .where(CheckRow.settled_at.is_(None), CheckRow.label == label)
        )
        with self._database.read() as session:
            return session.scalar(query) or 0

    def begin(self, old: str, new: str, *, merged: bool, actor: str) -> LabelChange:
        """Commit a change: from now on `old` is `new`; sorted documents are still to follow."""
        now = self._clock.now()
        with self._database.write() as session:
            detail: dict[str, object] = {_LAST_MOVE: session.scalar(select(func.max(MoveRow.id)))}
            if merged:  # else all of them are what was renamed
                detail |= _rows_of(session, old)
            _rewrite(session, old, new)
            row = LabelChangeRow(
                old=old, new=new, merged=merged, at=now, actor=actor, detail=detail
            )
            session.add(row)
            session.flush()
            kind = "label_merged" if merged else "label_renamed"
            rows.log(session, kind, now, actor, None, old=old, new=new, change=row.id)
            return _change(row)

    def take_back(self, change_id: int, *, actor: str) -> LabelChange:
        """Commit that a change does not hold any more; its sorted documents are still to follow.

        Raises:
            ConflictError: A later change stands.
            NotFoundError: There is none of that number.
        """
        now = self._clock.now()
        with self._database.write() as session:
            row = session.get(LabelChangeRow, change_id, with_for_update=True)
            if row is None:
                raise NotFoundError(f"there is no change {change_id} of a label")
            later = select(LabelChangeRow.id).where(
                LabelChangeRow.id > change_id, LabelChangeRow.undone_at.is_(None)
            )
            if session.scalar(later.limit(1)) is not None:
                raise ConflictError(
                    f"{row.old} became {row.new} before another change of labels",
                    remedy="take the later one back first: docsorter label undo",
                )
            if row.undone_at is None:
                if row.merged:
                    _restore(session, row)
                else:
                    _rewrite(session, row.new, row.old)
                row.undone_at = now
                known = {"old": row.old, "new": row.new, _CHANGE: row.id}
                rows.log(session, "label_change_undone", now, actor, None, **known)
            return _change(row)

    def sorted_under(self, label: str, *, after_id: int = 0) -> list[Document]:
        """Return the next documents that are sorted to a label, by number; at most 500."""
        query = (
            select(DocumentRow)
            .where(
                DocumentRow.state == State.SORTED,
                DocumentRow.label == label,
                DocumentRow.id > after_id,
                DocumentRow.forgotten_at.is_(None),
            )
            .order_by(DocumentRow.id)
            .limit(_AT_ONCE)
        )
        with self._database.read() as session:
            return [conversion.document(row) for row in session.scalars(query)]

    def moved_by(self, change: LabelChange, *, after_id: int = 0) -> list[Document]:
        """Return the next documents that a change moved last and that are as it left them."""
        later = aliased(MoveRow)
        last = select(later.id).where(
            later.document_id == MoveRow.document_id,
            later.id > MoveRow.id,
            later.state == MoveState.DONE,
        )
        with self._database.read() as session:
            begun = session.get_one(LabelChangeRow, change.id).detail.get(_LAST_MOVE) or 0
            query = (
                select(DocumentRow)
                .join(MoveRow, MoveRow.document_id == DocumentRow.id)
                .where(
                    MoveRow.id > int(str(begun)),
                    MoveRow.state == MoveState.DONE,
                    MoveRow.before[_CHANGE].as_integer() == change.id,
                    ~last.exists(),
                    DocumentRow.id > after_id,
                    DocumentRow.state == State.SORTED,
                    DocumentRow.label == change.new,
                    DocumentRow.forgotten_at.is_(None),
                )
                .order_by(DocumentRow.id)
                .limit(_AT_ONCE)
            )
            return [conversion.document(row) for row in session.scalars(query)]

    def plan(
        self, document: Document, destination: Destination, label: str, *, change: int, actor: str
    ) -> Move | None:
        """Give a sorted document its label of today, and plan the move to its folder.

        Args:
            document: As the caller saw it.
            destination: Where it goes; where it lies already, nothing is to be moved.
            label: The label that it gets.
            change: By which change; negative where that is taken back.
            actor: Unix user name.

        Returns:
            The move; None where the document stays where it is.

        Raises:
            ConflictError: It is not sorted so any more, or is being moved.
        """
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_row(session, document.id, lock=True)
            if conversion.document(row) != document:
                raise ConflictError(
                    f"document {row.id} was changed meanwhile", remedy="say the same again"
                )
            before = conversion.decision(row) | {_CHANGE: change}
            move = rows.plan(session, row, destination, actor=actor, now=now, before=before)
            with rows.recounted(session, row):
                row.label = label
            rows.log(session, "relabelled", now, actor, row.id, label=label, **{_CHANGE: change})
            if (destination.place, destination.path) != (row.place, row.path):
                return move
            session.flush()
            planned = rows.planned_row(session, move.id)
            planned.state, planned.closed_at = MoveState.DONE, now
            return None


def _unsorted(label: str) -> ColumnElement[bool]:
    """Sorted documents get another label with their move."""
    return (DocumentRow.label == label) & (DocumentRow.state != State.SORTED)


def _rows_of(session: Session, label: str) -> dict[str, object]:
    """Return the numbers of everything that has a label, sorted documents left out."""
    found: dict[str, object] = {
        name: list(session.scalars(select(number).where(column == label)))
        for name, number, column in _REWRITTEN
    }
    taught = select(LearnedRow.model, LearnedRow.document_id).where(LearnedRow.label == label)
    found[_TAUGHT] = [[model, number] for model, number in session.execute(taught)]
    found[_WAITING] = list(session.scalars(select(DocumentRow.id).where(_unsorted(label))))
    return found


def _rewrite(session: Session, old: str, new: str) -> None:
    for column in (*(column for _, _, column in _REWRITTEN), LearnedRow.label):
        session.execute(update(column.class_).where(column == old).values({column: new}))
    session.execute(update(DocumentRow).where(_unsorted(old)).values(label=new))


def _restore(session: Session, row: LabelChangeRow) -> None:
    """Give the rows that a change rewrote their old label, unless they have another by now."""

    def numbers(name: str) -> Iterable[list[Any]]:
        known = row.detail.get(name)
        listed: list[Any] = known if isinstance(known, list) else []
        return (listed[start : start + _AT_ONCE] for start in range(0, len(listed), _AT_ONCE))

    for name, number, column in _REWRITTEN:
        for some in numbers(name):
            changed = update(column.class_).where(number.in_(some), column == row.new)
            session.execute(changed.values({column: row.old}))
    for some in numbers(_WAITING):
        changed = update(DocumentRow).where(
            DocumentRow.id.in_(some),
            DocumentRow.label == row.new,
            DocumentRow.state != State.SORTED,
        )
        session.execute(changed.values(label=row.old))
    for some in numbers(_TAUGHT):
        for model, document in some:
            changed = update(LearnedRow).where(
                LearnedRow.model == model,
                LearnedRow.document_id == document,
                LearnedRow.label == row.new,
            )
            session.execute(changed.values(label=row.old))


def _change(row: LabelChangeRow) -> LabelChange:
    return LabelChange(row.id, row.old, row.new, row.merged, row.at, row.actor, row.undone_at)
