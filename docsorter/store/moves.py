"""Moves of bytes: committed before they begin, found again after a crash, finished or given up."""

import datetime as dt
from typing import Any, Final, Unpack

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from docsorter.documents import (
    Document,
    Move,
    MoveState,
    Place,
    Prediction,
    Purpose,
    ReasonCode,
    ReviewEntry,
    State,
    Verdict,
)
from docsorter.errors import ConflictError
from docsorter.store import blind_checks, conversion, rows
from docsorter.store.database import Repository
from docsorter.store.records import BY_MACHINE, Changes, Destination, Draw, Findings, TakeBackFilter
from docsorter.store.tables import (
    AnswerRow,
    CheckRow,
    DocumentColumns,
    DocumentRow,
    EntryRow,
    MoveColumns,
    MoveRow,
)

_NOTHING = Findings()
_FINISHED = frozenset({State.SORTED, State.REJECTED})
_DECIDED_FROM = frozenset({Place.SPOOL, Place.REVIEW})
_HOLD_UNTIL: Final = "hold_until"
"""Key in the memory of a planned move: until then nobody else decides the document again."""

_LOOSE_MOVE: Final = (
    select(MoveRow.id)
    .join(DocumentRow, DocumentRow.id == MoveRow.document_id)
    .where(
        MoveRow.closed_at.is_(None),
        or_(
            DocumentRow.next_try_at <= bindparam("due_at"),
            MoveRow.planned_at < bindparam("planned_before"),
            MoveRow.planned_at > bindparam("planned_after"),
        ),
    )
    .limit(1)
)
"""A planned move that is tried again by `due_at`, or was planned at another time than lately."""

_IS_AWAITED: Final = select(
    select(CheckRow.id)
    .where(CheckRow.document_id == bindparam("document_id"), CheckRow.settled_at.is_(None))
    .exists()
    | select(EntryRow.id)
    .where(EntryRow.document_id == bindparam("document_id"), EntryRow.closed_at.is_(None))
    .exists()
)
"""Whether the document `document_id` has an open check or an open review entry."""


class MoveRepository(Repository):
    """Plans moves, finds them again, and ends them."""

    def plan(
        self,
        document_id: int,
        destination: Destination,
        *,
        actor: str,
        expect: State | None = None,
    ) -> Move:
        """Commit that a document's bytes are about to be moved.

        Raises:
            ConflictError: Another move of it is planned, or it is not in the expected state.
        """
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            _expect(row, expect)
            return rows.plan(session, row, destination, actor=actor, now=now)

    def decide_and_plan(
        self,
        document_id: int,
        verdict: Verdict,
        destination: Destination,
        findings: Findings = _NOTHING,
        *,
        actor: str = "daemon",
        drawn: Draw | None = None,
        promise: str = "",
    ) -> Move:
        """Commit what was seen, what follows from it, and the move that carries it out.

        `drawn` is the draw when chance chose the document for a blind answer; `promise` says for
        the log what the threshold rested on at the time.

        Raises:
            ConflictError: The document is not waiting in the spool, or is being moved.
        """
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_columns(session.connection(), document_id)
            _expect(row, State.SPOOLED)
            before = conversion.decision(row)
            row = _write_verdict(session, row, verdict, findings, now, actor, drawn, promise)
            return rows.plan(session, row, destination, actor=actor, now=now, before=before)

    def reconsider(
        self,
        entry: ReviewEntry,
        verdict: Verdict,
        destination: Destination | None,
        findings: Findings,
        *,
        actor: str,
        drawn: Draw | None = None,
        promise: str = "",
    ) -> Move | None:
        """Commit another verdict on a document that waits for people.

        Args:
            entry: As it was when the document was looked at again.
            verdict: What holds from now on.
            destination: Where it goes; None leaves it where it is, with this verdict.
            findings: What was seen.
            actor: Unix user name.
            drawn: The draw when chance chose it for a blind answer.
            promise: What the threshold rested on at the time, for the log.

        Returns:
            The planned move; None for one that waits on.

        Raises:
            ConflictError: Somebody holds, has answered or moves it, or decided otherwise since.
        """
        now = self._clock.now()
        with self._database.write() as session:
            waiting = _still_waiting(session, entry, now)
            row = rows.document_columns(session.connection(), entry.document.id)
            _expect(row, State.REVIEW)
            rows.refuse_moving(session, row.id)
            before = conversion.decision(row)
            row = _write_verdict(session, row, verdict, findings, now, actor, drawn, promise)
            if destination is not None:  # the entry closes when the bytes have arrived
                return rows.plan(session, row, destination, actor=actor, now=now, before=before)
            waiting.reason, waiting.label = verdict.reason.code, verdict.label
            waiting.confidence = float(verdict.confidence or 0.0)
            waiting.blind = drawn is not None
            return None

    def replan(self, move_id: int, path: str, sidecar: str | None) -> Move:
        """Choose another name for a planned move, because the first one was taken.

        Raises:
            ConflictError: The move is not planned any more.
        """
        with self._database.write() as session:
            row = rows.planned_row(session, move_id)
            row.to_path, row.sidecar = path, sidecar
            return conversion.move(row)

    def get(self, move_id: int) -> Move:
        """Return one move.

        Raises:
            NotFoundError: There is none of that number.
        """
        with self._database.read() as session:
            return conversion.move(rows.move_row(session, move_id))

    def with_document(self, move_id: int) -> tuple[Move, Document]:
        """Return one move and its document, as they are at the same moment.

        Raises:
            NotFoundError: There is none.
        """
        with self._database.ask() as connection:
            move, row = rows.move_columns(connection, move_id)
        return conversion.move(move), conversion.document(row)

    def of_document(self, document_id: int) -> list[Move]:
        """Return all moves of a document, the oldest first."""
        query = select(MoveRow).where(MoveRow.document_id == document_id).order_by(MoveRow.id)
        with self._database.read() as session:
            return [conversion.move(row) for row in session.scalars(query)]

    def planned_for(self, document_id: int) -> Move | None:
        """Return the move of a document that is planned and not finished, if any."""
        with self._database.read() as session:
            row = rows.planned_move_row(session, document_id)
            return None if row is None else conversion.move(row)

    def any_planned(
        self, *, due_at: dt.datetime, planned_before: dt.datetime, planned_after: dt.datetime
    ) -> bool:
        """Say whether `planned` would find any by one of these; costs a fraction of it."""
        times = {"planned_before": planned_before, "planned_after": planned_after}
        with self._database.ask() as connection:
            return connection.scalar(_LOOSE_MOVE, {"due_at": due_at, **times}) is not None

    def planned(
        self,
        *,
        due_at: dt.datetime | None = None,
        planned_before: dt.datetime | None = None,
        planned_after: dt.datetime | None = None,
        limit: int | None = None,
    ) -> list[Move]:
        """Return moves that were planned and not finished, the oldest first.

        With `due_at` only those that were tried, put off, and are to be tried again by then.
        """
        query = select(MoveRow).where(MoveRow.closed_at.is_(None))
        if due_at is not None:
            query = query.join(DocumentRow, DocumentRow.id == MoveRow.document_id).where(
                DocumentRow.next_try_at <= due_at
            )
        if planned_before is not None:
            query = query.where(MoveRow.planned_at < planned_before)
        if planned_after is not None:
            query = query.where(MoveRow.planned_at > planned_after)
        with self._database.read() as session:
            in_order = query.order_by(MoveRow.planned_at, MoveRow.id).limit(limit)
            return [conversion.move(row) for row in session.scalars(in_order)]

    def finish(
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
            actor: Unix user name, or "daemon".
            event: Kind of the line in the log, e.g. "delivered".
            detail: Facts for that line; never names or content, for events are not forgotten.
            **changes: Facts of the document that became known with the move.

        Raises:
            ConflictError: The move was abandoned.
        """
        now = self._clock.now()
        with self._database.write() as session:
            connection = session.connection()
            move, before = rows.move_columns(connection, move_id, lock=True)
            if move.state is MoveState.DONE:
                return conversion.document(before)
            rows.refuse_closed(move)
            arrived = _fact_columns(changes, now) | _arrival_columns(move, now)
            row = rows.change_document(connection, before, arrived)
            rows.change_move(connection, move.id, {"state": MoveState.DONE, "closed_at": now})
            rows.recount(session, rows.counter_key(before), rows.counter_key(row))
            if move.from_place is not Place.INBOX:  # nobody was asked of it before
                _open_entries(session, row, now)
            rows.log(session, event, now, actor, row.id, **(detail or {}))
            return conversion.document(row)

    def abandon(self, move_id: int, *, actor: str, reason: str, withdraw: bool = False) -> Document:
        """Give up a planned move; the document is as it was before the plan.

        A verdict made with the plan is taken back. An answer counts as undone and its entry is
        open again; if it was the move of an undo, the answer is restored. `withdraw`: the bytes
        are gone from their place, so the document becomes WITHDRAWN, as does one that was never
        claimed. `reason` goes into the log and holds no names.

        Raises:
            ConflictError: The move is not planned any more.
        """
        now = self._clock.now()
        with self._database.write() as session:
            move = rows.planned_row(session, move_id)
            row = rows.document_row(session, move.document_id, lock=True)
            move.state, move.closed_at = MoveState.ABANDONED, now
            with rows.recounted(session, row):
                conversion.restore_decision(row, move.before)
                _take_back(session, move, now)
                row.next_try_at = row.waiting = row.waiting_text = None
                if withdraw or row.state is State.CLAIMING:
                    row.state = State.WITHDRAWN
                    blind_checks.open_entries(session, row, now)
            state = row.state.value
            rows.log(session, "move_abandoned", now, actor, row.id, reason=reason, state=state)
            return conversion.document(row)

    def to_take_back(
        self, wanted: TakeBackFilter, *, after_id: int = 0, limit: int
    ) -> list[Document]:
        """Return documents to be taken back, by number; fewer than `limit` only at the end."""
        query = _chosen(wanted).where(DocumentRow.id > after_id).order_by(DocumentRow.id)
        with self._database.read() as session:
            return [conversion.document(row) for row in session.scalars(query.limit(limit))]

    def plan_take_back(
        self,
        document_id: int,
        destination: Destination,
        verdict: Verdict,
        *,
        actor: str,
        batch: str,
        hold_until: dt.datetime | None = None,
    ) -> Move:
        """Take a decision on a sorted or rejected document back, with every answer, and plan.

        Args:
            document_id: Sorted or rejected.
            destination: The review folder, or the spool to be decided again.
            verdict: What holds from now on, with the reason UNDONE.
            actor: Unix user name.
            batch: What joins the documents of one command, for the log.
            hold_until: Nobody else decides it before then, once it is in the spool.

        Raises:
            ConflictError: It is not sorted or rejected any more, or is being moved.
            NotFoundError: There is no such document.
        """
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            rows.refuse_undecided(row)
            standing = _standing(session, row.id)
            before = conversion.decision(row)
            if hold_until is not None:
                before[_HOLD_UNTIL] = hold_until.isoformat()
            last = standing[-1].id if standing else None
            move = rows.plan(
                session, row, destination, actor=actor, now=now, before=before, answer_id=last
            )
            _undo(session, standing, now)
            detail: dict[str, object] = {"label": row.label, "model": row.model}
            detail["by"] = row.answered_by
            numbers = [answer.id for answer in standing]
            detail |= {"answers": numbers, "to": destination.place.value, "batch": batch}
            with rows.recounted(session, row):
                conversion.set_verdict(row, verdict, now)
                row.answered_by = None
            rows.log(session, "taken_back", now, actor, row.id, **detail)
            return move


def _expect(row: DocumentRow | DocumentColumns, state: State | None) -> None:
    if state is not None and row.state is not state:
        raise ConflictError(
            f"document {row.id} is {row.state}, not {state}",
            remedy=f"docsorter explain {row.id} shows what happened",
        )


def _still_waiting(session: Session, entry: ReviewEntry, now: dt.datetime) -> EntryRow:
    """Return the row of an entry for a decision that nobody holds, as it was when it was read."""
    row = session.get_one(EntryRow, entry.id, with_for_update=True)
    rows.refuse_answered(row)
    rows.refuse_held(row, "", now)
    now_asked, asked = (row.purpose, row.blind), (Purpose.DECIDE, False)
    document = rows.document_row(session, entry.document.id, lock=True)
    if now_asked != asked or document.decided_at != entry.document.decided_at:
        raise ConflictError(
            f"document {document.id} was decided otherwise meanwhile",
            remedy=f"docsorter explain {document.id} shows what happened",
        )
    return row


def _write_verdict(  # noqa: PLR0913, PLR0917 -- all that is known of a verdict
    session: Session,
    row: DocumentColumns,
    verdict: Verdict,
    findings: Findings,
    now: dt.datetime,
    actor: str,
    drawn: Draw | None,
    promise: str,
) -> DocumentColumns:
    """Write down what was seen, what follows from it, and whether chance drew the document."""
    connection = session.connection()
    rows.refuse_renamed(connection, verdict.label)
    changes = rows.insert_findings(session, row.id, findings, now)
    changes |= conversion.verdict_columns(verdict, now)
    row = rows.change_document(connection, row, changes)
    detail = _verdict_detail(verdict, findings.prediction, row.name)
    if promise:
        detail["promise"] = promise
    if drawn is not None:
        detail["check"] = blind_checks.draw(session, row, drawn, now).id
        detail["inclusion"] = drawn.inclusion
    rows.log(session, "verdict", now, actor, row.id, **detail)
    return row


def _verdict_detail(
    verdict: Verdict, prediction: Prediction | None, name: str
) -> dict[str, object]:
    detail: dict[str, object] = {
        "verdict": verdict.kind.value,
        "reason": verdict.reason.code.value,
        # what a reader says may name the file; events are not forgotten, names are
        "text": verdict.reason.text.replace(name, "(name)"),
        "label": verdict.label,
        "confidence": None if verdict.confidence is None else float(verdict.confidence),
        "threshold": None if verdict.threshold is None else float(verdict.threshold),
    }
    if prediction is not None:
        detail["model"] = prediction.model
        detail["novelty"] = float(prediction.novelty)
        detail["probabilities"] = {label: float(share) for label, share in prediction.ranked}
    return detail


def _fact_columns(changes: Changes, now: dt.datetime) -> dict[str, Any]:
    """Return the columns of the facts that became known with a move."""
    columns: dict[str, Any] = dict(changes)
    verdict: Verdict | None = columns.pop("verdict", None)
    return columns if verdict is None else columns | conversion.verdict_columns(verdict, now)


def _arrival_columns(move: MoveColumns, now: dt.datetime) -> dict[str, Any]:
    """Return the columns that say where a document has come to."""
    hold = move.before.get(_HOLD_UNTIL)  # whoever took it back decides it again
    return {
        "place": move.to_place,
        "path": move.to_path,
        "state": move.next_state,
        "attempts": 0,
        "next_try_at": None if hold is None else dt.datetime.fromisoformat(str(hold)),
        "waiting": None,
        "waiting_text": None,
        "finished_at": now if move.next_state in _FINISHED else None,
    }


def _open_entries(session: Session, row: DocumentColumns, now: dt.datetime) -> None:
    """Ask whoever is to be asked; of most documents nobody ever was, and nobody is."""
    asked = {"document_id": row.id}
    if row.state is State.REVIEW or session.connection().scalar(_IS_AWAITED, asked):
        blind_checks.open_entries(session, rows.document_row(session, row.id), now)


def _take_back(session: Session, move: MoveRow, now: dt.datetime) -> None:
    """Undo what a verdict, an answer or an undo did when its move was planned."""
    if move.answer_id is None:
        if move.from_place in _DECIDED_FROM:  # drawn with the verdict that is taken back
            blind_checks.void_open(session, move.document_id, now)
        return
    answer = session.get_one(AnswerRow, move.answer_id)
    if answer.undone_at is not None:  # it was the move of an undo
        blind_checks.restore_answers(session, move, answer, now)
    else:
        answer.undone_at = now
        rows.close_entry(session, move.document_id, now)  # a second opinion was asked for
        session.flush()
        session.get_one(EntryRow, answer.entry_id).closed_at = None
    session.flush()
    blind_checks.answers_changed(session, answer, now)


def _standing(session: Session, document_id: int) -> list[AnswerRow]:
    found = session.scalars(rows.standing_answers(document_id))
    # The decision last: it is what the move is remembered by.
    return sorted(found, key=lambda answer: (answer.purpose is Purpose.DECIDE, answer.id))


def _undo(session: Session, answers: list[AnswerRow], now: dt.datetime) -> None:
    for answer in answers:
        answer.undone_at = now
    session.flush()
    for answer in answers:
        blind_checks.answers_changed(session, answer, now)


def _chosen(wanted: TakeBackFilter) -> Select[DocumentRow]:
    by_name = wanted.ids is not None or wanted.by not in {"", BY_MACHINE}
    states = [State.SORTED, *([State.REJECTED] if by_name else [])]
    sorted_so: ColumnElement[bool] = DocumentRow.state.in_(states)
    if wanted.by == BY_MACHINE:
        sorted_so = and_(sorted_so, DocumentRow.answered_by.is_(None))
    elif wanted.by:
        sorted_so = and_(sorted_so, DocumentRow.answered_by == wanted.by)
    if wanted.in_spool:  # who had decided it is forgotten by then
        undone = DocumentRow.reason == ReasonCode.UNDONE
        sorted_so = or_(sorted_so, and_(DocumentRow.state == State.SPOOLED, undone))
    query = select(DocumentRow).where(sorted_so, DocumentRow.forgotten_at.is_(None))
    if wanted.ids is not None:
        query = query.where(DocumentRow.id.in_(wanted.ids))
    if wanted.since is not None:
        query = query.where(DocumentRow.decided_at >= wanted.since)
    if wanted.model is not None:
        query = query.where(DocumentRow.model == wanted.model)
    if wanted.label is not None:
        query = query.where(DocumentRow.label == wanted.label)
    return query
