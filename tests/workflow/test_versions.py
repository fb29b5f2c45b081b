"""An older program on newer data writes nothing; a newer one keeps a copy of the registry before it migrates."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest

from policycortex.errors import ConfigurationError, UnavailableError
from policycortex.settings import Settings
from policycortex.storage.lake.catalog import SCHEMA_VERSION, check_catalog, find_lake_version
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import open_registry
from policycortex.storage.registry.base import WRITES
from policycortex.storage.registry.engines import open_engine
from policycortex.storage.registry.migrations import downgrade
from policycortex.storage.registry.revision import HEAD
from policycortex.storage.registry.versions import find_registry_revision, find_revision_in
from policycortex.workflow.versions import load_versions, require_known_versions
from policycortex_cli.app import app
from tests.support.backends import Backend
from tests.support.empty_homes import make_empty_home

_COMMANDS = (
    ("serve",),
    ("ingest", "."),
    ("report", "order.json", "--out", "out"),
    ("backfill", "--start", "2026-01-01", "--end", "2026-01-31"),
    ("gc",),
    ("keys", "create", "--name", "x"),
    ("backup", "copy"),
    ("upgrade", "--check"),
)


@pytest.mark.parametrize("part", ["registry", "lake"])
@pytest.mark.parametrize("command", _COMMANDS, ids=lambda command: command[0])
def test_newer_data_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, command: tuple[str, ...]
) -> None:
    """Every command that uses a home: one message that names both versions, and no byte of the home differs."""
    home = make_empty_home(tmp_path / "home")
    _make_newer(home, part)
    (tmp_path / "order.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLICYCORTEX_HOME", str(home))
    before = _content(home)
    with pytest.raises(ConfigurationError, match=r"(9999|99), this program knows (\d+): it was made by a newer"):
        app.main(list(command), standalone_mode=False)
    assert _content(home) == before


def test_every_command_with_a_home_compares_versions() -> None:
    """The option of the home does it, so that a new command does, too. ``verify`` only reads keys of a home."""
    found = {name: option for name, command in _commands(app, "") for option in command.params if option.name == "home"}
    assert len(found) > 30
    assert [name for name, option in found.items() if option.callback is None] == ["verify"]


def test_versions_are_found_where_they_are(backend: Backend, tmp_path: Path) -> None:
    """Of a new installation in a folder and in Postgres; before anything is there, both are unknown."""
    settings = backend.settings(tmp_path)
    open_registry(settings).close()
    with open_lake(settings):
        pass
    assert (find_registry_revision(settings), find_lake_version(settings)) == (HEAD, SCHEMA_VERSION)
    assert all(part.is_current for part in load_versions(settings))
    require_known_versions(settings)
    nothing = Settings(home=tmp_path / "nothing")
    assert [part.stored for part in load_versions(nothing)] == [None, None]
    assert not nothing.home.exists()


def test_a_postgres_that_does_not_answer_has_no_versions() -> None:
    """The health check names what is missing and shows neither the address nor the password."""
    settings = Settings(database_url="postgresql+psycopg2://someone:secret@127.0.0.1:1/reports")
    assert [part.stored for part in load_versions(settings)] == [None, None]
    with pytest.raises(UnavailableError, match=r"^the lake's catalog in Postgres does not answer$"):
        check_catalog(settings)


def test_a_migration_keeps_a_copy_of_the_registry(tmp_path: Path) -> None:
    """The copy has the earlier revision; the one of an even earlier revision is removed."""
    settings = Settings(home=make_empty_home(tmp_path))
    engine = open_engine(settings, 5)
    with engine.shared.execution_options(**{WRITES: True}).begin() as connection:
        downgrade(connection, "0020")
    engine.close()
    (tmp_path / "registry.sqlite.0019").write_bytes(b"earlier")
    open_registry(settings).close()
    assert find_registry_revision(settings) == HEAD
    kept = sorted(path.name for path in tmp_path.glob("registry.sqlite.*") if path.suffix[1:].isdigit())
    assert kept == ["registry.sqlite.0020"]
    assert find_revision_in(tmp_path / kept[0]) == "0020"
    assert (tmp_path / kept[0]).stat().st_mode & 0o777 == 0o600


def _make_newer(home: Path, part: str) -> None:
    if part == "registry":
        with closing(sqlite3.connect(home / "registry.sqlite")) as registry:
            registry.execute("UPDATE registry_version SET version_num = '9999'")
            registry.commit()
        return
    with open_lake(Settings(home=home)) as lake:
        lake.session.write(
            "a newer version", lambda cursor: cursor.execute("INSERT INTO lake.core.schema_version VALUES (99, now())")
        )


def _content(home: Path) -> dict[str, bytes]:
    """Without SQLite's own files beside a database, which readers make, too."""
    files = (path for path in sorted(home.rglob("*")) if path.is_file())
    return {str(path): path.read_bytes() for path in files if not path.name.endswith(("-shm", "-wal"))}


def _commands(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command
