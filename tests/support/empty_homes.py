"""Empty homes: made once in a process and copied, because to make lake and registry takes longer than most tests."""

import shutil
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import open_registry

_REGISTRY: Final = "registry.sqlite"


def make_empty_home(home: Path) -> Path:
    """A home whose lake and registry have their tables and nothing in them."""
    settings = Settings(home=home)
    with closing(open_registry(settings)), open_lake(settings):
        return home


def copy_home(home: Path, to: Path) -> Path:
    """A home of a test's own; the catalog names its files relative to itself."""
    return Path(shutil.copytree(home, to, dirs_exist_ok=True))


def write_empty_registry(home: Path) -> None:
    """The registry's file alone, with its tables, unless the home has one."""
    file = home / _REGISTRY
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_empty_registry())


@cache
def _empty_registry() -> bytes:
    with TemporaryDirectory() as folder:
        open_registry(Settings(home=Path(folder))).close()
        return (Path(folder) / _REGISTRY).read_bytes()
