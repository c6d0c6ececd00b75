"""Alembic's entry: runs the changes on the connection, and inside the transaction, that `database.py` hands over."""

from alembic import context

from dashboard.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
