"""Alembic's entry; runs on the connection and in the transaction of docsorter.store.migration."""

from alembic import context

from docsorter.store.tables import TableBase

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=TableBase.metadata,
    render_as_batch=True,  # SQLite cannot ALTER most things: copy and rename (alembic#737)
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
