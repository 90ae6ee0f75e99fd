"""The end of a move: finished in one transaction with all that follows, or given up."""

import datetime as dt
from typing import Unpack

from sqlalchemy.orm import Session

from docsorter.documents import Document, MoveState, Place, State, Verdict
from docsorter.store import (
    check_rows,
    plain,
    records,
    rows,
    second_rows,
    statements,
    taking_back,
    tallies,
)
from docsorter.store.tables import AnswerRow, DocumentRow, EntryRow, MoveRow
from docsorter.store.transactions import Transactions
from docsorter.store.words import Changes

_FINISHED = frozenset({State.SORTED, State.REJECTED})


class OutcomesStore(Transactions):
    """The part of the store that ends moves."""

    def finish_move(
        self,
        move_id: int,
        *,
        actor: str,
        event: str,
        detail: dict[str, object] | None = None,
        **changes: Unpack[Changes],
    ) -> Document:
        """Commit that the bytes have arrived, and all that follows from it.

        The document gets its new place, path and state, its review entry opens or closes, and the
        log gets its line. Finishing a move twice changes nothing, so recovery may repeat it.

        Args:
            move_id: Which move.
            actor: Who moved it.
            event: Kind of the line in the log, e.g. "delivered".
            detail: Facts for that line; never names or content, for events are not forgotten.
            **changes: Facts of the document that became known with the move.

        Raises:
            ConflictError: The move was abandoned.
        """
        now = self._now()
        with self.write() as session:
            connection = session.connection()
            found = plain.move(connection, move_id, lock=True)
            if found is None:
                raise rows.no_move(move_id)
            move, row = found
            if move.state is MoveState.DONE:
                return records.document(row)
            rows.refuse_closed(move)
            moved, columns = plain.columns(move), plain.columns(row)
            with tallies.recounted(session, row):
                _apply(row, changes, now)
                _arrive(row, move, now)
                plain.keep_document(connection, row, columns)
                plain.keep_move(connection, move, moved)
            if move.from_place is not Place.INBOX:  # nobody was asked of it before
                _open_entries(session, row, now)
            rows.log(session, event, at=now, actor=actor, document_id=row.id, detail=detail)
            return records.document(row)

    def abandon_move(
        self, move_id: int, *, actor: str, reason: str, withdraw: bool = False
    ) -> Document:
        """Give up a planned move; the document is as it was before the plan.

        A verdict made with the plan is taken back. An answer counts as undone and its entry is
        open again; if it was the move of an undo, the answer stands again.

        Args:
            move_id: Which move.
            actor: Who gives it up.
            reason: Why, for the log; no names.
            withdraw: The bytes are gone from their place: the document becomes WITHDRAWN. So does
                one that was never claimed.

        Raises:
            ConflictError: The move is not planned any more.
        """
        now = self._now()
        with self.write() as session:
            move = rows.planned_row(session, move_id)
            row = rows.document_row(session, move.document_id, lock=True)
            move.state, move.closed_at = MoveState.ABANDONED, now
            with tallies.recounted(session, row):
                records.restore_decision(row, move.before)
                _take_back(session, move, now)
                row.next_try_at = row.waiting = row.waiting_text = None
                if withdraw or row.state is State.CLAIMING:
                    row.state = State.WITHDRAWN
                    check_rows.open_entries(session, row, now)
            detail: dict[str, object] = {"reason": reason, "state": row.state.value}
            rows.log(
                session, "move_abandoned", at=now, actor=actor, document_id=row.id, detail=detail
            )
            return records.document(row)


def _apply(row: DocumentRow, changes: Changes, now: dt.datetime) -> None:
    for name, value in changes.items():
        if name == "verdict":
            assert isinstance(value, Verdict)
            records.set_verdict(row, value, now)
        else:
            setattr(row, name, value)


def _open_entries(session: Session, row: DocumentRow, now: dt.datetime) -> None:
    """Ask whoever is to be asked; of most documents nobody ever was, and nobody is."""
    asked = {"document_id": row.id}
    if row.state is State.REVIEW or session.connection().scalar(statements.IS_AWAITED, asked):
        check_rows.open_entries(session, rows.document_row(session, row.id), now)


def _arrive(row: DocumentRow, move: MoveRow, now: dt.datetime) -> None:
    move.state, move.closed_at = MoveState.DONE, now
    row.place, row.path, row.state = move.to_place, move.to_path, move.next_state
    row.attempts = 0
    row.next_try_at = row.waiting = row.waiting_text = None
    row.finished_at = now if row.state in _FINISHED else None
    hold = move.before.get(taking_back.HOLD_UNTIL)
    if hold is not None:  # whoever took it back decides it again
        row.next_try_at = dt.datetime.fromisoformat(str(hold))


def _take_back(session: Session, move: MoveRow, now: dt.datetime) -> None:
    """Undo what a verdict, an answer or an undo did when its move was planned."""
    if move.answer_id is None:
        if move.from_place is Place.SPOOL:  # drawn with the verdict that is taken back
            check_rows.void_open(session, move.document_id, now)
        return
    answer = session.get_one(AnswerRow, move.answer_id)
    if answer.undone_at is not None:  # it was the move of an undo
        second_rows.stand_again(session, move, answer, now)
    else:
        answer.undone_at = now
        rows.close_entry(session, move.document_id, now)  # a second opinion was asked for
        session.flush()
        session.get_one(EntryRow, answer.entry_id).closed_at = None
    session.flush()
    check_rows.answers_changed(session, answer, now)
