"""Run by Alembic with the connection that the caller opened."""

from alembic import context

from policycortex.storage import registry
from policycortex.storage.registry.base import metadata
from policycortex.storage.registry.revision import VERSION_TABLE

assert registry.__all__  # noqa: S101 - importing it fills the metadata with every table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
