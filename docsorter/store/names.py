"""Finding documents by a part of their name, however many there are.

SQLite keeps an index of all parts of three characters (FTS5 with trigrams, sqlite.org/fts5.html),
made by revision 0003 and kept by triggers. It is asked for texts that few names have; what many
have is found soon without it, and texts of one or two characters are those of `short_texts`. Where
the database has no such index, on a server or in an SQLite without FTS5, the names are read.
"""

from typing import Final

from sqlalchemy import Select, TextClause, column, func, select, table, text
from sqlalchemy.orm import Session

from docsorter.store import short_texts
from docsorter.store.transactions import Transactions
from docsorter.store.types import ForeignText

_LEAST: Final = 3
"""Characters of a text that the index can be asked for."""
_FEW: Final = 2_000
"""What more documents have than this is found soon by reading names until a page is full."""
_SLICE: Final = 500
"""Pages of the index that are merged in one transaction."""
_INDEX = table("document_names", column("rowid"), column("document_names", ForeignText))
_KEPT = text(
    "SELECT count(*) = 3 FROM sqlite_master"
    " WHERE type = 'trigger' AND tbl_name = 'documents' AND name LIKE 'document_names_%'"
)


def few(session: Session, wanted: str) -> Select[int] | None:
    """Return a query for the numbers of the documents with a text in their name, when it helps.

    Args:
        session: Of the transaction that is to use the query.
        wanted: The text; capital and small letters are the same.

    Returns:
        A query whose result holds every document that has the text, and hardly another; None
        when there is no index, or so many documents have it that it would not help.
    """
    if len(wanted) < _LEAST or not is_kept(session):
        return None
    quoted = '"{}"'.format(wanted.replace('"', '""'))
    found = select(_INDEX.c.rowid).where(_INDEX.c.document_names.op("MATCH")(quoted))
    number = session.scalar(select(func.count()).select_from(found.limit(_FEW + 1).subquery()))
    return found if (number or 0) <= _FEW else None


def is_kept(session: Session) -> bool:
    """Say whether this database has the index and keeps it."""
    if session.get_bind().dialect.name != "sqlite":
        return False
    return bool(session.scalar(_KEPT))


class NamesStore(Transactions):
    """The part of the store that looks after the index of names."""

    def names_missing(self) -> int:
        """Return by how many documents the index of names is wrong; 0 without one."""
        with self.read() as session:
            if not is_kept(session):
                return 0
            counts = (
                session.scalar(text(f"SELECT count(*) FROM {name}"))  # noqa: S608 -- our own names
                for name in ("documents", "document_names_docsize")
            )
            known, kept = (int(count or 0) for count in counts)
            return abs(known - kept)

    def blocks_missing(self) -> int:
        """Return how many blocks of documents are wanting in the index of short texts."""
        with self.read() as session:
            return short_texts.blocks_missing(session)

    def rebuild_names(self) -> None:
        """Make the indexes of names anew from the names, in one transaction."""
        with self.write() as session:
            if is_kept(session):
                session.execute(_command("rebuild"))
            short_texts.rebuild(session)

    def _forget_old_names(self) -> None:
        """Leave nothing of names in the index that are no longer in the table.

        What was removed stays in its files until they are merged; so they are, a slice at a time,
        until nothing is left to merge ("the merge command" of sqlite.org/fts5.html).
        """
        while True:
            with self.write() as session:
                if not is_kept(session):
                    return
                before = _changes(session)
                session.execute(_command("merge", -_SLICE))
                if _changes(session) - before < 2:  # noqa: PLR2004 -- so the manual says
                    return


def _command(name: str, rank: int | None = None) -> TextClause:
    """Return a command to the index, which SQLite takes in the form of an insertion."""
    columns = "document_names" if rank is None else "document_names, rank"
    values = ":name" if rank is None else ":name, :rank"
    statement = text(f"INSERT INTO document_names ({columns}) VALUES ({values})")  # noqa: S608
    values_of: dict[str, object] = {"name": name} | ({} if rank is None else {"rank": rank})
    return statement.bindparams(**values_of)


def _changes(session: Session) -> int:
    return int(session.scalar(text("SELECT total_changes()")) or 0)
