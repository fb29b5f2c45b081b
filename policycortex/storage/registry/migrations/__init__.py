"""Alembic migrations of the registry, from an empty database to the current tables.

A released migration is never changed. A new step raises ``revision.HEAD``; queries go to the modules of
``policycortex.storage.registry``.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from policycortex.errors import ConfigurationError
from policycortex.storage.registry.revision import HEAD


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration; there is no ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = HEAD) -> None:
    """Upgrade the tables within the connection's transaction. Raises ConfigurationError on a newer database."""
    try:
        command.upgrade(alembic_config(connection), revision)
    except CommandError as error:
        raise ConfigurationError(
            f"the registry was made by a newer version of this program ({error}); update it"
        ) from error


def downgrade(connection: Connection, revision: str) -> None:
    """Downgrade the tables to an earlier revision; ``base`` removes them."""
    command.downgrade(alembic_config(connection), revision)
