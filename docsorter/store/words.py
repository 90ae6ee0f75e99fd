"""Finding documents by the words that were read in them, where those are kept (`words.keep`).

SQLite keeps and indexes them with FTS5 (sqlite.org/fts5.html), PostgreSQL with its full-text
search, configuration `simple`. Words are folded before they are kept or asked for: compatibility
forms and ligatures are taken apart, accents and the difference between capital and small letters
are dropped, whatever is neither letter nor digit separates. What a person types is therefore never
a word of either search language.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    column,
    delete,
    func,
    insert,
    select,
    table,
    text,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from docsorter.errors import DependencyError, UsageError
from docsorter.store import names
from docsorter.store.tables import ForeignText

INDEX: Final = "document_words"
_CREATE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS document_words USING fts5"
    " (words, tokenize='unicode61 remove_diacritics 2')"
)
_MOST: Final = 32
"""Words that can be asked for at once."""
_LEAST: Final = 3
"""Characters that the beginning of a word has to have, to be asked for."""
# Both databases refuse or cut longer ones; cut here, they are found again.
_WORD: Final = re.compile(r"[^\W_]{1,255}")
_TABLE = table(INDEX, column("rowid", BigInteger), column("words", ForeignText))
_HAS_FTS5 = text("SELECT sqlite_compileoption_used('ENABLE_FTS5')")
_IS_THERE = text("SELECT 1 FROM sqlite_master WHERE name = 'document_words'")
_MATCHES: Final = {
    "sqlite": "document_words MATCH :typed_words",
    "postgresql": "to_tsvector('simple', words) @@ to_tsquery('simple', :typed_words)",
}


def keep(session: Session, document_id: int, read: str) -> None:
    """Keep the words of a document in place of those kept before; not where none can be kept."""
    if can_be_kept(session):
        erase(session, [document_id])
        folded = {"rowid": document_id, "words": " ".join(_folded(read))}
        session.execute(insert(_TABLE), folded)


def erase(session: Session, document_ids: Iterable[int]) -> None:
    """Remove the words of documents; SQLite's index still has them until it is merged."""
    if can_be_kept(session):
        session.execute(delete(_TABLE).where(_TABLE.c.rowid.in_(list(document_ids))))


def kept(session: Session, most: int) -> list[int]:
    """Return the numbers of at most so many documents of which words are kept."""
    if not can_be_kept(session):
        return []
    return list(session.scalars(select(_TABLE.c.rowid).limit(most)))


def found_in(
    session: Session, document_id: InstrumentedAttribute[int], wanted: str
) -> ColumnElement[bool]:
    """Return the condition that a document has all of some words.

    Args:
        session: Of the database.
        document_id: The column with its number.
        wanted: Words as somebody typed them. One with a hyphen or the like stands for words in a
            row; the last may be the beginning of a word, from three characters on.

    Raises:
        UsageError: There is no word in it, there are too many, or no words are kept.
        DependencyError: This SQLite cannot keep any.
    """
    typed = [parts for parts in map(_folded, wanted.split()) if parts]
    if not 0 < sum(map(len, typed)) <= _MOST:
        raise UsageError(
            f"{'too many words' if typed else 'there is no word'} to search for",
            remedy=f'1 to {_MOST}, e.g. words:"claim number"',
        )
    if not can_be_kept(session):
        raise DependencyError(
            "this SQLite was compiled without FTS5, so that no words are kept and searched",
            remedy="run docsorter with a Python whose SQLite has it",
        )
    if not kept(session, 1):
        raise UsageError(
            "no words of documents are kept, so that none can be searched for",
            remedy="docsorter config set words.keep true keeps what is read from then on, of"
            " documents that the picture leaves open",
        )
    dialect = session.get_bind().dialect.name
    condition = text(_MATCHES[dialect]).bindparams(typed_words=_query(dialect, typed))
    found = select(_TABLE.c.rowid).where(condition)
    some = session.scalar(select(func.count()).select_from(found.limit(names.FEW + 1).subquery()))
    # What many have is met soon on any way through the documents: SQLite is kept from looking each
    # of them up and sorting all.
    return (document_id if (some or 0) <= names.FEW else document_id + 0).in_(found)


def merge_slice(session: Session) -> bool:
    """Merge a slice of the index, as `names.merge_slice` does; say whether anything is left."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return is_sqlite and can_be_kept(session) and names.merge_index(session, INDEX)


def can_be_kept(session: Session) -> bool:
    """Say whether this database has a place for words."""
    if session.get_bind().dialect.name != "sqlite":
        return True
    return has_fts5(session.connection()) and session.scalar(_IS_THERE) is not None


def has_fts5(connection: Connection) -> bool:
    """Say whether an SQLite was compiled with it."""
    return bool(connection.scalar(_HAS_FTS5))


def adapt(connection: Connection) -> None:
    """Make the place for words in a database that comes from an SQLite without FTS5."""
    if has_fts5(connection):
        connection.exec_driver_sql(_CREATE)


def _folded(read: str) -> list[str]:
    taken_apart = unicodedata.normalize("NFKD", read)
    plain = "".join(each for each in taken_apart if not unicodedata.combining(each))
    return _WORD.findall(plain.casefold())


def _query(dialect: str, typed: list[list[str]]) -> str:
    """Write the words, which are letters and digits only, in the search language of a database."""
    is_beginning = len(typed[-1][-1]) >= _LEAST
    if dialect == "sqlite":
        phrases = " ".join('"{}"'.format(" ".join(parts)) for parts in typed)
        return phrases + " *" * is_beginning
    rows = " & ".join(" <-> ".join(f"'{part}'" for part in parts) for parts in typed)
    return rows + ":*" * is_beginning
