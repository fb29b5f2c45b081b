"""The history of asset checks in an embedded home: one entry for each evaluation."""

from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from pipelines.partitions import scan_days
from policycortex.settings import DAGSTER_DATABASE_VARIABLE, Settings
from policycortex_cli.home import open_instance
from tests.support.day_runs import day_tags

STATE = dg.AssetKey("state")


@dg.multi_asset(
    name="rebuild_state",
    specs=[dg.AssetSpec(key=STATE)],
    partitions_def=scan_days,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def state() -> dg.MaterializeResult[None]:
    """An asset with a row for each day."""
    return dg.MaterializeResult(asset_key=STATE)


@dg.asset_check(asset=STATE)
def holds() -> dg.AssetCheckResult:
    """A check of the whole asset."""
    return dg.AssetCheckResult(passed=True)


def test_a_run_of_many_days_leaves_one_entry_per_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster plans a check for each day of the run; without partitions of its own it is evaluated once."""
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", DAGSTER_DATABASE_VARIABLE):
        monkeypatch.setenv(name, "restored after the test, because opening an instance sets it")
    defs = dg.Definitions(
        assets=[state], asset_checks=[holds], jobs=[dg.define_asset_job("rebuild", selection=[state])]
    )
    key = dg.AssetCheckKey(STATE, "holds")
    with open_instance(Settings(home=tmp_path / "home")) as instance:
        tags = day_tags(instance, *(date(2024, 7, day) for day in range(1, 32)))
        for _ in ("first", "again"):
            assert defs.resolve_job_def("rebuild").execute_in_process(instance=instance, tags=tags).success
        history = instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
    assert [entry.status.value for entry in history] == ["SUCCEEDED", "SUCCEEDED"]
