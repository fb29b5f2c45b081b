"""The registry's newest revision, apart from the migrations, whose imports take longer than to open a registry."""

from typing import Final

HEAD: Final = "0032"
"""The newest revision, stored here so that opening reads no scripts."""

VERSION_TABLE: Final = "registry_version"
"""Not Alembic's usual name: Dagster keeps its own ``alembic_version`` in the same Postgres database."""
