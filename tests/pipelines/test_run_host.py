"""The real run host and a worker that ends before its run has started."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableJob
from dagster._core.storage.dagster_run import DagsterRun

from pipelines.platform.run_host import report_failed_start
from pipelines.platform.run_host_socket import send_request

_PATIENCE_SECONDS = 120


_TALKING_JOB = """
import dagster as dg

@dg.op
def talk(context: dg.OpExecutionContext) -> None:
    context.log.info("a message of the operation")
    raise dg.Failure("the reason")

@dg.job(executor_def=dg.in_process_executor)
def talking() -> None:
    talk()

defs = dg.Definitions(jobs=[talking])
"""


@dg.job
def nothing() -> None:
    """A run of it is never executed: it belongs to no code location."""


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """An instance whose storages other processes find by DAGSTER_HOME."""
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.get() as instance:
        yield instance


def test_a_worker_that_ends_at_once_fails_its_run_at_once(stored: dg.DagsterInstance, tmp_path: Path) -> None:
    """Without waiting for Dagster's start timeout: nothing else would look at a run that never started."""
    run = _launched(stored)
    (tmp_path / "nothing_here.py").write_text("import dagster\n\ndefs = dagster.Definitions()\n", encoding="utf-8")
    ended, _ = _hosted(stored, run, tmp_path, module="nothing_here")
    assert ended.status is dg.DagsterRunStatus.FAILURE
    message = stored.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)[-1].get_dagster_event().message
    assert message is not None
    assert "its worker ended with 1 before the run had started" in message


def test_a_run_that_has_started_is_left_to_the_daemon(stored: dg.DagsterInstance) -> None:
    """It knows whether the run is to be tried again."""
    run = _launched(stored)
    stored.report_dagster_event(
        dg.DagsterEvent(event_type_value="PIPELINE_START", job_name=run.job_name), run_id=run.run_id
    )
    report_failed_start(run.run_id, -9)
    assert _status(stored, run.run_id) is dg.DagsterRunStatus.STARTED


def test_lines_about_runs_are_json_and_messages_stay_in_the_ui(stored: dg.DagsterInstance, tmp_path: Path) -> None:
    """A run without configuration of loggers, as people start it: no event of Dagster below INFO is in the log."""
    (tmp_path / "talking_job.py").write_text(_TALKING_JOB, encoding="utf-8")
    job = ReconstructableJob.for_file(str(tmp_path / "talking_job.py"), "talking")
    run = stored.create_run_for_job(job.get_definition(), job_code_origin=job.get_python_origin())
    ended, log = _hosted(stored, run, tmp_path, module="talking_job")
    assert ended.status is dg.DagsterRunStatus.FAILURE
    lines = [json.loads(line) for line in log.splitlines()]
    assert {line["level"] for line in lines} == {"info", "error"}
    assert any("RUN_FAILURE" in line["message"] for line in lines)
    assert "RUN_START" not in log
    messages = [entry.user_message for entry in stored.all_logs(run.run_id) if entry.dagster_event is None]
    assert messages == ["a message of the operation"]
    assert stored.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)


def _hosted(instance: dg.DagsterInstance, run: DagsterRun, folder: Path, *, module: str) -> tuple[DagsterRun, str]:
    """The run as a run host of ``module`` left it, and the log of the host."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    command = [sys.executable, "-W", "ignore", "-m", "pipelines.platform.run_host", str(folder / "socket"), module]
    with (folder / "log").open("ab") as log, subprocess.Popen(command, env=environment, stderr=log) as host:
        try:
            _ask(folder / "socket", run.run_id)
            ended = _await_end(instance, run.run_id)
        finally:
            host.terminate()
    return ended, (folder / "log").read_text(encoding="utf-8")


def _launched(instance: dg.DagsterInstance) -> DagsterRun:
    """A run as the daemon leaves it when the launcher gets it."""
    run = instance.create_run_for_job(nothing)
    event = dg.DagsterEvent(event_type_value="PIPELINE_STARTING", job_name=run.job_name)
    instance.report_dagster_event(event, run_id=run.run_id)
    return run


def _ask(path: Path, run_id: str) -> None:
    """As soon as the host listens."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        with suppress(OSError):
            assert send_request(path, {"run_id": run_id}, timeout_seconds=10)["worker"]
            return
        time.sleep(0.1)
    raise AssertionError("the run host does not answer")


def _await_end(instance: dg.DagsterInstance, run_id: str) -> DagsterRun:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        run = instance.get_run_by_id(run_id)
        if run is not None and run.is_finished:
            return run
        time.sleep(0.1)
    raise AssertionError(f"the run stands at {_status(instance, run_id)}")


def _status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus | None:
    run = instance.get_run_by_id(run_id)
    return run.status if run else None
