"""Who reviews, found by hopping over the index of answers instead of reading them all."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from docsorter.store.tables import AnswerRow

_RECENT = dt.timedelta(days=30)


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
