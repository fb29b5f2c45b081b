"""Asset checks of findings, scans, scores, reports and deliveries, on data in which something does not hold."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from policycortex.names import ReportFormat
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import open_registry
from policycortex.workflow.monthly import MonthlyReportOptions, make_monthly_report
from policycortex.workflow.report_checks import check_deliveries, check_report_files
from tests.support.backends import Backend
from tests.support.day_runs import day_tags
from tests.support.ledger import complete_report, order_report

CHECKS = ("s3_bucket_level_public_access_block", "iam_root_mfa_enabled", "cloudtrail_multi_region_enabled")
NAMES = {"111111111111": "shop", "222222222222": "web", "333333333333": "billing", "444444444444": "legacy"}
DAYS = [date(2024, 7, n) for n in (1, 2, 3, 4)]


@pytest.fixture
def backend() -> Backend:
    """A folder alone: what is tested is above the storage."""
    return Backend()


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Each day has its own scans only, so that a missing account is seen in the score of the same day."""
    monkeypatch.setenv("POLICYCORTEX_TREND_CARRY_DAYS", "1")
    return settings


def scan(folder: Path, day: date, accounts: Sequence[str], *, bad_lines: int = 0) -> Path:
    """A file of one scan: the first two accounts pass every check, the others fail every one."""
    head = (
        "check_id,status,severity,observed_at,provider,account_id,account_name,region,service,resource_uid,requirements"
    )
    lines = [
        f"{check},{'PASS' if account < '3' else 'FAIL'},high,{day}T06:00:00Z,aws,{account},{NAMES[account]},"
        f"eu-west-1,s3,arn:aws:s3:::{account}-{check},soc2:CC6.1"
        for account in accounts
        for check in CHECKS
    ]
    lines += [f"broken_{n},perhaps,high,never,aws,1,x,,,r," for n in range(bad_lines)]
    folder.mkdir(exist_ok=True)
    path = folder / f"{day}.csv"
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def ingest(defs: dg.Definitions, instance: dg.DagsterInstance, *paths: Path) -> dict[str, dg.AssetCheckEvaluation]:
    """Import the files and assess their days; returns the checks' evaluations by name."""
    config = {"ops": {"imports": {"config": {"paths": [str(path) for path in paths]}}}}
    imported = defs.resolve_job_def("ingest_findings").execute_in_process(instance=instance, run_config=config)
    job, days = defs.resolve_job_def("refresh_posture"), [date.fromisoformat(path.stem) for path in paths]
    assessed = job.execute_in_process(instance=instance, tags=day_tags(instance, *days))
    evaluations = [*imported.get_asset_check_evaluations(), *assessed.get_asset_check_evaluations()]
    return {each.check_name: each for each in evaluations}


def metadata_of(evaluation: dg.AssetCheckEvaluation, name: str) -> Any:  # noqa: ANN401 - of many types
    """The value of one entry."""
    return evaluation.metadata[name].value


def test_a_scan_with_half_the_accounts_missing_is_named_and_explains_the_score(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings, tmp_path: Path
) -> None:
    """Four accounts on three days: 6 of 12 findings pass, 50 %. Then two accounts alone: 6 of 6, 100 %."""
    everyone = list(NAMES)
    complete = ingest(defs, instance, *(scan(tmp_path / "in", day, everyone) for day in DAYS[:3]))
    assert {name for name, each in complete.items() if not each.passed} == set()
    half = ingest(defs, instance, scan(tmp_path / "in", DAYS[3], everyone[:2]))
    assert {name for name, each in half.items() if not each.passed} == {"silent_accounts", "score_jumps"}
    silent, jumps = half["silent_accounts"], half["score_jumps"]
    assert (silent.severity, jumps.severity) == (dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.WARN)
    assert silent.description == "2 accounts are no longer scanned: billing (333333333333), legacy (444444444444)"
    assert "2024-07-03" in metadata_of(silent, "evidence")
    assert jumps.description is not None
    assert "of default: 50.0 % to 100.0 % (scope_and_coverage +50.0)" in jumps.description
    assert "| default | soc2 | 2024-07-03 | 2024-07-04 | 50.0 | 100.0 | 50.0 |" in metadata_of(jumps, "evidence")
    assert jumps.description.endswith("No longer scanned: billing (333333333333), legacy (444444444444)")
    assert metadata_of(jumps, "largest_points") == 50.0
    key = dg.AssetCheckKey(dg.AssetKey(["core", "scan_coverage"]), "silent_accounts")
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
    evaluated = [record.status.value for record in history if record.status.value != "PLANNED"]  # Dagster's, per day
    assert evaluated == ["FAILED", "SUCCEEDED"]
    assert settings.trend_carry_days == 35  # of the fixture; runs read the variable


def test_a_file_of_bad_records_is_an_error_of_the_quarantine_rate(
    defs: dg.Definitions, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """3 of 6 records: 50 % are more than 10 %. Another, clean file does not hide it."""
    broken = scan(tmp_path / "in", DAYS[0], ["111111111111"], bad_lines=3)
    found = ingest(defs, instance, broken, scan(tmp_path / "in", DAYS[1], ["111111111111"]))["quarantine_rate"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert found.description == "3 of 9 records of the newest 2 imports are in quarantine"
    assert (metadata_of(found, "worst_file_pct"), "2024-07-01.csv" in metadata_of(found, "evidence")) == (50.0, True)


def test_a_stored_score_that_is_wrong_is_an_error(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings, tmp_path: Path
) -> None:
    """One value above 100, and one count unlike the requirement results; nothing else is named."""
    ingest(defs, instance, scan(tmp_path / "in", DAYS[0], list(NAMES)))
    with open_lake(settings) as lake, lake.session.cursor() as cursor:
        where = "framework_id = 'soc2' AND edition = 'reviewed'"
        cursor.execute(
            f"UPDATE lake.marts.framework_scores SET value_pct = 101 WHERE {where} AND model = 'findings_pass_rate'"  # noqa: S608 - of this test
        )
        cursor.execute(
            "UPDATE lake.marts.framework_scores SET assessed = assessed + 1 WHERE framework_id = 'hipaa'"
            " AND edition = 'reviewed' AND model = 'findings_pass_rate'"
        )
    job = defs.resolve_job_def("rescore_posture")
    clean = job.execute_in_process(instance=instance, tags=day_tags(instance, DAYS[1])).get_asset_check_evaluations()
    [wrong] = [each for each in clean if each.check_name == "scores_in_range"]
    assert (wrong.passed, wrong.severity, metadata_of(wrong, "wrong")) == (False, dg.AssetCheckSeverity.ERROR, 2)


def test_files_that_are_lost_or_disagree_are_named(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings, tmp_path: Path
) -> None:
    """As made all agree. Then the registry's score differs, and the CSV is gone."""
    ingest(defs, instance, scan(tmp_path / "in", DAYS[0], list(NAMES)))
    options = MonthlyReportOptions(formats=(ReportFormat.CSV, ReportFormat.JSON))
    made = make_monthly_report(
        settings, date(2024, 7, 1), "soc2", options=options, run_id="r", now=datetime.now(UTC)
    ).report.row
    assert check_report_files(settings).is_passed
    csv = made.artifact("csv")
    assert csv is not None
    (settings.home / "artifacts" / csv.key).unlink()
    lost = check_report_files(settings)
    assert (lost.is_passed, lost.is_error, lost.message) == (False, True, "1 problems in the files of 1 reports")
    assert lost.evidence.row(0)[:3] == (made.id, made.name, "csv")
    job = defs.resolve_job_def("check_reports").execute_in_process(instance=instance)
    results = {each.check_name: each.passed for each in job.get_asset_check_evaluations()}
    assert results == {"report_files": False, "deliveries_in_time": True}


def test_a_delivery_past_its_deadline_is_named(settings: Settings) -> None:
    """Half an hour after its time nobody has tried it; a minute after it nothing is wrong."""
    now = datetime(2026, 4, 1, 13, tzinfo=UTC)
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"webhook": {"url": "https://hooks.acme.example/x"}}, now=now)
        complete_report(settings, registry, report.id, now=now)
        registry.deliveries.release_deliveries(now=now)
    assert check_deliveries(settings, now=now + timedelta(minutes=1)).is_passed
    late = check_deliveries(settings, now=now + timedelta(hours=1))
    assert (late.is_passed, late.is_error, late.evidence.height) == (False, True, 1)
    assert late.evidence["report"].to_list() == [report.id]
