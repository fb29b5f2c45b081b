"""A real lake for each test of the store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from tests.ground import Backend


@pytest.fixture
def lake_settings(ground: Backend, tmp_path: Path) -> Settings:
    """An installation of the test's own, with little patience."""
    return ground.settings(tmp_path / "home", lock_timeout_seconds=1.0)


@pytest.fixture
def home_settings(tmp_path: Path) -> Settings:
    """The same in a folder, for what only a folder has."""
    return Settings(home=tmp_path / "home", lock_timeout_seconds=1.0)


@pytest.fixture
def lake(lake_settings: Settings) -> Iterator[Lake]:
    """An empty lake."""
    with open_lake(lake_settings) as opened:
        yield opened
