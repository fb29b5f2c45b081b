"""Dagster's own tables in the Postgres that holds ours."""

from pathlib import Path

import pytest

from policycortex.settings import DAGSTER_DATABASE_VARIABLE
from policycortex.storage.registry import open_registry
from policycortex_cli.home import open_instance
from tests.support.backends import FleetBackend


def test_dagster_has_all_its_tables_where_the_registry_was_there_first(
    fleet: FleetBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have a table ``schedules``: in one schema Dagster would take ours for its own, and tick nothing."""
    settings = fleet.bare_settings(tmp_path / "home")
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", DAGSTER_DATABASE_VARIABLE):
        monkeypatch.setenv(name, "set back after the test, for an instance sets it")
    open_registry(settings).close()
    with open_instance(settings) as instance:
        assert list(instance.all_instigator_state()) == []
        assert instance.get_runs() == []
        instance.add_dynamic_partitions("report_periods", ["2024-01-01..2024-01-31"])
    with open_instance(settings) as again:
        assert again.has_dynamic_partition("report_periods", "2024-01-01..2024-01-31")
    open_registry(settings).close()
