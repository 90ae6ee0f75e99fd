"""Finding documents by one or two characters of their names, however many there are.

The index of `names` begins at three characters. For less, revision 0004 keeps in which blocks of
512 documents a name has a character or a pair (SQLite only, by triggers). What is in no name is so
found missing at once; else the blocks are read from the newest on, and as each of them has a hit,
a page is full after as many blocks as it has lines.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    column,
    func,
    select,
    table,
    text,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from docsorter.store.types import ForeignText

_MOST: Final = 2
"""Characters of a text that is short."""
_BITS: Final = 9
"""Of a document's number, within a block; as revision 0004 says."""
_NO_END: Final = 2**62
_PARTS = table("name_parts", column("part", ForeignText), column("block", BigInteger))
# CROSS JOIN keeps this order of the loops (sqlite.org/optoverview.html), so that it ends early.
_NEWEST = text(
    """
    SELECT documents.id FROM name_parts CROSS JOIN documents
    ON documents.id BETWEEN name_parts.block << 9 AND (name_parts.block << 9) + 511
    WHERE name_parts.part = lower(substr(:wanted, 1, 2)) AND name_parts.block <= :before >> 9
    AND documents.id < :before AND instr(lower(documents.name), lower(:wanted)) > 0
    ORDER BY name_parts.block DESC, documents.id DESC LIMIT :most
    """
).bindparams(bindparam("wanted", type_=ForeignText))

_WANTING = text(
    """
    SELECT count(*) FROM (
        SELECT id >> 9 AS block FROM documents WHERE name <> '' GROUP BY id >> 9
        EXCEPT SELECT block FROM name_parts
    )
    """
)
_REBUILD = (
    text("DELETE FROM name_parts"),
    text(
        """
        INSERT INTO name_parts
        SELECT DISTINCT lower(substr(name, position, width)), id >> 9
        FROM documents, name_positions, (SELECT 1 AS width UNION ALL SELECT 2)
        WHERE position <= length(name)
        """
    ),
)


def helps(session: Session, wanted: str) -> bool:
    """Say whether a text is so short, and this database knows where such texts are."""
    return 0 < len(wanted) <= _MOST and _is_kept(session)


def newest(session: Session, wanted: str, *, most: int, before: int | None) -> list[int]:
    """Return the numbers of the newest documents that have a short text in their name.

    Args:
        session: Of the transaction.
        wanted: One or two characters; capital and small letters are the same.
        most: How many at most.
        before: Only smaller numbers.
    """
    values = {"wanted": wanted, "most": most, "before": _NO_END if before is None else before}
    return list(session.scalars(_NEWEST, values))


def block_of(number: InstrumentedAttribute[int]) -> ColumnElement[int]:
    """Return the block that a number is in."""
    return number.bitwise_rshift(_BITS)


def blocks(wanted: str) -> Select[int]:
    """Return a query for the blocks in which a name has a short text."""
    part = func.lower(func.substr(bindparam(None, wanted, type_=ForeignText), 1, _MOST))
    return select(_PARTS.c.block).where(_PARTS.c.part == part)


def blocks_missing(session: Session) -> int:
    """Return how many blocks with names in them are not known to the index; 0 without one."""
    return int(session.scalar(_WANTING) or 0) if _is_kept(session) else 0


def rebuild(session: Session) -> None:
    """Make the index anew from the names, in the caller's transaction."""
    if _is_kept(session):
        for statement in _REBUILD:
            session.execute(statement)


def _is_kept(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
