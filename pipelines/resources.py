"""The resource of all assets: configuration only. The core opens connections, in the process of the run."""

from pathlib import Path

import dagster as dg
import duckdb

from policycortex.settings import Settings
from policycortex.storage.lake.attach import connect_for_reading


class CoreResource(dg.ConfigurableResource[Settings]):
    """The home of the installation. Other settings come from ``POLICYCORTEX_*``, so that Dagster has no secret."""

    home: str = ""
    is_retrying: bool = True
    """False for a command at a terminal, where the core's own wait for a locked lake is enough."""

    imports_any_path: bool = False
    """True for a command at a terminal, which reads with the rights of its user. Runs that people start elsewhere read
    with the rights of the service, so they are limited to the landing zone and the configured folders."""

    def settings(self) -> Settings:
        """The core's settings; with an empty ``home``, ``POLICYCORTEX_HOME`` applies."""
        return Settings.from_environment(home=Path(self.home) if self.home else None)

    def connect_lake(self) -> duckdb.DuckDBPyConnection:
        """A connection of DuckDB with the lake attached read-only as ``lake``, for assets of others; close it."""
        return connect_for_reading(self.settings())
