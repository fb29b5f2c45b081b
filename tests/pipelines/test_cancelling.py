"""A report that nobody wants any more: its run ends as canceled, whichever of the two heard of it first."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import DagsterRun

from pipelines.platform.launcher import ForkingRunLauncher
from pipelines.platform.worker_identity import TAG_WORKER, WorkerIdentity
from policycortex.names import ReportStatus
from policycortex.requests.model import request_from_json
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.workflow.reports import produce_report
from tests.support.ledger import order_report

WORKER = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_DFL); print('ready', flush=True); time.sleep(600)"
)
"""A worker that SIGTERM ends, whatever the process of the tests ignores and hands on."""


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    """The home's registry."""
    with closing(open_registry(settings)) as opened:
        yield opened


@pytest.mark.parametrize("act", ["cancel", "delete"])
def test_a_run_that_finds_its_report_taken_back_is_canceled(
    act: str, settings: Settings, registry: Registry, defs: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    """It did not fail, and nothing tries it again."""
    report = order_report(settings, registry, {}, now=datetime.now(UTC))
    take_back = registry.reports.cancel_report if act == "cancel" else registry.reports.delete_report
    take_back(report.organization, report.id)
    key = request_from_json(report.order).period.partition_key
    instance.add_dynamic_partitions("report_periods", [key])
    job = defs.get_repository_def().get_job("make_report")
    run = job.execute_in_process(_config(report.id), instance=instance, raise_on_error=False, partition_key=key)
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.CANCELED
    assert registry.reports.find_status(report.id) is ReportStatus.CANCELLED


def test_a_run_after_one_that_was_killed_behind_its_report_is_a_success(
    settings: Settings, registry: Registry, defs: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    """The first run was killed between the completed report and its own end. The next says so and makes no file."""
    report = order_report(settings, registry, {}, now=datetime.now(UTC))
    key = request_from_json(report.order).period.partition_key
    instance.add_dynamic_partitions("report_periods", [key])
    job = defs.get_repository_def().get_job("make_report")
    produce_report(settings, report.id, run_id="killed", now=datetime.now(UTC))
    made = registry.reports.find_report(report.id)
    run = job.execute_in_process(_config(report.id), instance=instance, partition_key=key)
    assert run.success
    [shown] = run.asset_materializations_for_node("reports__artifacts")
    assert shown.metadata["report_id"].value == report.id
    logged = [each.user_message for each in instance.all_logs(run.run_id)]
    assert any(text.startswith(f"run killed completed report {report.id} at") for text in logged)
    assert registry.reports.find_report(report.id) == made


def test_a_run_that_is_just_starting_is_canceled_once_it_has_started(
    tmp_path: Path, defs: dg.Definitions, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first event would otherwise overwrite CANCELING, and its interrupt would count as a failure."""
    launcher = ForkingRunLauncher(str(tmp_path / "socket"))
    launcher.register_instance(instance)
    run = instance.create_run_for_job(defs.get_repository_def().get_job("make_report"), run_config=_config("rpt_1"))
    with subprocess.Popen([sys.executable, "-c", WORKER], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        instance.add_run_tags(run.run_id, {TAG_WORKER: WorkerIdentity.of_process(process.pid).to_tag()})
        _report(instance, run, "PIPELINE_STARTING")
        try:
            with monkeypatch.context() as patch:
                patch.setattr("pipelines.platform.run_starting.time.sleep", lambda _: _start(instance, run))
                assert launcher.terminate(run.run_id)
            assert process.wait(timeout=120) == -signal.SIGTERM
        finally:
            process.kill()
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.CANCELING


def _config(report_id: str) -> dict[str, Any]:
    return {"ops": {"reports__artifacts": {"config": {"report_id": report_id}}}}


def _start(instance: dg.DagsterInstance, run: DagsterRun) -> None:
    """While the launcher waits, the worker says that it works."""
    known = instance.get_run_by_id(run.run_id)
    if known is not None and known.status is dg.DagsterRunStatus.STARTING:
        _report(instance, run, "PIPELINE_START")


def _report(instance: dg.DagsterInstance, run: DagsterRun, event: str) -> None:
    instance.report_dagster_event(dg.DagsterEvent(event, run.job_name), run.run_id)
