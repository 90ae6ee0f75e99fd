"""What all tables share: how constraints are named, and which column a type gets."""

import datetime as dt

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from docsorter.documents import (
    CheckOutcome,
    MoveState,
    Place,
    Purpose,
    ReasonCode,
    State,
    VerdictKind,
)
from docsorter.store.types import UtcDateTime, word


class Base(DeclarativeBase):
    """Names every constraint, because SQLite can only change a named one (alembic#737)."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 -- read once by SQLAlchemy, never changed
        dt.datetime: UtcDateTime,
        Place: word(Place),
        State: word(State),
        MoveState: word(MoveState),
        VerdictKind: word(VerdictKind),
        ReasonCode: word(ReasonCode),
        Purpose: word(Purpose),
        CheckOutcome: word(CheckOutcome),
    }
