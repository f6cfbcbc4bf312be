"""Alembic's way in: runs on the connection that `intake.store.schema` hands over."""

from alembic import context

from intake.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
