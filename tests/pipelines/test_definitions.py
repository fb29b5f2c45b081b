"""What the Dagster UI shows, by name: a changed asset, job, sensor or cron must show in review."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from api.platform import dagster_backfills
from pipelines.automation import COUNTED_NIGHTLY, DAY_IS_ASSESSED
from pipelines.definitions import defs
from pipelines.defs.ingest import FINDINGS, findings
from pipelines.defs.posture import FRESH, days
from pipelines.defs.reports import artifacts
from pipelines.partitions import scan_days
from pipelines.platform.code_references import with_code_references
from policycortex.errors import ConfigurationError

ASSETS = {
    "raw/imports": ("ingest", None),
    "raw/quarantine": ("ingest", None),
    "core/findings": ("ingest", "scan_days"),
    "core/finding_state": ("posture", "scan_days"),
    "core/scan_coverage": ("posture", "scan_days"),
    "marts/check_tallies": ("posture", "scan_days"),
    "marts/requirement_results": ("posture", "scan_days"),
    "marts/framework_scores": ("posture", "scan_days"),
    "core/failing_since": ("analytics", "scan_days"),
    "marts/remediations": ("analytics", "scan_days"),
    "marts/risk": ("analytics", "scan_days"),
    "marts/changes": ("analytics", "scan_days"),
    "core/poam_items": ("posture", "scan_days"),
    "core/waivers": ("posture", None),
    "core/attestations": ("posture", None),
    "reports/artifacts": ("reports", "report_periods"),
    "reports/by_period": ("reports", "period x report"),
    "reports/standing": ("reports", "framework x month"),
}
JOBS = {
    "ingest_findings",
    "refresh_posture",
    "rescore_posture",
    "make_report",
    "make_monthly_reports",
    "make_period_reports",
    "request_reports",
    "check_reports",
    "deliver_reports",
    "send_alerts",
    "send_events",
    "find_events",
    "send_tickets",
    "plan_tickets",
    "export_audit_trail",
    "expire_reports",
    "note_attestations",
    "remove_garbage",
}
SENSORS = {
    "landing_zone": 10,
    "posture_follows_imports": 10,
    "changed_frameworks": 30,
    "due_reports": 10,
    "outbox": 5,
    "schedule_definitions": 15,
    "missing_results": 300,
}
CONDITIONS = {
    "core/finding_state": DAY_IS_ASSESSED,
    "core/scan_coverage": DAY_IS_ASSESSED,
    "marts/check_tallies": DAY_IS_ASSESSED,
    "marts/requirement_results": DAY_IS_ASSESSED,
    "marts/framework_scores": DAY_IS_ASSESSED,
    "core/failing_since": DAY_IS_ASSESSED,
    "marts/remediations": DAY_IS_ASSESSED,
    "marts/risk": DAY_IS_ASSESSED,
    "marts/changes": DAY_IS_ASSESSED,
    "core/poam_items": DAY_IS_ASSESSED,
    "core/waivers": COUNTED_NIGHTLY,
    "core/attestations": COUNTED_NIGHTLY,
}
SCHEDULES = {
    "historical_audit": ("0 3 2 * *", "UTC"),
    "closed_months": ("0 5 2 * *", "UTC"),
    "hourly_trail": ("7 * * * *", "UTC"),
    "hourly_retention": ("37 * * * *", "UTC"),
    "hourly_attestations": ("17 * * * *", "UTC"),
    "hourly_events": ("22 * * * *", "UTC"),
    "hourly_tickets": ("27 * * * *", "UTC"),
    "nightly_upkeep": ("30 2 * * *", "UTC"),
    "check_reports_daily": ("45 4 * * *", "UTC"),
}


CHECKS = {
    "raw/imports": {"records_reconcile"},
    "core/findings": {"quarantine_rate"},
    "core/scan_coverage": {"scan_coverage", "silent_accounts"},
    "marts/check_tallies": {"layers_agree"},
    "marts/framework_scores": {"scores_in_range", "score_jumps"},
    "reports/artifacts": {"report_files", "deliveries_in_time"},
}


def partitions_of(spec: dg.AssetSpec) -> str | None:
    """A word for how an asset is partitioned."""
    match spec.partitions_def:
        case None:
            return None
        case dg.DynamicPartitionsDefinition(name=name):
            return name
        case dg.MultiPartitionsDefinition(partition_dimension_names=names):
            return " x ".join(names)
        case other:
            return str(other)


def test_every_column_is_described() -> None:
    """A column that is added to a table needs its words in pipelines/columns.py, or the definitions do not load."""
    schemas = [spec.metadata.get("dagster/column_schema") for spec in defs.resolve_all_asset_specs()]
    words = [column.description for schema in schemas if schema is not None for column in schema.columns]
    assert len(words) > 100
    assert all(words)


def test_the_assets_are_these() -> None:
    """Key, group and partitions of each."""
    found = {
        spec.key.to_user_string(): (spec.group_name, partitions_of(spec)) for spec in defs.resolve_all_asset_specs()
    }
    assert found == ASSETS


def test_the_asset_checks_are_these() -> None:
    """By asset; each says what it checks. Checks of reports do not run with each report."""
    found: dict[str, set[str]] = {}
    for key in defs.resolve_asset_graph().asset_check_keys:
        found.setdefault(key.asset_key.to_user_string(), set()).add(key.name)
    assert found == CHECKS
    specs = [spec for checks in defs.asset_checks or () for spec in checks.check_specs]
    assert all(spec.description for spec in specs)
    with_report = defs.resolve_job_def("make_report").asset_layer.asset_graph.get(dg.AssetKey(["reports", "artifacts"]))
    assert not with_report.check_keys


def test_every_asset_says_what_it_is_and_whose() -> None:
    """Description, owner and kind are shown in the UI."""
    for spec in defs.resolve_all_asset_specs():
        assert spec.description, spec.key
        assert spec.owners, spec.key
        assert spec.kinds, spec.key


def test_every_asset_with_a_body_links_to_it() -> None:
    """To the file here, or to the page of the branch that a setting names; only an asset without a body has none."""
    for source_url, start in (
        (None, "/"),
        ("https://github.com/acme/reports/tree/main", "https://github.com/acme/reports/tree/main/pipelines/defs/"),
    ):
        linked = with_code_references([days, artifacts, findings], source_url)
        for spec in (
            spec for asset in linked for spec in ([asset] if isinstance(asset, dg.AssetSpec) else asset.specs)
        ):
            if spec.key == FINDINGS:
                assert "dagster/code_references" not in spec.metadata
                continue
            (reference,) = spec.metadata["dagster/code_references"].code_references
            place = reference.url if source_url else reference.file_path
            assert place.startswith(start), place
            assert "defs/posture.py" in place or "defs/reports.py" in place
    with pytest.raises(ConfigurationError, match="must be the page of a branch"):
        with_code_references([days], "github.com/acme/reports")


def test_every_table_shows_its_columns_and_grain() -> None:
    """As the one schema file makes them."""
    for spec in defs.resolve_all_asset_specs():
        if spec.group_name != "reports":
            columns = {column.name for column in spec.metadata["dagster/column_schema"].columns}
            assert "organization" in columns, spec.key
            assert spec.metadata["grain"].endswith("."), spec.key


def test_the_jobs_sensors_and_schedules_are_these() -> None:
    """Names, intervals and crons."""
    repository = defs.get_repository_def()
    assert {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")} == JOBS
    assert {sensor.name: sensor.minimum_interval_seconds for sensor in repository.sensor_defs} == SENSORS
    found = {
        schedule.name: (schedule.cron_schedule, schedule.execution_timezone) for schedule in repository.schedule_defs
    }
    assert found == SCHEDULES


def test_the_conditions_of_declarative_automation_are_these() -> None:
    """By asset; the sensor that evaluates them has all of these assets and runs from the start."""
    found = {
        spec.key.to_user_string(): spec.automation_condition
        for spec in defs.resolve_all_asset_specs()
        if spec.automation_condition is not None
    }
    assert found == CONDITIONS
    [sensor] = [each for each in defs.sensors or () if isinstance(each, dg.AutomationConditionSensorDefinition)]
    selected = sensor.asset_selection.resolve(defs.resolve_asset_graph())
    assert {key.to_user_string() for key in selected} == set(CONDITIONS)
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING


def test_jobs_of_upkeep_are_a_group_of_their_own() -> None:
    """By a tag that all their runs have, so that the list of runs can leave them out."""
    jobs = [defs.resolve_job_def(name) for name in JOBS]
    upkeep = {job.name for job in jobs if job.tags.get("policycortex/group") == "upkeep"}
    assert upkeep == {"check_reports", "expire_reports", "export_audit_trail", "note_attestations", "remove_garbage"}


def test_the_report_operation_bears_the_name_the_api_launches() -> None:
    """The contract with the API, which configures this operation of this job."""
    job = defs.resolve_job_def("make_report")
    assert {node.name for node in job.nodes} == {"reports__artifacts"}


def test_results_of_days_have_a_freshness_policy() -> None:
    """A warning after two days, a failure after eight: scanners run daily or weekly."""
    found = {spec.key.to_user_string() for spec in defs.resolve_all_asset_specs() if spec.freshness_policy == FRESH}
    assert found == {name for name, (group, _) in ASSETS.items() if group in {"posture", "analytics"}} - {
        "core/waivers",
        "core/attestations",
        "core/poam_items",
    }
    window = dg.FreshnessPolicy.time_window(warn_window=timedelta(days=2), fail_window=timedelta(days=8))
    assert window == FRESH


def test_a_range_of_days_runs_as_one_run() -> None:
    """Every daily asset that computes has the single-run policy."""
    graph = defs.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        if graph.get(key).partitions_def == scan_days:
            assert graph.get(key).backfill_policy == dg.BackfillPolicy.single_run(), key


def test_dagster_itself_finds_the_definitions_valid(tmp_path: Path) -> None:
    """``dagster definitions validate`` on the shipped workspace."""
    program = Path(sys.executable).with_name("dagster")
    workspace = Path(__file__).parents[2] / "workspace.yaml"
    env = {"DAGSTER_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "DAGSTER_DISABLE_TELEMETRY": "1"}
    command = [str(program), "definitions", "validate", "-w", str(workspace)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, cwd=workspace.parent)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_backfill_of_the_api_names_assets_that_there_are() -> None:
    """The contract with the API: every daily asset that computes, and the monthly reports."""
    graph = defs.resolve_asset_graph()
    daily = {
        key.to_user_string() for key in graph.materializable_asset_keys if graph.get(key).partitions_def == scan_days
    }
    assert set(dagster_backfills._DAYS) == daily
    assert graph.has(dg.AssetKey(dagster_backfills._MONTHLY.split("/")))
