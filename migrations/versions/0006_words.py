"""The words that were read in documents, for searching; empty unless `words.keep` is set.

Revision: 0006; follows 0005. In SQLite it is a table of FTS5 (sqlite.org/fts5.html), so there is
none where SQLite comes without it; on a PostgreSQL server a table with a full-text index. A row has
the number of its document.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        if op.get_bind().scalar(sa.text("SELECT sqlite_compileoption_used('ENABLE_FTS5')")):
            op.execute(
                "CREATE VIRTUAL TABLE document_words USING fts5"
                " (words, tokenize='unicode61 remove_diacritics 2')"
            )
        return
    op.create_table(
        "document_words",
        sa.Column("rowid", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("rowid", name="pk_document_words"),
        sa.ForeignKeyConstraint(
            ["rowid"], ["documents.id"], name="fk_document_words_rowid_documents"
        ),
    )
    op.execute(
        "CREATE INDEX ix_document_words_words ON document_words"
        " USING gin (to_tsvector('simple', words))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS document_words")
