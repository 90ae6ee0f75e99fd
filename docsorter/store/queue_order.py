"""Which review entry comes next; every question is answered from an index, or from a short window.

"What helps most" is a ladder. What has waited beyond the age limit comes first, the oldest of it
before the rest. Then kinds take turns: of every four documents two are those that the model is
least sure of (least-confidence sampling: Settles, Active Learning Literature Survey, 2009, section
3.1), one is asked for evidence (checks and second opinions, the oldest first), and one is unlike
anything taught. A kind of which nothing waits gives its turn to the unsure ones.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from docsorter.documents import Purpose, ReasonCode
from docsorter.store.records import ReviewOrder, Turn
from docsorter.store.tables import AnswerRow, EntryRow

ROTATION: Final = ("unsure", "evidence", "unsure", "strange")
"""Which kind has which turn."""
_ORDERS = {
    ReviewOrder.HELPS: (EntryRow.confidence, EntryRow.id),
    ReviewOrder.OLDEST: (EntryRow.created_at, EntryRow.id),
    ReviewOrder.NEWEST: (EntryRow.created_at.desc(), EntryRow.id.desc()),
    ReviewOrder.UNSURE: (EntryRow.confidence, EntryRow.id),
    ReviewOrder.SURE: (EntryRow.confidence.desc(), EntryRow.id.desc()),
}
_WINDOW = 100
_EVIDENCE = (Purpose.CHECK, Purpose.SECOND)
_STRANGE = ReasonCode.UNLIKE_TRAINING
_UNSURE = (
    ReasonCode.UNSURE,
    ReasonCode.REVIEWERS_DISAGREE,
    ReasonCode.UNDONE,
    ReasonCode.PAGES_DISAGREE,
    ReasonCode.EARNING,
    ReasonCode.PROBATION,
    ReasonCode.LABEL_POLICY,
    ReasonCode.RETIRED_LABEL,
    ReasonCode.DUPLICATE,
    ReasonCode.INTERNAL,
)
_RECENT = dt.timedelta(days=30)


def listed(
    session: Session,
    waiting: Select[EntryRow],
    order: ReviewOrder,
    turn: Turn,
    now: dt.datetime,
    page: tuple[int, int],
) -> list[EntryRow]:
    """Return a page (offset, limit) of the entries that wait, in an order.

    In the order HELPS kinds do not take turns here: the list is for reading.
    """
    offset, limit = page
    if order is not ReviewOrder.HELPS or turn.overdue is None:
        ordered = waiting.order_by(*_ORDERS[order]).limit(limit).offset(offset)
        return list(session.scalars(ordered))
    overdue = waiting.where(EntryRow.created_at <= now - turn.overdue)
    oldest = overdue.order_by(*_ORDERS[ReviewOrder.OLDEST]).limit(limit).offset(offset)
    found = list(session.scalars(oldest))
    if len(found) < limit:
        before = session.scalar(select(func.count()).select_from(overdue.subquery())) or 0
        rest = waiting.where(EntryRow.created_at > now - turn.overdue).order_by(*_ORDERS[order])
        rest = rest.limit(limit - len(found)).offset(max(0, offset - before))
        found += session.scalars(rest)
    return found


def next_free(
    session: Session,
    waiting: Select[EntryRow],
    order: ReviewOrder,
    turn: Turn,
    *,
    owner: str,
    now: dt.datetime,
) -> EntryRow | None:
    """Return the entry that a person is to be shown next, those put back last.

    What somebody looked at first is asked of others; of the same person only where there is
    nobody else, and last of all.
    """
    free = waiting.where(_passed(EntryRow.lease_expires_at, now))
    free = free.limit(1).with_for_update(skip_locked=True, of=EntryRow)
    for_others = or_(EntryRow.not_for.is_(None), EntryRow.not_for != owner)
    fresh = free.where(_passed(EntryRow.skipped_until, now), for_others)
    if order is ReviewOrder.HELPS:
        row = _most_helpful(session, fresh, turn, now)
    else:
        row = session.scalar(fresh.order_by(*_ORDERS[order]))
    put_back = free.where(for_others).order_by(EntryRow.skipped_until, EntryRow.id)
    row = row or session.scalar(put_back)
    if row is None and not has_colleagues(session, owner, now):
        own = free.where(EntryRow.purpose.in_(_EVIDENCE), EntryRow.not_for == owner)
        row = session.scalar(own.order_by(EntryRow.skipped_until, EntryRow.id))
    return row


def _most_helpful(
    session: Session, fresh: Select[EntryRow], turn: Turn, now: dt.datetime
) -> EntryRow | None:
    if turn.overdue is not None:
        overdue = fresh.where(EntryRow.created_at <= now - turn.overdue)
        row = session.scalar(overdue.order_by(*_ORDERS[ReviewOrder.OLDEST]))
        if row is not None:
            return row
    kind = ROTATION[turn.number % len(ROTATION)]
    for query in _of_kind(fresh, kind):
        row = session.scalar(query)
        if row is not None:
            return row
    return _least_sure(session, fresh) or session.scalar(
        fresh.order_by(*_ORDERS[ReviewOrder.UNSURE])
    )


def _of_kind(fresh: Select[EntryRow], kind: str) -> Iterator[Select[EntryRow]]:
    if kind == "evidence":
        for purpose in _EVIDENCE:
            yield fresh.where(EntryRow.purpose == purpose).order_by(EntryRow.id)
    elif kind == "strange":
        yield fresh.where(EntryRow.reason == _STRANGE).order_by(EntryRow.id)


def _least_sure(session: Session, fresh: Select[EntryRow]) -> EntryRow | None:
    """Return what the model is least sure of, leaving out the kinds that have their own turn.

    A flood of strange documents may fill the window; then the oldest one of another reason comes.
    """
    ordered = fresh.order_by(*_ORDERS[ReviewOrder.UNSURE]).limit(_WINDOW)
    for seen in session.scalars(ordered):
        if seen.purpose is Purpose.DECIDE and seen.reason is not _STRANGE:
            return seen
    for reason in _UNSURE:  # one condition alone, so that it is the index of reasons that answers
        row = session.scalar(fresh.where(EntryRow.reason == reason).order_by(EntryRow.id))
        if row is not None:
            return row
    return None


def _passed(
    column: InstrumentedAttribute[dt.datetime | None], now: dt.datetime
) -> ColumnElement[bool]:
    return or_(column.is_(None), column <= now)


def names(session: Session) -> list[str]:
    """Return everybody who ever answered, by name."""
    found: list[str] = []
    while True:
        query = select(AnswerRow.reviewer).order_by(AnswerRow.reviewer).limit(1)
        if found:
            query = query.where(AnswerRow.reviewer > found[-1])
        name = session.scalar(query)
        if name is None:
            return found
        found.append(name)


def has_colleagues(session: Session, reviewer: str, now: dt.datetime) -> bool:
    """Say whether anybody else answered within the last 30 days."""
    for name in names(session):
        if name == reviewer:
            continue
        last = (
            select(AnswerRow.answered_at)
            .where(AnswerRow.reviewer == name)
            .order_by(AnswerRow.id.desc())
            .limit(1)
        )
        answered = session.scalar(last)
        if answered is not None and answered > now - _RECENT:
            return True
    return False
