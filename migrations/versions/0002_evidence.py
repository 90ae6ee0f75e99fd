"""Blind checks, second opinions, what they allow, and who learned from what.

Revision: 0002; follows 0001. Columns are added without a rebuild of their tables, which may hold
millions of rows; they have no foreign keys, since SQLite could not drop them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_WORD = sa.String(length=32)
_STILL_OPEN = sa.text("closed_at IS NULL")
_OPEN = {"sqlite_where": _STILL_OPEN, "postgresql_where": _STILL_OPEN}
_UNSETTLED = sa.text("settled_at IS NULL")
_NEW_REASONS = ("earning", "probation", "reviewers_disagree")
_OLD_REASON = "unsure"


def upgrade() -> None:
    op.add_column("documents", sa.Column("traits", sa.JSON(), nullable=True))
    for table in ("review_entries", "answers"):
        op.add_column(table, sa.Column("purpose", _WORD, server_default="decide", nullable=False))
        op.add_column(
            table, sa.Column("blind", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    op.add_column("review_entries", sa.Column("not_for", sa.Text(), nullable=True))
    op.create_index("ix_review_entries_open_purpose", "review_entries", ["purpose", "id"], **_OPEN)
    op.add_column("answers", sa.Column("seconds", sa.Double(), nullable=True))
    op.add_column("answers", sa.Column("batch", sa.String(length=64), nullable=True))
    op.create_index("ix_answers_reviewer_id", "answers", ["reviewer", "id"])
    op.create_index("ix_answers_batch_id", "answers", ["batch", "id"])
    _create_checks()
    _create_promises()
    _create_learned()


def downgrade() -> None:
    _speak_the_old_words()
    for table in ("learned", "promises", "checks"):
        op.drop_table(table)
    op.drop_index("ix_answers_batch_id", "answers")
    op.drop_index("ix_answers_reviewer_id", "answers")
    op.drop_index("ix_review_entries_open_purpose", "review_entries")
    op.drop_column("documents", "traits")
    for column in ("not_for", "blind", "purpose"):
        op.drop_column("review_entries", column)
    for column in ("batch", "seconds", "blind", "purpose"):
        op.drop_column("answers", column)


def _speak_the_old_words() -> None:
    """Close what the earlier version does not know, and name reasons by those that it knows."""
    op.execute(
        "UPDATE review_entries SET closed_at = created_at, lease_owner = NULL, lease_token = NULL,"
        " lease_expires_at = NULL WHERE closed_at IS NULL AND purpose <> 'decide'"
    )
    for name in ("documents", "review_entries"):
        table = sa.table(name, sa.column("reason"))
        new = table.c.reason.in_(_NEW_REASONS)
        op.execute(sa.update(table).where(new).values(reason=_OLD_REASON))
    moves = sa.table(
        "moves", sa.column("id"), sa.column("before", sa.JSON()), sa.column("closed_at")
    )
    planned = sa.select(moves.c.id, moves.c.before).where(moves.c.closed_at.is_(None))
    for number, before in op.get_bind().execute(planned).all():
        if before.get("reason") in _NEW_REASONS:
            told = sa.update(moves).where(moves.c.id == number)
            op.execute(told.values(before={**before, "reason": _OLD_REASON}))


def _create_checks() -> None:
    op.create_table(
        "checks",
        sa.Column("id", _ID, nullable=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("drawn_at", _TIME, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("inclusion", sa.Double(), nullable=False),
        sa.Column("first_answer_id", _ID, nullable=True),
        sa.Column("second_answer_id", _ID, nullable=True),
        sa.Column("outcome", _WORD, nullable=True),
        sa.Column("settled_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_checks_document_id_documents"
        ),
        sa.ForeignKeyConstraint(
            ["first_answer_id"], ["answers.id"], name="fk_checks_first_answer_id_answers"
        ),
        sa.ForeignKeyConstraint(
            ["second_answer_id"], ["answers.id"], name="fk_checks_second_answer_id_answers"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_checks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_checks_document_id_id", "checks", ["document_id", "id"])
    op.create_index("ix_checks_rule_settled_at_id", "checks", ["rule", "settled_at", "id"])
    op.create_index(
        "uq_checks_open_document",
        "checks",
        ["document_id"],
        unique=True,
        sqlite_where=_UNSETTLED,
        postgresql_where=_UNSETTLED,
    )


def _create_promises() -> None:
    op.create_table(
        "promises",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("target", sa.Double(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("upper_bound", sa.Double(), nullable=False),
        sa.Column("last_check_id", _ID, nullable=True),
        sa.Column("why", _WORD, nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["last_check_id"], ["checks.id"], name="fk_promises_last_check_id_checks"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_promises"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_promises_rule_id", "promises", ["rule", "id"])


def _create_learned() -> None:
    op.create_table(
        "learned",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("learned_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_learned_document_id_documents"
        ),
        sa.PrimaryKeyConstraint("model", "document_id", name="pk_learned"),
    )
    op.create_index("ix_learned_document_id", "learned", ["document_id"])
