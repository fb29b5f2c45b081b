"""New lakes and registries in a folder are copies of one that the product made: to make both takes 0.6 s of CPU.

Processes that a test starts make theirs; so does a test with the fixture ``makes_homes``, of what a first opening does.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Engine, inspect

from policycortex.settings import Settings
from policycortex.storage.lake import lake
from policycortex.storage.lake.attach import create_lake
from policycortex.storage.registry import connect
from policycortex.storage.registry.revision import VERSION_TABLE

_UPGRADE: Final = connect._upgrade_unless_current


@contextmanager
def copied_homes(empty_home: Path) -> Iterator[None]:
    """While it is open, this process copies what is new from that home."""

    def copy_lake(settings: Settings) -> None:
        if settings.database_url or settings.lake_url:
            create_lake(settings)
            return
        made = shutil.ignore_patterns("writer.lock", "scratch")
        shutil.copytree(empty_home / "lake", settings.home / "lake", dirs_exist_ok=True, ignore=made)

    def copy_registry(engine: Engine) -> None:
        if engine.dialect.name != "sqlite" or inspect(engine).has_table(VERSION_TABLE):
            _UPGRADE(engine)
            return
        with closing(sqlite3.connect(empty_home / "registry.sqlite")) as made, engine.connect() as connection:
            new = connection.connection.driver_connection
            assert isinstance(new, sqlite3.Connection)
            made.backup(new)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lake, "create_lake", copy_lake)
        patch.setattr(connect, "_upgrade_unless_current", copy_registry)
        yield


@contextmanager
def made_homes() -> Iterator[None]:
    """While it is open, this process makes them after all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lake, "create_lake", create_lake)
        patch.setattr(connect, "_upgrade_unless_current", _UPGRADE)
        yield
