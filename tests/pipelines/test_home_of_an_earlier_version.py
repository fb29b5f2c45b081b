"""Dagster's part of a home that an earlier version wrote."""

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml

from pipelines.partitions import add_scan_days
from pipelines.platform.event_log import HomeEventLogStorage
from pipelines.platform.launcher import ForkingRunLauncher
from pipelines.report_keys import BY_PERIOD, MONTHLY
from pipelines.stored_days import OFFERED_BEFORE, adopt_earlier_version
from policycortex.findings.samples import write_samples
from policycortex.period import Period
from policycortex.settings import DAGSTER_DATABASE_VARIABLE, Settings
from policycortex.workflow.ingest import ingest_files
from policycortex_cli.home import open_instance

EARLIER = """\
telemetry:
  enabled: false
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
event_log_storage:
  module: pipelines.event_log
  class: HomeEventLogStorage
  config: {{base_dir: {home}/history}}
run_storage:
  module: dagster._core.storage.runs
  class: SqliteRunStorage
  config: {{base_dir: {home}/history}}
schedule_storage:
  module: dagster._core.storage.schedules
  class: SqliteScheduleStorage
  config: {{base_dir: {home}/schedules}}
run_launcher:
  module: pipelines.launcher
  class: ForkingRunLauncher
  config: {{socket_path: {home}/runs.sock}}
"""
"""As version 0.1 wrote it, with module paths that no longer exist."""


@dg.job
def earlier_job() -> None:
    """A job of which a run was stored."""


def test_an_earlier_configuration_is_replaced_and_its_runs_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file names modules that moved: Dagster cannot open it; each start of the program writes it again."""
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", DAGSTER_DATABASE_VARIABLE):
        monkeypatch.setenv(name, "restored after the test, because opening an instance sets it")
    settings = Settings(home=tmp_path / "home")
    with open_instance(settings) as instance:
        run = instance.create_run_for_job(earlier_job, status=dg.DagsterRunStatus.SUCCESS)
        instance.report_engine_event("an event of the earlier version", run)
    path = settings.dagster_home / "dagster.yaml"
    path.write_text(EARLIER.format(home=settings.dagster_home), encoding="utf-8")
    with (
        pytest.raises(Exception, match=r"pipelines\.event_log"),
        dg.DagsterInstance.from_config(str(path.parent)) as old,
    ):
        old.all_logs(run.run_id)
    with open_instance(settings) as instance:
        assert [kept.run_id for kept in instance.get_runs()] == [run.run_id]
        assert "an event of the earlier version" in [
            log.get_dagster_event().message for log in instance.all_logs(run.run_id)
        ]
        assert isinstance(instance.event_log_storage, HomeEventLogStorage)
        assert isinstance(instance.run_launcher, ForkingRunLauncher)
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    named = {written[part]["module"] for part in ("event_log_storage", "run_launcher")}
    assert named == {"pipelines.platform.event_log", "pipelines.platform.launcher"}


def test_days_keep_their_history_and_those_without_scans_are_no_longer_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier versions had a partition of each day since 2020. Now the lake's days are, under the same keys."""
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", DAGSTER_DATABASE_VARIABLE):
        monkeypatch.setenv(name, "restored after the test, because opening an instance sets it")
    settings, key = Settings(home=tmp_path / "home"), dg.AssetKey(["core", "finding_state"])
    with open_instance(settings) as instance:
        adopt_earlier_version(instance, settings)
        assert not (settings.home / "lake").exists()
    span = Period.of_days(date(2024, 1, 15), date(2024, 1, 17))
    write_samples(tmp_path / "in", period=span, every_days=2, findings_per_scan=2, clouds=("aws",))
    ingest_files(settings, [tmp_path / "in"], organization="default", now=datetime(2024, 2, 1, tzinfo=UTC))
    with open_instance(settings) as instance:
        for day in ("2024-01-15", "2024-01-16"):
            instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=day))
        for _ in ("first start", "second start"):
            adopt_earlier_version(instance, settings)
            assert list(instance.get_dynamic_partitions("scan_days")) == ["2024-01-15", "2024-01-17"]
        done = instance.get_materialized_partitions(key)
    assert "2024-01-15" in done
    assert "2024-01-17" not in done


def test_reports_that_nobody_requested_are_no_longer_missing(tmp_path: Path) -> None:
    """Earlier versions had each month since 2020 under each framework. Made, standing and typed ones stay.

    One report of a month without scans, of a framework that is not standing, keeps its history.
    """
    settings, today = Settings(home=tmp_path / "home"), datetime.now(UTC).date()
    with dg.instance_for_test() as instance:
        add_scan_days(instance, [date(2024, 1, 15), today])
        instance.add_dynamic_partitions("frameworks", [*OFFERED_BEFORE, "gdpr", "own"])
        instance.add_dynamic_partitions("report_ranges", ["2024-Q1", "2024-Q2", "2024-07", "typed"])
        instance.add_dynamic_partitions("report_kinds", ["soc2 audit", "hitrust audit", "gdpr audit"])
        for key, partition in ((MONTHLY, "gdpr|2023-03-01"), (BY_PERIOD, "2024-07|gdpr audit")):
            instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition))
        instance.create_run_for_job(earlier_job, status=dg.DagsterRunStatus.STARTED)
        adopt_earlier_version(instance, settings)
        assert set(instance.get_dynamic_partitions("frameworks")) == {
            *OFFERED_BEFORE,
            "gdpr",
            "own",
        }  # a run may name them
        [run] = instance.get_runs()
        instance.report_run_canceled(run)
        for _ in ("first start", "second start"):
            adopt_earlier_version(instance, settings)
            assert list(instance.get_dynamic_partitions("report_months")) == ["2024-01-01", "2023-03-01"]
            assert set(instance.get_dynamic_partitions("frameworks")) == {*settings.standing_frameworks, "gdpr"}
            assert set(instance.get_dynamic_partitions("report_ranges")) == {"2024-Q1", "2024-07", "typed"}
            assert set(instance.get_dynamic_partitions("report_kinds")) == {"soc2 audit", "gdpr audit"}
