"""The first schema.

Revision: 0001; follows nothing. Types are written out here, so that later code cannot change it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_WORD = sa.String(length=32)
_STILL_OPEN = sa.text("closed_at IS NULL")
_OPEN = {"sqlite_where": _STILL_OPEN, "postgresql_where": _STILL_OPEN}
_TABLES = ("documents", "tallies", "events", "predictions", "review_entries", "answers", "moves")

_REFUSE_ON_SQLITE = """
CREATE TRIGGER events_refuse_{act} BEFORE {act} ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
"""
_REFUSE_ON_POSTGRESQL = """
CREATE FUNCTION events_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$;
CREATE TRIGGER events_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION events_refuse();
"""


def upgrade() -> None:
    _create_documents()
    _create_tallies()
    _create_events()
    _create_predictions()
    _create_review_entries()
    _create_answers()
    _create_moves()
    _make_events_append_only()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION events_refuse()")


def _make_events_append_only() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_REFUSE_ON_POSTGRESQL)
        return
    for act in ("update", "delete"):
        op.execute(_REFUSE_ON_SQLITE.format(act=act))


def _create_documents() -> None:
    op.create_table(
        "documents",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("place", _WORD, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("arrived_at", _TIME, nullable=False),
        sa.Column("decided_at", _TIME, nullable=True),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.Column("forgotten_at", _TIME, nullable=True),
        sa.Column("verdict", _WORD, nullable=True),
        sa.Column("label", sa.String(length=128), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("reason", _WORD, nullable=True),
        sa.Column("reason_text", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("duplicate_of", _ID, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", _TIME, nullable=True),
        sa.Column("waiting", _WORD, nullable=True),
        sa.Column("waiting_text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["duplicate_of"], ["documents.id"], name="fk_documents_duplicate_of_documents"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_documents_arrived_at_id", "documents", ["arrived_at", "id"])
    op.create_index("ix_documents_label_id", "documents", ["label", "id"])
    op.create_index("ix_documents_sha256_id", "documents", ["sha256", "id"])
    op.create_index("ix_documents_source_id", "documents", ["source", "id"])
    op.create_index("ix_documents_state_id", "documents", ["state", "id"])
    op.create_index("ix_documents_state_label_id", "documents", ["state", "label", "id"])
    op.create_index(
        "ix_documents_state_next_try_at_id", "documents", ["state", "next_try_at", "id"]
    )


def _create_tallies() -> None:
    op.create_table(
        "tallies",
        sa.Column("state", _WORD, nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("by_person", sa.Boolean(), nullable=False),
        sa.Column("documents", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("state", "label", "by_person", name="pk_tallies"),
    )


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("document_id", _ID, nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_events_document_id_documents"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_at_id", "events", ["at", "id"])
    op.create_index("ix_events_document_id_id", "events", ["document_id", "id"])


def _create_predictions() -> None:
    op.create_table(
        "predictions",
        sa.Column("id", _ID, nullable=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("probabilities", sa.JSON(), nullable=False),
        sa.Column("novelty", sa.Double(), nullable=False),
        sa.Column("pages", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_predictions_document_id_documents"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_predictions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_predictions_document_id_id", "predictions", ["document_id", "id"])


def _create_review_entries() -> None:
    op.create_table(
        "review_entries",
        sa.Column("id", _ID, nullable=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("closed_at", _TIME, nullable=True),
        sa.Column("reason", _WORD, nullable=False),
        sa.Column("label", sa.String(length=128), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("skips", sa.Integer(), nullable=False),
        sa.Column("skipped_until", _TIME, nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_token", sa.String(length=64), nullable=True),
        sa.Column("lease_expires_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_review_entries_document_id_documents"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_review_entries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_review_entries_document_id_id", "review_entries", ["document_id", "id"])
    op.create_index(
        "ix_review_entries_open_confidence", "review_entries", ["confidence", "id"], **_OPEN
    )
    op.create_index(
        "ix_review_entries_open_created_at", "review_entries", ["created_at", "id"], **_OPEN
    )
    op.create_index("ix_review_entries_open_label", "review_entries", ["label", "id"], **_OPEN)
    op.create_index("ix_review_entries_open_reason", "review_entries", ["reason", "id"], **_OPEN)
    op.create_index("ix_review_entries_open_source", "review_entries", ["source", "id"], **_OPEN)
    op.create_index(
        "uq_review_entries_open_document", "review_entries", ["document_id"], unique=True, **_OPEN
    )


def _create_answers() -> None:
    op.create_table(
        "answers",
        sa.Column("id", _ID, nullable=False),
        sa.Column("entry_id", _ID, nullable=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("label", sa.String(length=128), nullable=True),
        sa.Column("guess", sa.String(length=128), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", _TIME, nullable=False),
        sa.Column("undone_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_answers_document_id_documents"
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["review_entries.id"], name="fk_answers_entry_id_review_entries"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_answers_answered_at", "answers", ["answered_at"])
    op.create_index("ix_answers_document_id_id", "answers", ["document_id", "id"])
    op.create_index("ix_answers_undone_at", "answers", ["undone_at"])


def _create_moves() -> None:
    op.create_table(
        "moves",
        sa.Column("id", _ID, nullable=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("from_place", _WORD, nullable=False),
        sa.Column("from_path", sa.Text(), nullable=False),
        sa.Column("to_place", _WORD, nullable=False),
        sa.Column("to_path", sa.Text(), nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("next_state", _WORD, nullable=False),
        sa.Column("sidecar", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("planned_at", _TIME, nullable=False),
        sa.Column("closed_at", _TIME, nullable=True),
        sa.Column("answer_id", _ID, nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["answers.id"], name="fk_moves_answer_id_answers"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_moves_document_id_documents"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_moves"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_moves_document_id_id", "moves", ["document_id", "id"])
    op.create_index("ix_moves_planned_at", "moves", ["planned_at", "id"], **_OPEN)
    op.create_index("uq_moves_planned_document", "moves", ["document_id"], unique=True, **_OPEN)
    op.create_index(
        "uq_moves_planned_from", "moves", ["from_place", "from_path"], unique=True, **_OPEN
    )
