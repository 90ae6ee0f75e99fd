"""Column types: aware UTC times, text that survives any file name, enums kept as words.

`TableBase` gives each type its column and each constraint its name.
"""

import datetime as dt
import re
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
)
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

# SQLite numbers rows by itself only for a column declared exactly INTEGER.
BIG_ID = BigInteger().with_variant(Integer, "sqlite")
_ESCAPE = "\U0010fffd"  # private use, plane 16: as good as never in a file name
_UNSTORABLE = re.compile("[\x00\ud800-\udfff\U0010fffd]")
_ESCAPED = re.compile("\U0010fffd(\U0010fffd|[0-9a-f]{4})")


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware datetime, stored as UTC; a naive one is refused, for nobody knows what it means.

    Raises:
        ValueError: The datetime has no time zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Convert to UTC; SQLite stores the digits only."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a time zone cannot be stored: {value.isoformat()}")
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        """Return an aware UTC datetime."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class ForeignText(TypeDecorator[str]):
    """Text that comes from outside: names, paths, what a parser said.

    A file name may hold bytes that are no UTF-8 (lone surrogates in Python) and metadata may hold
    NUL; databases refuse both. They are escaped, reversibly, by a private-use character.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Escape what databases refuse."""
        del dialect
        return None if value is None else _UNSTORABLE.sub(_escape, value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Undo the escaping."""
        del dialect
        return None if value is None else _ESCAPED.sub(_unescape, value)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return _ESCAPE * 2 if character == _ESCAPE else f"{_ESCAPE}{ord(character):04x}"


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    return _ESCAPE if code == _ESCAPE else chr(int(code, 16))


def word(enum: type[StrEnum]) -> Enum:
    """Return a column type that keeps an enum as its word, readable in any SQL shell."""
    return Enum(
        enum,
        native_enum=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class TableBase(DeclarativeBase):
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
