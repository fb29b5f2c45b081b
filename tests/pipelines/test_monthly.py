"""Monthly reports: made once per content, by ranges of months, and continued after a kill."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.definitions import build_defs
from pipelines.defs.schedules import closed_months
from pipelines.report_keys import add_frameworks, add_months, add_scanned, monthly_windows
from pipelines.resources import CoreResource
from policycortex.errors import ConfigurationError, RequestError
from policycortex.findings.samples import write_samples
from policycortex.names import ReportFormat, ReportStatus
from policycortex.period import Period, whole_months
from policycortex.scoring.attestations import AttestationScope, Statement
from policycortex.settings import Settings
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import ReportRow, open_registry
from policycortex.workflow import monthly
from policycortex.workflow.monthly import MonthlyReportOptions, load_monthly_targets, make_monthly_report
from policycortex.workflow.repeatable_reports import content_digest
from policycortex_cli.backfill import backfill_days
from tests.support.backends import Backend
from tests.support.day_runs import day_tags
from tests.support.empty_homes import copy_home

MONTHS = (date(2024, 1, 1), date(2024, 2, 1))
KEY = dg.AssetKey(["reports", "standing"])
CONFIG = {"monthly_reports": {"config": {"formats": ["csv", "json"]}}}


@pytest.fixture
def backend() -> Backend:
    """A folder alone: tests here compare two installations, and the environment names one database."""
    return Backend()


def ingest(defs: dg.Definitions, instance: dg.DagsterInstance, folder: Path, day: date, seed: int) -> None:
    """One scan of one account on that day, imported and judged."""
    write_samples(folder, period=Period.of_days(day, day), findings_per_scan=10, clouds=("aws",), seed=seed)
    config = {"ops": {"imports": {"config": {"paths": [str(folder)]}}}}
    assert defs.resolve_job_def("ingest_findings").execute_in_process(instance=instance, run_config=config).success
    tags = day_tags(instance, day)
    assert defs.resolve_job_def("refresh_posture").execute_in_process(instance=instance, tags=tags).success


def make(defs: dg.Definitions, instance: dg.DagsterInstance, framework: str = "soc2") -> dg.ExecuteInProcessResult:
    """Both months as one run."""
    job = defs.resolve_job_def("make_monthly_reports")
    add_frameworks(instance, [framework])
    add_months(instance, MONTHS, today=date(2024, 3, 1))
    [tags] = monthly_windows(instance, framework, MONTHS)
    return job.execute_in_process(instance=instance, tags=tags, run_config={"ops": CONFIG})


def own_framework(framework_id: str) -> bytes:
    """A framework of one requirement, in the product's own format."""
    return json.dumps(
        {"id": framework_id, "name": "Own Controls", "version": "1", "requirements": [{"id": "1", "title": "x"}]}
    ).encode()


def rows(settings: Settings) -> list[ReportRow]:
    """Every live report, oldest period first."""
    with closing(open_registry(settings)) as registry:
        page = registry.reports.list_reports("default", limit=100)
        found = [registry.reports.find_report(row.id) for row in page.reports]
    return sorted(found, key=lambda row: (str(row.order["period"]), row.created_at))


def content(settings: Settings, row: ReportRow, kind: str) -> bytes:
    """The stored file."""
    artifact = row.artifact(kind)
    assert artifact is not None
    with open_artifacts(settings).open_artifact(artifact.key, sha256=artifact.sha256) as stored:
        return stored.read()


def read(settings: Settings, row: ReportRow) -> dict[str, Any]:
    """The JSON report less what tells when and from which snapshot it was made."""
    tree: dict[str, Any] = json.loads(content(settings, row, "json"))
    return tree | {"report": {k: v for k, v in tree["report"].items() if k not in {"generated_at", "snapshot"}}}


@pytest.fixture
def stored() -> Iterator[dg.DagsterInstance]:
    """An instance with storages in a folder, which the context of a schedule needs."""
    with dg.instance_for_test() as made:
        yield made


@pytest.fixture(scope="module")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a scan in each of the two months, made once; each test has a copy."""
    folder = tmp_path_factory.mktemp("monthly")
    home = folder / "home"
    defs = build_defs(core=CoreResource(home=str(home), is_retrying=False, imports_any_path=True))
    with dg.DagsterInstance.ephemeral() as instance:
        for number, month in enumerate(MONTHS):
            ingest(defs, instance, folder / f"in{number}", month.replace(day=10), seed=number)
    return home


@pytest.fixture
def filled(filled_home: Path, settings: Settings, tmp_path: Path) -> Path:
    """The test's own home has these scans."""
    copy_home(filled_home, settings.home)
    return tmp_path


def test_a_range_is_one_run_and_a_report_per_month(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings, filled: Path
) -> None:
    """Each partition tells its own report and score."""
    assert filled.is_dir()
    assert make(defs, instance).success
    assert [row.status for row in rows(settings)] == [ReportStatus.COMPLETED] * 2
    assert [row.name for row in rows(settings)] == [
        f"SOC 2 Trust Services Criteria, {month} 2024" for month in ("January", "February")
    ]
    reported = {
        record.partition_key: record.asset_materialization.metadata["report_id"].value  # type: ignore[union-attr]
        for record in instance.fetch_materializations(KEY, limit=10).records
    }
    assert reported == {f"soc2|{m:%Y-%m-%d}": row.id for m, row in zip(MONTHS, rows(settings), strict=True)}


def test_the_same_again_changes_nothing(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings, filled: Path
) -> None:
    """Neither rows nor files, and the run says so."""
    assert filled.is_dir()
    make(defs, instance)
    before = rows(settings)
    again = make(defs, instance).asset_materializations_for_node("monthly_reports")
    assert rows(settings) == before
    assert {m.metadata["is_new"].value for m in again} == {False}


def test_a_month_that_changed_gets_a_new_report_and_keeps_the_old_one(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings, filled: Path
) -> None:
    """A late scan of February: January's report stays alone, February has two."""
    make(defs, instance)
    before = rows(settings)
    files = [content(settings, row, "csv") for row in before]
    ingest(defs, instance, filled / "late", date(2024, 2, 20), seed=9)
    make(defs, instance)
    after = rows(settings)
    assert [row.id for row in after[:2]] == [row.id for row in before]
    assert len(after) == 3
    assert [content(settings, row, "csv") for row in after[:2]] == files
    assert content(settings, after[2], "csv") != files[1]


@pytest.mark.usefixtures("filled")
def test_a_killed_run_is_gone_on_with_and_gives_the_same_files(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    settings: Settings,
    filled_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process dies between the files and the row's completion: the row stays open until the next run."""

    class Killed(BaseException):
        """What no code of ours catches."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("policycortex.storage.registry.reports.ReportRepository.complete_report", die)
        with pytest.raises(Killed):
            make_report_by_hand(settings)
    [left] = rows(settings)
    assert left.status is ReportStatus.RUNNING
    make(defs, instance)
    resumed = rows(settings)
    assert resumed[0].id == left.id
    other = Settings(home=copy_home(filled_home, settings.home.with_name("other")), lock_timeout_seconds=5)
    others = build_defs(core=CoreResource(home=str(other.home), is_retrying=False, imports_any_path=True))
    with dg.DagsterInstance.ephemeral() as undisturbed:
        make(others, undisturbed)
    for mine, theirs in zip(resumed, rows(other), strict=True):
        assert mine.id == theirs.id
        assert content(settings, mine, "csv") == content(other, theirs, "csv")
        assert read(settings, mine) == read(other, theirs)


def make_report_by_hand(settings: Settings) -> None:
    """January's SOC 2 report, in this process, as the asset's run orders it."""
    options = MonthlyReportOptions(formats=(ReportFormat.CSV, ReportFormat.JSON))
    make_monthly_report(settings, MONTHS[0], "soc2", options=options, run_id="by-hand", now=datetime.now(UTC))


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2024, 1, 1), date(2024, 2, 29), [1, 2]),
        (date(2024, 1, 2), date(2024, 2, 29), [2]),
        (date(2024, 1, 1), date(2024, 2, 28), [1]),
        (date(2023, 12, 31), date(2024, 1, 30), []),
    ],
)
def test_only_whole_months_are_reported_on(start: date, end: date, months: list[int]) -> None:
    """A month that is cut has no monthly report."""
    assert [month.month for month in whole_months(start, end)] == months


def test_the_schedule_asks_for_the_closed_months_of_every_organisation_with_findings(
    stored: dg.DagsterInstance, settings: Settings, filled: Path
) -> None:
    """Three frameworks unless set otherwise, the closed months with scans of a year; each set of months is a run."""
    assert filled.is_dir()
    add_scanned(stored, [month.replace(day=10) for month in MONTHS], today=date(2024, 3, 1))
    core = CoreResource(home=str(settings.home))

    def ask(moment: datetime) -> list[dg.RunRequest]:
        resources = {"core": core}
        with dg.build_schedule_context(
            instance=stored, scheduled_execution_time=moment, resources=resources
        ) as context:
            return list(closed_months.evaluate_tick(context).run_requests or ())

    requests = ask(datetime(2024, 3, 2, 5, tzinfo=UTC))
    assert [request.tags["policycortex/framework"] for request in requests] == ["soc2", "hipaa", "iso27001"]
    assert {request.tags["policycortex/organization"] for request in requests} == {"default"}
    ends = [requests[0].tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end")]
    assert ends == ["soc2|2024-01-01", "soc2|2024-02-01"]
    assert ask(datetime(2026, 3, 2, 5, tzinfo=UTC)) == []


def test_frameworks_of_the_organisation_are_reported_on(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings, filled: Path
) -> None:
    """One in the installation's folder, one that the organisation uploaded after the code was loaded."""
    assert filled.is_dir()
    settings.custom_frameworks_dir.mkdir(parents=True)
    (settings.custom_frameworks_dir / "in_folder.json").write_bytes(own_framework("in_folder"))
    with closing(open_registry(settings)) as registry:
        registry.frameworks.put_framework(
            "default", "uploaded", own_framework("uploaded"), uploaded_by=None, now=datetime.now(UTC)
        )
    for framework_id in ("in_folder", "uploaded"):
        assert make(defs, instance, framework_id).success
    assert sorted(row.framework or "" for row in rows(settings)) == 2 * ["in_folder"] + 2 * ["uploaded"]
    materialized = {record.partition_key for record in instance.fetch_materializations(KEY, limit=10).records}
    assert materialized == {f"{name}|{month}" for name in ("in_folder", "uploaded") for month in MONTHS}


@pytest.mark.usefixtures("filled")
def test_only_a_statement_known_in_the_month_makes_its_report_anew(settings: Settings) -> None:
    """Approved after January: the report is kept. Approved within it: a new one, without the requirement."""
    scope = AttestationScope(framework="soc2", requirements=("A1.1",))
    valid = Period(start=datetime(2024, 1, 1, tzinfo=UTC), end=datetime(2026, 1, 1, tzinfo=UTC))
    make_report_by_hand(settings)
    for approved, expected in ((datetime(2024, 2, 1, tzinfo=UTC), 1), (datetime(2024, 1, 20, tzinfo=UTC), 2)):
        with closing(open_registry(settings)) as registry:
            made = registry.attestations.request_attestation(
                "default", Statement.NOT_APPLICABLE, scope, reason="r", valid=valid, by="a", now=valid.start
            )
            registry.attestations.approve_record("default", made.id, by="b", now=approved)
        make_report_by_hand(settings)
        assert len(rows(settings)) == expected
    kept = [(row.summary or {})["requirements"]["not_applicable"] for row in rows(settings)]
    assert sorted(kept) == [0, 1]


@pytest.mark.usefixtures("filled")
def test_a_framework_that_the_organisation_does_not_have_is_refused(settings: Settings) -> None:
    """The message lists those it has; another organisation's upload is not among them."""
    with closing(open_registry(settings)) as registry:
        registry.frameworks.put_framework(
            "other", "uploaded", own_framework("uploaded"), uploaded_by=None, now=datetime.now(UTC)
        )
    expected = r"no framework 'uploaded'; known are .*hipaa, iso27001, .*soc2$"
    with pytest.raises(ConfigurationError, match=expected):
        make_monthly_report(
            settings, MONTHS[0], "uploaded", options=MonthlyReportOptions(), run_id="r", now=datetime.now(UTC)
        )
    with pytest.raises(RequestError, match=f"--framework: {expected}"):
        backfill_days(settings, MONTHS[0], date(2024, 1, 31), frameworks=["uploaded"], organization="default")


def test_the_schedule_names_frameworks_that_nobody_has(
    stored: dg.DagsterInstance, settings: Settings, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are reported on, the uploaded one for its organisation."""
    assert filled.is_dir()
    monkeypatch.setenv("POLICYCORTEX_STANDING_FRAMEWORKS", "uploaded,sock2,soc2")
    with closing(open_registry(settings)) as registry:
        registry.frameworks.put_framework(
            "default", "uploaded", own_framework("uploaded"), uploaded_by=None, now=datetime.now(UTC)
        )
    targets = load_monthly_targets(Settings.from_environment(home=settings.home), MONTHS)
    assert targets.reports == (("default", "uploaded"), ("default", "soc2"))
    assert targets.unknown == ("sock2",)
    assert {"soc2", "uploaded"} <= set(targets.known)
    core = CoreResource(home=str(settings.home))
    add_scanned(stored, MONTHS, today=date(2024, 3, 1))
    moment = datetime(2024, 3, 2, 5, tzinfo=UTC)
    resources = {"core": core}
    with dg.build_schedule_context(instance=stored, scheduled_execution_time=moment, resources=resources) as context:
        requests = list(closed_months.evaluate_tick(context).run_requests or ())
    assert [request.tags["policycortex/framework"] for request in requests] == ["uploaded", "soc2"]
    assert set(stored.get_dynamic_partitions("frameworks")) == {"uploaded", "soc2"}


@pytest.mark.usefixtures("filled")
def test_reports_of_version_0_1_keep_their_ids(settings: Settings) -> None:
    """Their description was another; the id that depends on the content is the same, so that none is made again."""
    make_report_by_hand(settings)
    [made] = rows(settings)
    assert made.description == "Monthly report of a closed month"
    with closing(open_registry(settings)) as registry:
        framework = monthly._framework(settings, registry, "default", "soc2")
        options = MonthlyReportOptions(formats=(ReportFormat.CSV, ReportFormat.JSON))
        request = monthly._request(options, framework, Period.of_month(MONTHS[0]), datetime.now(UTC))
        as_before = replace(request, description="Standing report of a closed month")
        basis = content_digest(settings, registry, framework, as_before, description=as_before.description)
    assert made.id == f"rpt_{sha256(f'{basis} 0'.encode()).hexdigest()[:16]}"
