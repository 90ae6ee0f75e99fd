"""Finding documents by a part of their name, however many there are.

SQLite keeps an index of all parts of three characters (FTS5 with trigrams, sqlite.org/fts5.html),
made by revision 0003 and kept by triggers. It is asked for texts that few names have; what many
have is found soon without it. Where the database has no such index, on a server or in an SQLite
without FTS5, the names are read.

For less than three characters revision 0004 keeps in which blocks of 512 documents a name has a
character or a pair (SQLite only, by triggers). What is in no name is so found missing at once; else
the blocks are read from the newest on, and as each of them has a hit, a page is full after as many
blocks as it has lines.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    TextClause,
    bindparam,
    column,
    func,
    select,
    table,
    text,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import InstrumentedAttribute, Session

from docsorter.store.tables import ForeignText

_LEAST: Final = 3
"""Characters of a text that the index can be asked for."""
FEW: Final = 2_000
"""What more documents have than this is found soon by reading names until a page is full."""
_SLICE: Final = 500
"""Pages of the index that are merged in one transaction."""
_INDEX = table("document_names", column("rowid"), column("document_names", ForeignText))
_KEPT = text(
    "SELECT count(*) = 3 FROM sqlite_master"
    " WHERE type = 'trigger' AND tbl_name = 'documents' AND name LIKE 'document_names_%'"
)
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
_REBUILD_BLOCKS = (
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
_TRIGGERS = {
    "insert": """
        CREATE TRIGGER document_names_insert AFTER INSERT ON documents
        BEGIN INSERT INTO document_names (rowid, name) VALUES (new.id, new.name); END
        """,
    "update": """
        CREATE TRIGGER document_names_update AFTER UPDATE OF name ON documents
        WHEN old.name <> new.name
        BEGIN
            INSERT INTO document_names (document_names, rowid, name)
            VALUES ('delete', old.id, old.name);
            INSERT INTO document_names (rowid, name) VALUES (new.id, new.name);
        END
        """,
    "delete": """
        CREATE TRIGGER document_names_delete AFTER DELETE ON documents
        BEGIN
            INSERT INTO document_names (document_names, rowid, name)
            VALUES ('delete', old.id, old.name);
        END
        """,
}
_CREATE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS document_names USING fts5"
    " (name, content='documents', content_rowid='id', tokenize='trigram')"
)
_REBUILD = "INSERT INTO document_names (document_names) VALUES ('rebuild')"
_FIND = "SELECT name FROM sqlite_master WHERE tbl_name = 'documents' AND type = 'trigger'"
_PROBE = "CREATE VIRTUAL TABLE temp.trigrams USING fts5 (name, tokenize='trigram')"


def few(session: Session, wanted: str) -> Select[int] | None:
    """Return a query for the numbers of the documents with a text in their name, when it helps.

    Capital and small letters are the same.

    Returns:
        A query whose result holds every document that has the text, and hardly another; None
        when there is no index, or so many documents have it that it would not help.
    """
    if len(wanted) < _LEAST or not is_kept(session):
        return None
    quoted = '"{}"'.format(wanted.replace('"', '""'))
    found = select(_INDEX.c.rowid).where(_INDEX.c.document_names.op("MATCH")(quoted))
    number = session.scalar(select(func.count()).select_from(found.limit(FEW + 1).subquery()))
    return found if (number or 0) <= FEW else None


def is_kept(session: Session) -> bool:
    """Say whether this database has the index and keeps it."""
    if session.get_bind().dialect.name != "sqlite":
        return False
    return bool(session.scalar(_KEPT))


def is_short(session: Session, wanted: str) -> bool:
    """Say whether a text is too short for the index, and this database has the blocks of such."""
    return 0 < len(wanted) < _LEAST and _has_blocks(session)


def newest(session: Session, wanted: str, *, most: int, before: int | None) -> list[int]:
    """Return the numbers of the newest documents with one or two characters in their name.

    Capital and small letters are the same; the numbers are smaller than `before`.
    """
    values = {"wanted": wanted, "most": most, "before": _NO_END if before is None else before}
    return list(session.scalars(_NEWEST, values))


def block_of(number: InstrumentedAttribute[int]) -> ColumnElement[int]:
    """Return the block that a number is in."""
    return number.bitwise_rshift(_BITS)


def blocks(wanted: str) -> Select[int]:
    """Return a query for the blocks in which a name has a short text."""
    part = func.lower(func.substr(bindparam(None, wanted, type_=ForeignText), 1, _LEAST - 1))
    return select(_PARTS.c.block).where(_PARTS.c.part == part)


def missing(session: Session) -> int:
    """Return by how many documents the index of names is wrong; 0 without one."""
    if not is_kept(session):
        return 0
    counts = (
        session.scalar(text(f"SELECT count(*) FROM {name}"))  # noqa: S608 -- our own names
        for name in ("documents", "document_names_docsize")
    )
    known, kept = (int(count or 0) for count in counts)
    return abs(known - kept)


def blocks_missing(session: Session) -> int:
    """Return how many blocks with names in them are not known to the index; 0 without one."""
    return int(session.scalar(_WANTING) or 0) if _has_blocks(session) else 0


def rebuild(session: Session) -> None:
    """Make both indexes anew from the names, in the caller's transaction."""
    if is_kept(session):
        session.execute(_command("rebuild"))
    if _has_blocks(session):
        for statement in _REBUILD_BLOCKS:
            session.execute(statement)


def merge_slice(session: Session) -> bool:
    """Merge a slice of the index of names; say whether anything is left to merge."""
    return is_kept(session) and merge_index(session, "document_names")


def merge_index(session: Session, index: str) -> bool:
    """Merge a slice of an index of FTS5 by its name; say whether anything is left to merge.

    What was removed stays in its files until they are merged ("the merge command" of
    sqlite.org/fts5.html).
    """
    before = _changes(session)
    session.execute(_command("merge", -_SLICE, index))
    return _changes(session) - before >= 2  # noqa: PLR2004 -- so the manual says


def _command(name: str, rank: int | None = None, index: str = "document_names") -> TextClause:
    """Return a command to an index, which SQLite takes in the form of an insertion."""
    columns = index if rank is None else f"{index}, rank"
    values = ":name" if rank is None else ":name, :rank"
    statement = text(f"INSERT INTO {index} ({columns}) VALUES ({values})")  # noqa: S608
    values_of: dict[str, object] = {"name": name} | ({} if rank is None else {"rank": rank})
    return statement.bindparams(**values_of)


def _changes(session: Session) -> int:
    return int(session.scalar(text("SELECT total_changes()")) or 0)


def _has_blocks(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def fits(connection: Connection) -> bool:
    """Say whether the index is kept just where it can be; changes nothing.

    A database may move between machines. Without FTS5 nothing could be written while the triggers
    want it; so they go, and searching reads the names. Where it is back, or was not there when
    revision 0003 came, the index is made anew.
    """
    if connection.dialect.name != "sqlite":
        return True
    return _has_triggers(connection) == has_trigrams(connection)


def adapt(connection: Connection) -> None:
    """Make, drop or complete the index, inside the caller's transaction."""
    if fits(connection):
        return
    for act in _TRIGGERS:
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS document_names_{act}")
    if not has_trigrams(connection):
        return
    for statement in (_CREATE, _REBUILD, *_TRIGGERS.values()):
        connection.exec_driver_sql(statement)


def has_trigrams(connection: Connection) -> bool:
    """Try, for the options of the compilation do not tell of the tokenizer (SQLite 3.34)."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(_PROBE)
            connection.exec_driver_sql("DROP TABLE temp.trigrams")
    except OperationalError:
        return False
    return True


def _has_triggers(connection: Connection) -> bool:
    found = {str(name) for (name,) in connection.exec_driver_sql(_FIND)}
    return {f"document_names_{act}" for act in _TRIGGERS} <= found
