"""Reports whose runs were lost get another run, after increasing delays, and fail only by their own errors."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import build_defs
from pipelines.resources import CoreResource
from policycortex.names import MOST_RUNS, TAG_FAILURE_REASON, TAG_REPORT, TAG_WILL_RETRY, ReportStatus
from policycortex.scheduling.run_recovery import ReportRun, RunState, run_state_of
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, ReportRow, open_registry
from tests.support.ledger import order_report

NOW = datetime(2026, 4, 1, 13, 0, tzinfo=UTC)
FAILURE, CANCELED = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED


def _end(
    status: dg.DagsterRunStatus = FAILURE, *, reason: str = "START_TIMEOUT", retry: str = "false", ago: float = 3600
) -> ReportRun:
    tags = {TAG_FAILURE_REASON: reason, TAG_WILL_RETRY: retry}
    return ReportRun(run_id="r", status=status.value, tags=tags, ended_at=NOW - timedelta(seconds=ago))


@pytest.mark.parametrize(
    ("runs", "state"),
    [
        ([], RunState.NEW),
        ([_end(dg.DagsterRunStatus.QUEUED)], RunState.ACTIVE),
        ([_end(dg.DagsterRunStatus.SUCCESS)], RunState.ACTIVE),
        ([_end(dg.DagsterRunStatus.STARTED), _end()], RunState.ACTIVE),
        ([_end()], RunState.LOST),
        ([_end(ago=14)], RunState.WAITING),
        ([_end(ago=16)], RunState.LOST),
        ([_end(ago=16), _end()], RunState.WAITING),
        ([_end(ago=31), _end()], RunState.LOST),
        ([_end(retry="true", ago=16)], RunState.WAITING),
        ([_end(retry="true", ago=61)], RunState.LOST),
        ([_end(reason="UNEXPECTED_TERMINATION")], RunState.LOST),
        ([_end(reason="STEP_FAILURE")], RunState.FINAL),
        ([_end(CANCELED)], RunState.FINAL),
        ([_end(ago=601)] * (MOST_RUNS - 1), RunState.LOST),
        ([_end()] * MOST_RUNS, RunState.FINAL),
        ([_end(CANCELED), _end(dg.DagsterRunStatus.STARTED)], RunState.ACTIVE),
    ],
)
def test_the_state_of_a_report_is_read_from_its_runs(runs: list[ReportRun], state: RunState) -> None:
    """15 s after the first loss, doubling up to 10 minutes; Dagster's own retry has a minute's head start."""
    assert run_state_of(runs, now=NOW) is state


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A fresh home."""
    monkeypatch.delenv("POLICYCORTEX_CONNECTIONS", raising=False)
    return Settings(home=tmp_path / "home")


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    """Its registry."""
    with closing(open_registry(settings)) as opened:
        yield opened


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A real instance."""
    with dg.instance_for_test() as made:
        yield made


def _lose(settings: Settings, instance: dg.DagsterInstance, report: ReportRow, **tags: str) -> str:
    """A run of the report that failed in a way of which the report knows nothing."""
    job = build_defs(core=CoreResource(home=str(settings.home))).get_repository_def()
    config = {"ops": {"reports__artifacts": {"config": {"report_id": report.id}}}}
    named = {TAG_REPORT: report.id, TAG_FAILURE_REASON: "START_TIMEOUT", TAG_WILL_RETRY: "false", **tags}
    run = instance.create_run_for_job(job.get_job("make_report"), run_config=config, tags=named)
    instance.report_run_failed(run, "the host was killed")
    return run.run_id


def _evaluate(settings: Settings, instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    core = CoreResource(home=str(settings.home))
    sensor = build_defs(core=core).get_repository_def().get_sensor_def("due_reports")
    with dg.build_sensor_context(instance=instance, resources={"core": core}) as context:
        return list(sensor.evaluate_tick(context).run_requests or [])


def _order(settings: Settings, registry: Registry) -> ReportRow:
    return order_report(settings, registry, {}, now=datetime.now(UTC) - timedelta(hours=1))


def test_a_lost_run_is_followed_by_another(
    settings: Settings, registry: Registry, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although Dagster will not try again: a minute later another run is requested, under a key of its own."""
    report = _order(settings, registry)
    registry.reports.mark_running(report.id, _lose(settings, instance, report))
    assert _evaluate(settings, instance) == []
    assert registry.reports.find_report(report.id).status is ReportStatus.PENDING
    monkeypatch.setattr("pipelines.defs.deliveries._now", lambda: datetime.now(UTC) + timedelta(minutes=1))
    (request,) = _evaluate(settings, instance)
    assert request.run_key == f"{report.id}:1"
    assert request.tags[TAG_REPORT] == report.id


def test_a_report_that_failed_of_itself_is_failed(
    settings: Settings, registry: Registry, instance: dg.DagsterInstance
) -> None:
    """Even where its own last word could not be written; the reason is the run's."""
    report = _order(settings, registry)
    registry.reports.mark_running(report.id, _lose(settings, instance, report, **{TAG_FAILURE_REASON: "STEP_FAILURE"}))
    assert _evaluate(settings, instance) == []
    failed = registry.reports.find_report(report.id)
    assert failed.status is ReportStatus.FAILED
    assert failed.failure is not None
    assert "the host was killed" in failed.failure.message


def test_a_run_that_another_took_over_is_not_released(
    settings: Settings, registry: Registry, instance: dg.DagsterInstance
) -> None:
    """Dagster's own retry is under way: the report stays with it."""
    report = _order(settings, registry)
    lost = _lose(settings, instance, report)
    registry.reports.mark_running(report.id, lost)
    registry.reports.mark_running(report.id, "the-retry")
    assert not registry.reports.release_run(report.id, lost)
    assert registry.reports.find_report(report.id).run_id == "the-retry"
