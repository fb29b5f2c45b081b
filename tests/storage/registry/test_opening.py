"""A registry opens without tables and with current ones; errors name the reason."""

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
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
from policycortex.storage.registry.engines import open_engine
from policycortex.storage.registry.migrations import alembic_config, downgrade, upgrade
from policycortex.storage.registry.revision import HEAD, VERSION_TABLE
from policycortex.storage.registry.versions import registry_path
from tests.support.backends import Backend, FleetBackend
from tests.support.open_files import open_files

pytestmark = pytest.mark.usefixtures("makes_homes")


def test_head_is_the_newest_step() -> None:
    """The constant, which saves reading the scripts, equals their newest revision."""
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


@pytest.fixture
def empty(backend: Backend, tmp_path: Path) -> Settings:
    """An empty database: a SQLite file, or one of Postgres."""
    return backend.bare_settings(tmp_path) if isinstance(backend, FleetBackend) else backend.settings(tmp_path)


def test_migrations_create_the_tables_of_the_metadata(empty: Settings) -> None:
    """No difference between migrated tables and metadata; down to nothing and up again works."""
    engine = open_engine(empty, 5)
    with engine.shared.execution_options(**{WRITES: True}).begin() as connection:
        upgrade(connection)
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
        downgrade(connection, "base")
        assert inspect(connection).get_table_names() == [VERSION_TABLE]
        upgrade(connection)
    engine.close()


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


def test_registries_of_a_process_share_an_engine_until_the_last_is_closed(tmp_path: Path) -> None:
    """Its statements are compiled once. Closing one twice leaves the other open; no file is open after both."""
    settings = Backend().settings(tmp_path)
    first, second = open_registry(settings), open_registry(settings)
    key, _ = first.keys.create_key(organization="acme", name="shared")
    assert [row.id for row in second.keys.list_keys()] == [key.id]
    first.close()
    first.close()
    second.ping()
    assert open_files(tmp_path)
    second.close()
    assert open_files(tmp_path) == []


def test_a_restored_file_is_read_by_the_next_registry(tmp_path: Path) -> None:
    """The engine is kept, nothing that it read is."""
    earlier, settings = (Backend().settings(tmp_path / name) for name in ("earlier", "now"))
    open_registry(earlier).close()
    with closing(open_registry(settings)) as registry:
        registry.keys.create_key(organization="acme", name="new")
    registry_path(earlier).replace(registry_path(settings))
    with closing(open_registry(settings)) as registry:
        assert list(registry.keys.list_keys()) == []


def test_another_process_and_another_patience_get_another_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections do not survive a fork; how long a call waits is a setting of the connections."""
    settings = Backend().settings(tmp_path)
    with closing(open_registry(settings)), closing(open_engine(settings, 5)) as mine:
        with closing(open_engine(settings, 6)) as patient:
            assert patient.shared is not mine.shared
        monkeypatch.setattr(os, "getpid", lambda: -1)
        with closing(open_engine(settings, 5)) as of_fork:
            assert of_fork.shared is not mine.shared
