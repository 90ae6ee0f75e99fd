"""Makes the index of names fit the SQLite that is there: a database may move between machines.

Without FTS5 nothing could be written while the triggers want it; so they go, and searching reads
the names. Where it is back, or was not there when revision 0003 came, the index is made anew.
"""

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

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


def fits(connection: Connection) -> bool:
    """Say whether the index is kept just where it can be; changes nothing."""
    if connection.dialect.name != "sqlite":
        return True
    return _is_kept(connection) == has_trigrams(connection)


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


def _is_kept(connection: Connection) -> bool:
    found = {str(name) for (name,) in connection.exec_driver_sql(_FIND)}
    return {f"document_names_{act}" for act in _TRIGGERS} <= found
