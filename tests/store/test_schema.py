"""The schema is the same in the models and in the migrations."""

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from docsorter import resources
from docsorter.store import Store
from docsorter.store.tables import (
    SCHEMA_VERSION,
    DocumentColumns,
    DocumentRow,
    MoveColumns,
    MoveRow,
    TableBase,
)


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(resources.migrations_dir()))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def is_of_index(name: str) -> bool:
    """SQLite's own; test_names.py, test_short_texts.py and test_words.py test them."""
    return name.startswith(("document_names", "document_words", "name_parts", "name_positions"))


def test_the_code_speaks_the_last_revision_and_revisions_are_numbered() -> None:
    names = [script.revision for script in scripts().walk_revisions()]
    assert names[0] == scripts().get_current_head() == SCHEMA_VERSION
    assert names == sorted(names, reverse=True)
    assert all(name.isdigit() and len(name) == 4 for name in names)


def test_the_migrated_schema_is_that_of_the_models(store: Store) -> None:
    with store.database.read() as session:
        context = MigrationContext.configure(
            session.connection(),
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, kind, _: kind != "table" or not is_of_index(name),
            },
        )
        assert compare_metadata(context, TableBase.metadata) == []


def test_every_constraint_has_a_name(store: Store) -> None:
    with store.database.read() as session:
        tables = session.connection().exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        for name, sql in tables:
            if is_of_index(name):
                continue
            unnamed = sql.count("NOT NULL PRIMARY KEY AUTOINCREMENT")  # SQLite allows no name here
            assert sql.count(" KEY") - unnamed == sql.count("CONSTRAINT")


def test_what_is_read_without_an_object_has_the_columns_of_its_table() -> None:
    for columns, row in ((DocumentColumns, DocumentRow), (MoveColumns, MoveRow)):
        assert list(columns._fields) == [column.name for column in row.__table__.columns]
