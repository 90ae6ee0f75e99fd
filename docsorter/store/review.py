"""The review queue and its answers.

Entries come in an order, with leases, so that two people never hold the same one. An answer closes
its entry and plans its move in one transaction; so does undo. A share of the answers is asked
again, blind, of somebody else: where both agree nothing moves; where they disagree the document
goes back to the reviewers, with the reason REVIEWERS_DISAGREE, and whoever decides it then has the
last word.
"""

import datetime as dt
from collections.abc import Callable, Collection

from sqlalchemy import Select, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from docsorter.clock import Clock
from docsorter.documents import (
    Answer,
    CheckOutcome,
    Move,
    MoveState,
    Place,
    Purpose,
    Reason,
    ReasonCode,
    ReviewEntry,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.errors import ConflictError, NotFoundError
from docsorter.resources import has_ended
from docsorter.store import blind_checks, conversion, names, queue_order, rows, words
from docsorter.store.database import Database, Repository
from docsorter.store.queue_order import has_colleagues
from docsorter.store.records import (
    AnswerSummary,
    Destination,
    Lease,
    Manner,
    OpinionPair,
    ReviewFilter,
    ReviewOrder,
    ReviewStats,
    Turn,
)
from docsorter.store.tables import AnswerRow, DocumentRow, EntryRow, MoveRow, PredictionRow

_EVERY = ReviewFilter()
_FIRST = Turn()
_PLAIN = Manner()
_OPEN_ENTRIES = select(func.count()).select_from(EntryRow).where(EntryRow.closed_at.is_(None))


class ReviewRepository(Repository):
    """Shows what waits for a person, and takes answers; `token` makes the secrets of leases."""

    def __init__(self, database: Database, clock: Clock, token: Callable[[], str]) -> None:
        super().__init__(database, clock)
        self._token = token

    def entries(
        self,
        *,
        order: ReviewOrder = ReviewOrder.OLDEST,
        filter: ReviewFilter = _EVERY,  # noqa: A002 -- the word for it
        limit: int = 50,
        offset: int = 0,
        turn: Turn = _FIRST,
    ) -> list[ReviewEntry]:
        """Return entries that wait for a person and are not being moved.

        Raises:
            UsageError: They are to be found by words, and none are named or kept.
        """
        now = self._clock.now()
        with self._database.read() as session:
            waiting = _named(session, filter, _waiting(filter, now))
            found = queue_order.listed(session, waiting, order, turn, now, (offset, limit))
            return _entries(session, found)

    def entry(self, entry_id: int) -> ReviewEntry:
        """Return one entry, open or closed.

        Raises:
            NotFoundError: There is none of that number.
        """
        with self._database.read() as session:
            return _entries(session, [_entry_row(session, entry_id)])[0]

    def entry_for_document(self, document_id: int) -> ReviewEntry:
        """Return the open entry of a document.

        Raises:
            NotFoundError: There is no such document, or it does not wait for a person.
        """
        with self._database.read() as session:
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
        now = self._clock.now()
        with self._database.write() as session:
            if entry_id is None:
                waiting = _named(session, filter, _waiting(filter, now))
                found = queue_order.next_free(session, waiting, order, turn, owner=owner, now=now)
                if found is None:
                    raise NotFoundError("no document waits for a person just now")
                row = found
            else:
                row = _entry_row(session, entry_id)
                rows.refuse_answered(row)
                rows.refuse_held(row, owner, now)
            row.lease_owner, row.lease_token = owner, self._token()
            row.lease_expires_at = now + dt.timedelta(seconds=seconds)
            return Lease(_entries(session, [row])[0], row.lease_token)

    def renew(self, entry_id: int, token: str, *, seconds: float) -> Lease:
        """Hold an entry longer; unlike `lease` it never takes one over.

        Raises:
            ConflictError: It was answered, or somebody else took it after the time had run out.
            NotFoundError: There is no such entry.
        """
        now = self._clock.now()
        with self._database.write() as session:
            row = _entry_row(session, entry_id)
            rows.refuse_answered(row)
            rows.refuse_other_token(row, token)
            row.lease_expires_at = now + dt.timedelta(seconds=seconds)
            return Lease(_entries(session, [row])[0], token)

    def release(self, entry_id: int, token: str) -> None:
        """Give an entry back; one whose lease is gone already is left alone."""
        with self._database.write() as session:
            row = _entry_row(session, entry_id)
            if row.lease_token == token:
                rows.end_lease(row)

    def release_ended(self, owner: str) -> int:
        """Give back what a person holds in sessions whose process has ended without doing so.

        Returns:
            How many entries are free again.
        """
        now = self._clock.now()
        with self._database.read() as session:
            held = [
                (row.id, row.lease_token)
                for row in session.scalars(_held_by(owner, now))
                if row.lease_token is not None and has_ended(row.lease_token)
            ]
        for entry_id, token in held:
            self.release(entry_id, token)
        return len(held)

    def take_over(self, owner: str, but: Collection[str]) -> int:
        """Give back all that a person holds, except by some tokens; whoever held it is told so.

        Returns:
            How many entries are free again.
        """
        now = self._clock.now()
        with self._database.write() as session:
            held = session.scalars(_held_by(owner, now))
            taken = [row for row in held if row.lease_token not in but]
            for row in taken:
                rows.end_lease(row)
            return len(taken)

    def count_held(self, owner: str, but: Collection[str]) -> int:
        """Return how many entries a person holds just now, except by some tokens."""
        now = self._clock.now()
        with self._database.read() as session:
            tokens = [row.lease_token for row in session.scalars(_held_by(owner, now))]
        return sum(token not in but for token in tokens)

    def skip(self, entry_id: int, token: str, *, seconds: float) -> ReviewEntry:
        """Put an entry back; for so long it comes last.

        Raises:
            ConflictError: The token is not that of its lease.
        """
        now = self._clock.now()
        with self._database.write() as session:
            row = _entry_row(session, entry_id)
            rows.refuse_answered(row)
            rows.refuse_other_token(row, token)
            row.skips += 1
            owner = row.lease_owner or ""
            rows.log(session, "skipped", now, owner, row.document_id, skips=row.skips)
            row.skipped_until = now + dt.timedelta(seconds=seconds)
            rows.end_lease(row)
            return _entries(session, [row])[0]

    def count_waiting(self) -> int:
        """Return how many entries wait for anybody; the quick part of `stats`."""
        with self._database.read() as session:
            return session.scalar(_OPEN_ENTRIES) or 0

    def stats(self, since: dt.datetime | None = None) -> ReviewStats:
        """Return the queue in numbers; answers are counted since a time, or ever."""
        now = self._clock.now()
        waiting = _OPEN_ENTRIES
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
        with self._database.read() as session:
            return ReviewStats(
                open=session.scalar(waiting) or 0,
                leased=session.scalar(leased) or 0,
                skipped=session.scalar(skipped) or 0,
                reasons=dict(session.execute(reasons).all()),
                answered=session.scalar(given) or 0,
                agreed=session.scalar(agreed) or 0,
                undone=session.scalar(undone) or 0,
            )

    def waiting_by_purpose(self) -> dict[Purpose, int]:
        """Return how many review entries are open for each purpose."""
        query = (
            select(EntryRow.purpose, func.count())
            .where(EntryRow.closed_at.is_(None))
            .group_by(EntryRow.purpose)
        )
        with self._database.read() as session:
            return {Purpose(purpose): number for purpose, number in session.execute(query)}

    def plan_answer(
        self,
        entry_id: int,
        destination: Destination,
        *,
        label: str | None,
        token: str | None,
        reviewer: str,
        uid: int,
        manner: Manner = _PLAIN,
    ) -> tuple[Answer, Move]:
        """Commit an answer, close its entry and plan the move that carries it out.

        Args:
            entry_id: Which entry.
            destination: Where the document goes now; its next state is SORTED or REJECTED.
            label: None rejects the document.
            token: Of the lease; None is fine while nobody else holds the entry.
            reviewer: Unix user name.
            uid: Unix user id.
            manner: How it was given.

        Raises:
            ConflictError: The lease was lost, or somebody else answered.
            NotFoundError: There is no such entry.
            ValueError: The destination does not fit the answer.
        """
        if destination.next_state is not (State.REJECTED if label is None else State.SORTED):
            raise ValueError(f"answer {label!r} does not lead to {destination.next_state}")
        now = self._clock.now()
        with self._database.write() as session:
            entry = _entry_row(session, entry_id)
            rows.check_lease(entry, token, reviewer, now)
            row = rows.document_row(session, entry.document_id, lock=True)
            _refuse_other_question(entry, row)
            rows.refuse_renamed(session.connection(), label)
            answer = rows.add_answer(
                session, entry, row, label=label, reviewer=reviewer, uid=uid, now=now, manner=manner
            )
            session.flush()
            check = blind_checks.note_answer(session, answer, now)
            move = rows.plan(
                session, row, destination, actor=reviewer, now=now, answer_id=answer.id
            )
            rows.close_entry(session, row.id, now)
            conversion.set_verdict(row, _answered(label, reviewer), now)
            row.answered_by = reviewer
            if manner.ask_again and (check is None or check.outcome is CheckOutcome.RIGHT):
                blind_checks.ask_second(session, row, entry, reviewer=reviewer, now=now)
            _log_answer(session, row, answer)
            return conversion.answer(answer), move

    def undo_answer(
        self, document_id: int, destination: Destination, *, reviewer: str, uid: int
    ) -> tuple[Answer, Move]:
        """Take the last answer of a document back and plan its move back to the reviewers.

        Second opinions of it are taken back with it. Its entry opens again, with the reason
        UNDONE, when that move is finished.

        Raises:
            NotFoundError: There is no such document, or no answer that stands.
            ConflictError: The move of the answer, or another one, is still planned.
            ValueError: The destination is not a place where a document waits for a person.
        """
        if destination.next_state is not State.REVIEW:
            raise ValueError(f"an undone answer does not lead to {destination.next_state}")
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            answer = _standing(session, document_id)
            move = rows.plan(
                session, row, destination, actor=reviewer, now=now, answer_id=answer.id
            )
            rows.refuse_undecided(row)
            for each in (answer, *blind_checks.second_opinions_of(session, answer)):
                each.undone_at = now
            session.flush()
            blind_checks.answers_changed(session, answer, now)
            with rows.recounted(session, row):
                conversion.set_verdict(row, _undone(session, row, answer, reviewer), now)
                row.answered_by = None
            rows.log_undone(session, answer, now, reviewer, uid)
            return conversion.answer(answer), move

    def answer_second(
        self,
        entry_id: int,
        back: Destination,
        *,
        label: str | None,
        token: str | None,
        reviewer: str,
        uid: int,
        manner: Manner = _PLAIN,
    ) -> tuple[Answer, Move | None]:
        """Commit a second opinion, and plan the move back to the reviewers if it disagrees.

        The entry's purpose is SECOND, and `back` is where the document waits for a person. The
        other arguments are those of `plan_answer`.

        Returns:
            The answer, and the move; None where both agree.

        Raises:
            ConflictError: The lease was lost, somebody else was faster, or the first answer was
                this person's and there are others to ask.
            NotFoundError: There is no such entry.
        """
        now = self._clock.now()
        with self._database.write() as session:
            entry = _second_entry(session, entry_id)
            rows.check_lease(entry, token, reviewer, now)
            _refuse_own_opinion(session, entry, reviewer, now)
            row = rows.document_row(session, entry.document_id, lock=True)
            rows.refuse_moving(session, row.id)
            first = blind_checks.first_answer(session, row.id)
            answer = rows.add_answer(
                session, entry, row, label=label, reviewer=reviewer, uid=uid, now=now, manner=manner
            )
            rows.close_entry(session, row.id, now)
            session.flush()
            blind_checks.note_second(session, first, answer, now)
            agrees = first.label == label
            known = {"label": label, "uid": uid, "answer": answer.id, "first": first.id}
            rows.log(session, "second_opinion", now, reviewer, row.id, **known, agrees=agrees)
            if agrees:
                return conversion.answer(answer), None
            verdict = _disagreement(session, row, first, answer)
            move = rows.plan_decided(session, row, back, verdict, answer, answered_by=None)
            return conversion.answer(answer), move

    def undo_second(
        self, document_id: int, to: Destination | None, *, reviewer: str, uid: int
    ) -> tuple[Answer, Move | None]:
        """Take the last second opinion of a document back; it is asked for again.

        `to` is where the first answer had put the document; None when the opinion agreed and moved
        nothing.

        Raises:
            ConflictError: It was decided or moved since.
            NotFoundError: The last answer that stands is no second opinion.
        """
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            answer = rows.last_standing(session, document_id)
            if answer is None or answer.purpose is not Purpose.SECOND:
                raise NotFoundError(f"document {document_id} has no second opinion to undo")
            if to is None:
                rows.refuse_undecided(row)
            rows.refuse_moving(session, row.id)
            move = None
            if to is not None:
                done = rows.move_of_answer(session, row.id, answer.id)
                assert done is not None, "a disagreement moved the document"
                move = rows.plan(session, row, to, actor=reviewer, now=now, answer_id=answer.id)
                with rows.recounted(session, row):
                    conversion.restore_decision(row, done.before)
            answer.undone_at = now
            rows.close_entry(session, row.id, now)
            session.flush()
            blind_checks.answers_changed(session, answer, now)
            session.get_one(EntryRow, answer.entry_id).closed_at = None
            rows.log_undone(session, answer, now, reviewer, uid)
            return conversion.answer(answer), move

    def answers(self, document_id: int) -> list[Answer]:
        """Return all answers to a document, the oldest first, undone ones too."""
        query = select(AnswerRow).where(AnswerRow.document_id == document_id).order_by(AnswerRow.id)
        with self._database.read() as session:
            return [conversion.answer(row) for row in session.scalars(query)]

    def answers_of_batch(self, batch: str) -> list[Answer]:
        """Return the answers of one batch that stand, the newest first."""
        query = (
            select(AnswerRow)
            .where(AnswerRow.batch == batch, AnswerRow.undone_at.is_(None))
            .order_by(AnswerRow.id.desc())
        )
        with self._database.read() as session:
            return [conversion.answer(row) for row in session.scalars(query)]

    def last_batch(self, reviewer: str) -> str | None:
        """Return the newest batch of a person of which an answer stands, None without one."""
        query = (
            select(AnswerRow.batch)
            .where(
                AnswerRow.reviewer == reviewer,
                AnswerRow.undone_at.is_(None),
                AnswerRow.batch.is_not(None),
            )
            .order_by(AnswerRow.id.desc())
            .limit(1)
        )
        with self._database.read() as session:
            return session.scalar(query)

    def last_answer(self, reviewer: str, *, before_id: int | None = None) -> Answer | None:
        """Return the newest answer of a person that stands, with a number below `before_id`."""
        query = select(AnswerRow).where(
            AnswerRow.reviewer == reviewer, AnswerRow.undone_at.is_(None)
        )
        if before_id is not None:
            query = query.where(AnswerRow.id < before_id)
        with self._database.read() as session:
            row = session.scalar(query.order_by(AnswerRow.id.desc()).limit(1))
            return None if row is None else conversion.answer(row)

    def last_standing_answer(self, document_id: int) -> Answer | None:
        """Return the newest answer to a document that was not taken back."""
        with self._database.read() as session:
            row = rows.last_standing(session, document_id)
            return None if row is None else conversion.answer(row)

    def origin_of(self, answer: Answer) -> Destination | None:
        """Return where the move of a standing answer took the document from; None without one.

        The sidecar is that of the move before, as it lay beside the document then.
        """
        with self._database.read() as session:
            done = rows.move_of_answer(session, answer.document_id, answer.id)
            if done is None:
                return None
            before = (
                select(MoveRow.sidecar)
                .where(
                    MoveRow.document_id == answer.document_id,
                    MoveRow.id < done.id,
                    MoveRow.state == MoveState.DONE,
                )
                .order_by(MoveRow.id.desc())
                .limit(1)
            )
            sidecar = session.scalar(before)
            state = State.REJECTED if done.from_place is Place.REJECTED else State.SORTED
            return Destination(done.from_place, done.from_path, state, sidecar)

    def answers_version(self) -> tuple[int, dt.datetime | None]:
        """Return something that changes whenever an answer is given or taken back; quick."""
        latest = select(func.max(AnswerRow.undone_at))
        with self._database.read() as session:
            return session.scalar(select(func.max(AnswerRow.id))) or 0, session.scalar(latest)

    def answers_since(self, since: dt.datetime) -> list[AnswerSummary]:
        """Return every answer since a time, taken back or not, the oldest first."""
        columns = (
            AnswerRow.answered_at,
            AnswerRow.reviewer,
            AnswerRow.label,
            AnswerRow.guess,
            AnswerRow.seconds,
            AnswerRow.undone_at.is_not(None),
            AnswerRow.purpose,
            AnswerRow.blind,
        )
        query = select(*columns).where(AnswerRow.answered_at >= since).order_by(AnswerRow.id)
        with self._database.read() as session:
            return [AnswerSummary(*row) for row in session.execute(query)]

    def opinion_pairs(self, since: dt.datetime) -> list[OpinionPair]:
        """Return what two people said of the same document, the second of them blind.

        Second looks at blind checks are left out: they are asked for only where the first one
        disagrees with the model, so they would tell more of hard documents than of people.
        """
        first, second, earlier = aliased(AnswerRow), aliased(AnswerRow), aliased(AnswerRow)
        compared = (
            select(func.max(earlier.id))
            .where(
                earlier.document_id == second.document_id,
                earlier.id < second.id,
                earlier.purpose == Purpose.DECIDE,
                or_(earlier.undone_at.is_(None), earlier.undone_at > second.answered_at),
            )
            .correlate(second)
            .scalar_subquery()
        )
        query = (
            select(first.label, second.label, first.reviewer, second.reviewer)
            .select_from(second)
            .join(first, first.id == compared)
            .where(
                second.answered_at >= since,
                second.purpose == Purpose.SECOND,
                second.undone_at.is_(None),
            )
            .order_by(second.id)
        )
        with self._database.read() as session:
            return [
                OpinionPair(one, other, (who, whom))
                for one, other, who, whom in session.execute(query)
            ]


def _held_by(owner: str, now: dt.datetime) -> Select[EntryRow]:
    return select(EntryRow).where(
        EntryRow.closed_at.is_(None),
        EntryRow.lease_owner == owner,
        EntryRow.lease_expires_at > now,
    )


def _waiting(wanted: ReviewFilter, now: dt.datetime) -> Select[EntryRow]:
    moving = select(MoveRow.id).where(
        MoveRow.document_id == EntryRow.document_id, MoveRow.closed_at.is_(None)
    )
    query = select(EntryRow).where(EntryRow.closed_at.is_(None), ~moving.exists())
    if any(given is not None for given in (wanted.reason, wanted.label, wanted.tone)):
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
    if wanted.tone is not None:
        sounding = select(PredictionRow.id).where(
            PredictionRow.document_id == EntryRow.document_id, conversion.has_tone(wanted.tone)
        )
        query = query.where(sounding.exists())
    if wanted.text:
        named = select(DocumentRow.id).where(
            DocumentRow.id == EntryRow.document_id,
            DocumentRow.name.icontains(wanted.text, autoescape=True),
        )
        query = query.where(named.exists())
    return query


def _named(session: Session, wanted: ReviewFilter, query: Select[EntryRow]) -> Select[EntryRow]:
    """Narrow a search by the words of documents, and by an index of names where it helps."""
    if wanted.words is not None:
        query = query.where(words.found_in(session, EntryRow.document_id, wanted.words))
    few = names.few(session, wanted.text)
    if few is not None:
        return query.where(EntryRow.document_id.in_(few))
    if names.is_short(session, wanted.text):
        block = names.block_of(EntryRow.document_id)
        return query.where(block.in_(names.blocks(wanted.text)))
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
    seen = rows.latest_predictions(session, wanted)
    names = rows.label_names(session.connection()) if seen else {}
    return [
        conversion.entry(row, documents[row.document_id], seen.get(row.document_id), names)
        for row in found
    ]


def _refuse_other_question(entry: EntryRow, row: DocumentRow) -> None:
    """Refuse a decision where none is asked for: it was delivered since the caller saw it."""
    if entry.purpose is not Purpose.DECIDE or row.state is not State.REVIEW:
        raise ConflictError(
            f"document {row.id} does not wait for a decision any more: it is {row.state}",
            remedy=f"docsorter explain {row.id} shows what happened",
        )


def _answered(label: str | None, reviewer: str) -> Verdict:
    if label is None:
        reason = Reason(ReasonCode.REJECTED_BY_PERSON, f"rejected by {reviewer}")
        return Verdict(VerdictKind.REJECT, reason)
    return Verdict(VerdictKind.SORT, Reason(ReasonCode.ANSWERED, f"answered by {reviewer}"), label)


def _undone(session: Session, row: DocumentRow, answer: AnswerRow, reviewer: str) -> Verdict:
    text = f"the answer of {answer.reviewer} was undone by {reviewer}"
    return _asked_again(session, row, answer, Reason(ReasonCode.UNDONE, text))


def _disagreement(
    session: Session, row: DocumentRow, first: AnswerRow, second: AnswerRow
) -> Verdict:
    labels = " and ".join(sorted(each.label or "rejected" for each in (first, second)))
    reason = Reason(ReasonCode.REVIEWERS_DISAGREE, f"two people disagree: {labels}")
    return _asked_again(session, row, first, reason)


def _asked_again(session: Session, row: DocumentRow, answer: AnswerRow, reason: Reason) -> Verdict:
    """Return the verdict that a document waits for people, with the guess that they saw before.

    What the model saw last may name what is no label: none of these, or one that is retired.
    """
    seen = rows.latest_prediction(session, row.id)
    names = rows.label_names(session.connection())
    shares = {} if seen is None else dict(conversion.prediction(seen).renamed(names).ranked)
    return Verdict(VerdictKind.REVIEW, reason, answer.guess, shares.get(answer.guess or ""))


def _standing(session: Session, document_id: int) -> AnswerRow:
    answer = rows.last_standing(session, document_id, but=Purpose.SECOND)
    if answer is None:
        raise NotFoundError(
            f"document {document_id} has no answer to undo",
            remedy=f"docsorter explain {document_id} shows how it was sorted",
        )
    return answer


def _log_answer(session: Session, row: DocumentRow, answer: AnswerRow) -> None:
    """Add an answer to the log, with what the reviewer saw of the model."""
    detail: dict[str, object] = {"label": answer.label, "uid": answer.uid, "guess": answer.guess}
    seen = rows.latest_prediction(session, row.id)
    if seen is not None:
        detail["model"] = seen.model
        detail["probabilities"] = dict(zip(seen.labels, seen.probabilities, strict=True))
    if answer.batch is not None:
        detail["batch"] = answer.batch
    rows.log(session, "answered", answer.answered_at, answer.reviewer, row.id, **detail)


def _second_entry(session: Session, entry_id: int) -> EntryRow:
    entry = session.get(EntryRow, entry_id, with_for_update=True)
    if entry is None or entry.purpose is not Purpose.SECOND:
        raise NotFoundError(
            f"entry {entry_id} asks for no second opinion", remedy="see docsorter review list"
        )
    return entry


def _refuse_own_opinion(session: Session, entry: EntryRow, reviewer: str, now: dt.datetime) -> None:
    if entry.not_for == reviewer and has_colleagues(session, reviewer, now):
        raise ConflictError(
            f"somebody else is asked about document {entry.document_id}",
            remedy="take another one; a second opinion must not be your own",
        )
