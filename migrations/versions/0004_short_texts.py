"""Which pairs of characters are in the names of each block of documents, for texts of one or two.

Revision: 0004; follows 0003. The index of revision 0003 knows parts of three characters and more.
`name_parts` knows of every character and every pair in which blocks of 512 numbers a name has it;
triggers keep it. `name_positions` counts the characters of a name, for SQLite has no loop that a
trigger may use: a name has at most 255 bytes, and one that is no text is stored as five characters.
A database of a server has none of it: searching reads all names.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = depends_on = None

_PARTS_OF_NEW = """
    INSERT INTO name_parts (part, block)
    SELECT lower(substr(new.name, position, width)), new.id >> 9
    FROM name_positions, (SELECT 1 AS width UNION ALL SELECT 2)
    WHERE position <= length(new.name)
    ON CONFLICT DO NOTHING;
    """
_PARTS_OF_OLD = """
    DELETE FROM name_parts
    WHERE block = old.id >> 9
    AND part IN (
        SELECT lower(substr(old.name, position, width))
        FROM name_positions, (SELECT 1 AS width UNION ALL SELECT 2)
        WHERE position <= length(old.name)
    )
    AND NOT EXISTS (
        SELECT 1 FROM documents
        WHERE id BETWEEN (old.id >> 9) * 512 AND (old.id >> 9) * 512 + 511
        AND instr(lower(name), part) > 0
    );
    """
_CREATE = (
    "CREATE TABLE name_positions (position INTEGER PRIMARY KEY)",
    """
    INSERT INTO name_positions
    WITH RECURSIVE counted(position) AS
        (SELECT 1 UNION ALL SELECT position + 1 FROM counted WHERE position < 1280)
    SELECT position FROM counted
    """,
    """
    CREATE TABLE name_parts
        (part TEXT NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (part, block)) WITHOUT ROWID
    """,
    """
    INSERT INTO name_parts
    SELECT DISTINCT lower(substr(name, position, width)), id >> 9
    FROM documents, name_positions, (SELECT 1 AS width UNION ALL SELECT 2)
    WHERE position <= length(name)
    """,
    f"CREATE TRIGGER name_parts_insert AFTER INSERT ON documents BEGIN {_PARTS_OF_NEW} END",
    f"""
    CREATE TRIGGER name_parts_update AFTER UPDATE OF name ON documents WHEN old.name <> new.name
    BEGIN {_PARTS_OF_OLD} {_PARTS_OF_NEW} END
    """,
    f"CREATE TRIGGER name_parts_delete AFTER DELETE ON documents BEGIN {_PARTS_OF_OLD} END",
)


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for statement in _CREATE:
        op.execute(sa.text(statement))


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for act in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER IF EXISTS name_parts_{act}")
    for table in ("name_parts", "name_positions"):
        op.execute(f"DROP TABLE IF EXISTS {table}")
