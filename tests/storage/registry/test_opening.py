"""A registry opens without tables and with current ones; errors name the reason."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from policycortex.errors import ConfigurationError, StoreBusyError
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.storage.registry.base import WRITES, metadata
from policycortex.storage.registry.connect import _open_engine
from policycortex.storage.registry.migrations import HEAD, VERSION_TABLE, alembic_config, downgrade, upgrade
from tests.support.backends import Backend, FleetBackend


def test_head_is_the_newest_step() -> None:
    """The constant, which saves reading the scripts, equals their newest revision."""
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


@pytest.fixture
def empty(backend: Backend, tmp_path: Path) -> Settings:
    """An empty database: a SQLite file, or one of Postgres."""
    return backend.bare_settings(tmp_path) if isinstance(backend, FleetBackend) else backend.settings(tmp_path)


def test_migrations_create_the_tables_of_the_metadata(empty: Settings) -> None:
    """No difference between migrated tables and metadata; down to nothing and up again works."""
    engine = _open_engine(empty, 5)
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        upgrade(connection)
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
        downgrade(connection, "base")
        assert inspect(connection).get_table_names() == [VERSION_TABLE]
        upgrade(connection)
    engine.dispose()


def test_concurrent_openings_of_an_empty_home_succeed(empty: Settings) -> None:
    """Eight first openings at the same time: all succeed, the tables are made once."""

    def open_and_ping(_number: int) -> None:
        registry = open_registry(empty)
        registry.ping()
        registry.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_and_ping, range(8)))


def test_a_locked_database_is_busy(tmp_path: Path) -> None:
    """Another writer locks the file longer than the timeout: StoreBusyError; afterwards it opens."""
    registry = open_registry(Settings(home=tmp_path), patience_seconds=0.05)
    holder = sqlite3.connect(tmp_path / "registry.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError, match="another writer"):
        registry.keys.create_key(organization="default", name="x")
    holder.execute("ROLLBACK")
    registry.keys.create_key(organization="default", name="x")
    holder.close()
    registry.close()


def test_an_unusable_database_is_reported(tmp_path: Path) -> None:
    """A file of other content, a home that is a file, a URL of another database."""
    (tmp_path / "registry.sqlite").write_bytes(b"not a database at all, but long enough to be looked at" * 30)
    with pytest.raises(ConfigurationError, match="damaged"):
        open_registry(Settings(home=tmp_path))
    with pytest.raises(ConfigurationError, match="POLICYCORTEX_HOME"):
        open_registry(Settings(home=tmp_path / "registry.sqlite"))
    with pytest.raises(ConfigurationError, match="postgresql"):
        open_registry(Settings(home=tmp_path, database_url="mysql://x/y"))


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """An unknown revision: the message asks for a newer program, and nothing changes."""
    open_registry(Settings(home=tmp_path)).close()
    holder = sqlite3.connect(tmp_path / "registry.sqlite", isolation_level=None)
    holder.execute("UPDATE registry_version SET version_num = '9999'")
    holder.close()
    with pytest.raises(ConfigurationError, match="newer version"):
        open_registry(Settings(home=tmp_path))
