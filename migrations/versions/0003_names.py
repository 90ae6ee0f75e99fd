"""An index of parts of file names, so that a text is found among a million of them.

Revision: 0003; follows 0002. The index is one of SQLite's FTS5 with trigrams over the names that
are in the table of documents (sqlite.org/fts5.html, external content); triggers keep it. Where
SQLite comes without it, or the database is a server's, there is none: searching reads all names.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = depends_on = None

_CREATE = (
    """
    CREATE VIRTUAL TABLE document_names USING fts5
        (name, content='documents', content_rowid='id', tokenize='trigram')
    """,
    "INSERT INTO document_names (document_names) VALUES ('rebuild')",
    """
    CREATE TRIGGER document_names_insert AFTER INSERT ON documents
    BEGIN INSERT INTO document_names (rowid, name) VALUES (new.id, new.name); END
    """,
    """
    CREATE TRIGGER document_names_update AFTER UPDATE OF name ON documents
    WHEN old.name <> new.name
    BEGIN
        INSERT INTO document_names (document_names, rowid, name)
        VALUES ('delete', old.id, old.name);
        INSERT INTO document_names (rowid, name) VALUES (new.id, new.name);
    END
    """,
    """
    CREATE TRIGGER document_names_delete AFTER DELETE ON documents
    BEGIN
        INSERT INTO document_names (document_names, rowid, name)
        VALUES ('delete', old.id, old.name);
    END
    """,
)


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite" or not _has_trigrams():
        return
    for statement in _CREATE:
        op.execute(sa.text(statement))


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for act in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER IF EXISTS document_names_{act}")
    op.execute("DROP TABLE IF EXISTS document_names")


def _has_trigrams() -> bool:
    """Try, for options of the compilation do not tell of the tokenizer (SQLite 3.34 or later)."""
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(
                "CREATE VIRTUAL TABLE temp.trigrams USING fts5 (name, tokenize='trigram')"
            )
            connection.exec_driver_sql("DROP TABLE temp.trigrams")
    except sa.exc.OperationalError:
        return False
    return True
