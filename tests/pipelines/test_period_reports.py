"""Reports that are requested in Dagster: by partition, by typed periods, once per content, with their facts."""

import re
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.definitions import build_defs
from pipelines.report_keys import add_report_keys, period_report_key
from pipelines.resources import CoreResource
from policycortex.findings.samples import write_samples
from policycortex.names import ReportStatus
from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import ReportRow, open_registry
from policycortex.workflow.posture import refresh_stale_days
from tests.support.backends import Backend
from tests.support.empty_homes import copy_home
from tests.support.ledger import order_report

KEY = dg.AssetKey(["reports", "by_period"])
ARTIFACTS = dg.AssetKey(["reports", "artifacts"])
DATA_ONLY = {"formats": ["csv", "json"]}


@pytest.fixture
def backend() -> Backend:
    """A folder alone: what is tested is above the storage."""
    return Backend()


@pytest.fixture(scope="module")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one scan in July and one in August 2024; each test has a copy.

    July is assessed here, once for all tests; August by the first report that reads it.
    """
    folder = tmp_path_factory.mktemp("periods")
    home = folder / "home"
    defs = build_defs(core=CoreResource(home=str(home), is_retrying=False, imports_any_path=True))
    with dg.DagsterInstance.ephemeral() as instance:
        for month in (7, 8):
            day = date(2024, month, 10)
            write_samples(
                folder / f"in{month}",
                period=Period.of_days(day, day),
                findings_per_scan=10,
                clouds=("aws",),
                seed=month,
            )
            config = {"ops": {"imports": {"config": {"paths": [str(folder / f"in{month}")]}}}}
            job = defs.resolve_job_def("ingest_findings")
            assert job.execute_in_process(instance=instance, run_config=config).success
    settings = Settings(home=home)
    with open_lake(settings) as lake:
        refresh_stale_days(settings, lake, (date(2024, 7, 1), date(2024, 7, 31)), lambda _: None)
    return home


@pytest.fixture
def settings(settings: Settings, filled_home: Path) -> Settings:
    """The test's own home has these scans."""
    copy_home(filled_home, settings.home)
    return settings


def reports(settings: Settings) -> list[ReportRow]:
    """All reports, in full, by name."""
    with closing(open_registry(settings)) as registry:
        page = registry.reports.list_reports("default", limit=100)
        return sorted((registry.reports.find_report(row.id) for row in page.reports), key=lambda row: row.name)


def materialize(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    period: str,
    kind: str,
    **config: Any,  # noqa: ANN401
) -> dg.ExecuteInProcessResult:
    """One partition, as the button of the UI does."""
    add_report_keys(instance, periods=[period], kinds=[kind])
    return defs.resolve_job_def("make_period_reports").execute_in_process(
        instance=instance,
        partition_key=period_report_key(period, kind),
        run_config={"ops": {"reports__by_period": {"config": DATA_ONLY | config}}},
        raise_on_error=False,
    )


def request(defs: dg.Definitions, instance: dg.DagsterInstance, **config: Any) -> dg.ExecuteInProcessResult:  # noqa: ANN401
    """The job with typed periods."""
    return defs.resolve_job_def("request_reports").execute_in_process(
        instance=instance,
        run_config={"ops": {"make_requested": {"config": DATA_ONLY | config}}},
        raise_on_error=False,
    )


def shown(instance: dg.DagsterInstance) -> dict[str, dict[str, Any]]:
    """Metadata of the latest materialization of each partition."""
    found: dict[str, dict[str, Any]] = {}
    for record in instance.fetch_materializations(KEY, limit=100).records:
        assert record.asset_materialization is not None
        assert record.partition_key is not None
        facts = {name: value.value for name, value in record.asset_materialization.metadata.items()}
        found.setdefault(record.partition_key, facts)
    return found


def reason_of(run: dg.ExecuteInProcessResult) -> str:
    """Why the run's step failed."""
    data = run.get_step_failure_events()[0].step_failure_data.user_failure_data
    assert data is not None
    return data.description or ""


def test_a_partition_makes_its_report_once(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run again, nothing is new and the run says so. Another scope is another report. The run has the report's name."""
    monkeypatch.setenv("POLICYCORTEX_PUBLIC_URL", "https://reports.acme.example")
    first = materialize(defs, instance, "2024-Q3", "soc2 audit")
    assert first.success
    [made] = reports(settings)
    assert (made.status, made.type, made.framework) == (ReportStatus.COMPLETED, "audit", "soc2")
    assert made.name == "SOC 2 Trust Services Criteria, audit, 2024-Q3"
    facts = shown(instance)["2024-Q3|soc2 audit"]
    assert "without_findings" not in facts
    assert facts["report_id"] == made.id
    assert facts["period"] == "2024-07-01 to 2024-09-30 (UTC)"
    assert facts["report"] == f"https://reports.acme.example/reports/{made.id}"
    assert facts["download_csv"] == f"https://reports.acme.example/reports/{made.id}/files/csv"
    assert made.artifacts[0].sha256 in facts["files"]
    assert (facts["is_new"], facts["score_pct"]) == (True, (made.summary or {})["compliance_score"])
    tags = instance.get_run_by_id(first.run_id).tags  # type: ignore[union-attr]
    assert (tags["policycortex/report"], tags["policycortex/report_id"]) == (made.name, made.id)
    monkeypatch.setenv("POLICYCORTEX_CONSOLE_URL", "http://127.0.0.1:8000")
    assert materialize(defs, instance, "2024-07-01..2024-09-30", "soc2 audit", name=made.name).success
    assert shown(instance)["2024-07-01..2024-09-30|soc2 audit"]["report"] == f"http://127.0.0.1:8000/reports/{made.id}"
    assert materialize(defs, instance, "2024-Q3", "soc2 audit").success
    assert [row.id for row in reports(settings)] == [made.id]
    assert {facts["is_new"] for facts in shown(instance).values()} == {False}
    assert materialize(defs, instance, "2024-Q3", "soc2 audit", environments=["atlantis"]).success
    assert len(reports(settings)) == 2
    nothing = "no finding of the period is in its scope: environments 'atlantis' is not in the period, known are "
    assert shown(instance)["2024-Q3|soc2 audit"]["without_findings"].startswith(nothing)


def test_typed_periods_make_a_report_of_each_and_none_twice(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings
) -> None:
    """2 months x 2 frameworks are 4 partitions, each with its own report; the job again makes nothing."""
    config = {"periods": ["2024-07-01..2024-08-31"], "split": "month", "frameworks": ["soc2", "hipaa"]}
    types = ["risk"]
    assert request(defs, instance, types=types, **config).success
    made = reports(settings)
    found = shown(instance)
    assert set(found) == {f"2024-0{m}|{f} {t}" for m in (7, 8) for f in ("soc2", "hipaa") for t in types}
    assert sorted(facts["report_id"] for facts in found.values()) == sorted(row.id for row in made)
    assert request(defs, instance, types=types, **config).success
    assert reports(settings) == made
    assert {facts["is_new"] for facts in shown(instance).values()} == {False}


@pytest.mark.parametrize(
    ("partition", "expected"),
    [
        (("2024-Q3", "sock2 audit", {}), "no framework 'sock2'.*known are .*soc2"),
        (("2024-Q3", "soc2 audits", {}), "is no kind of report"),
        (("2024-Q3", "soc2 audit defalt", {}), "no organisation 'defalt'; did you mean 'default'.; known are default"),
        (("third quarter", "soc2 audit", {}), "is no period"),
        (("2098-Q1", "soc2 audit", {}), "Start date cannot be in the future"),
        (("2024-Q3", "soc2 audit", {"cloud_providers": ["awss"]}), "awss"),
    ],
)
def test_what_cannot_be_made_is_refused_with_its_reason(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    settings: Settings,
    partition: tuple[str, str, dict[str, Any]],
    expected: str,
) -> None:
    """The run fails, is not cancelled, and leaves no report."""
    period, kind, config = partition
    run = materialize(defs, instance, period, kind, **config)
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.FAILURE  # type: ignore[union-attr]
    assert re.search(expected, reason_of(run)), reason_of(run)
    assert reports(settings) == []


def test_a_job_with_one_unknown_framework_makes_nothing(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings
) -> None:
    """All are checked before the first is made. So is a job with nothing to make, which is no success."""
    run = request(defs, instance, periods=["2024-07"], frameworks=["soc2", "sock2"])
    assert "no framework 'sock2'; did you mean 'soc2'?" in reason_of(run)
    empty = request(defs, instance, periods=["2024-07"], frameworks=[], types=[])
    assert reason_of(empty) == "frameworks and types: name at least one, else no report is made"
    assert reports(settings) == []


def test_a_report_that_fails_is_marked_with_the_reason(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other run tries it again; asked for again, another report is made. It says why it has no findings."""
    with monkeypatch.context() as patch:

        def fail(*_: object, **__: object) -> None:
            raise OSError("the disk is full")

        patch.setattr("policycortex.workflow.reports.compose_from_lake", fail)
        assert not materialize(defs, instance, "2024-09", "soc2 compliance").success
    [failed] = reports(settings)
    assert failed.status is ReportStatus.FAILED
    assert failed.failure is not None
    assert "the disk is full" in failed.failure.message
    assert materialize(defs, instance, "2024-09", "soc2 compliance").success
    nothing = "the organisation has no scan in the period; its newest scan before its end is of 2024-08-10"
    assert shown(instance)["2024-09|soc2 compliance"]["without_findings"] == nothing
    assert sorted(row.status for row in reports(settings)) == [ReportStatus.COMPLETED, ReportStatus.FAILED]


def test_several_frameworks_are_one_report(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings
) -> None:
    """Once per content, like any other; an unknown one among them is named."""
    for _ in ("first", "again"):
        assert materialize(defs, instance, "2024-07", "soc2+hipaa compliance").success
    [made] = reports(settings)
    assert (made.framework, made.order["frameworks"]) == ("soc2+hipaa", ["soc2", "hipaa"])
    assert made.status is ReportStatus.COMPLETED
    assert shown(instance)["2024-07|soc2+hipaa compliance"]["is_new"] is False
    refused = materialize(defs, instance, "2024-07", "soc2+hippa compliance")
    assert "no framework 'hippa'" in reason_of(refused)


def test_an_unknown_report_id_fails_with_its_reason(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    """It is not cancelled: nobody took it back."""
    instance.add_dynamic_partitions("report_periods", ["2024-07-01..2024-07-31"])
    run = defs.resolve_job_def("make_report").execute_in_process(
        instance=instance,
        partition_key="2024-07-01..2024-07-31",
        run_config={"ops": {"reports__artifacts": {"config": {"report_id": "rpt_unknown"}}}},
        raise_on_error=False,
    )
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.FAILURE  # type: ignore[union-attr]
    assert "rpt_unknown" in reason_of(run)


def test_a_run_after_the_report_is_completed_ends_as_a_success(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings
) -> None:
    """The first run was killed after its last write; the retry shows the report in its partition and makes nothing.

    The partition is one that version 0.1 wrote: a home's runs of before the upgrade go on.
    """
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {}, now=datetime.now(UTC))
    old_key = "2024-07-01..2024-07-31"
    instance.add_dynamic_partitions("report_periods", [old_key])
    job = defs.resolve_job_def("make_report")
    config = {"ops": {"reports__artifacts": {"config": {"report_id": report.id}}}}
    runs = [
        job.execute_in_process(instance=instance, partition_key=old_key, run_config=config) for _ in ("first", "again")
    ]
    assert [run.success for run in runs] == [True, True]
    shown_ids = [
        record.asset_materialization.metadata["report_id"].value  # type: ignore[union-attr]
        for record in instance.fetch_materializations(ARTIFACTS, limit=10).records
        if record.partition_key == old_key
    ]
    assert shown_ids == [report.id, report.id]
    assert instance.has_dynamic_partition("report_periods", old_key)
