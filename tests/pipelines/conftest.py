"""A home and the definitions on a real, ephemeral instance."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import build_defs
from pipelines.resources import CoreResource
from policycortex.settings import Settings
from tests.support.backends import Backend


@pytest.fixture
def settings(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation of the test's own; the environment names it to Dagster's resource, as in production."""
    made = backend.settings(tmp_path / "home", lock_timeout_seconds=5)
    for name, value in backend.environment(made).items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Dagster's storages in memory."""
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def defs(settings: Settings) -> dg.Definitions:
    """The product's definitions on that home."""
    return build_defs(core=CoreResource(home=str(settings.home), is_retrying=False, imports_any_path=True))
