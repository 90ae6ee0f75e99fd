"""Labels that people renamed or merged: models go on saying the old one, documents get the new one.

Revision: 0005; follows 0004. What a change rewrote is kept with it, so that it can be taken back.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_table(
        "label_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("old", sa.String(length=128), nullable=False),
        sa.Column("new", sa.String(length=128), nullable=False),
        sa.Column("merged", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_label_changes"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("label_changes")
