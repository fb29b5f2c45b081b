"""The real run host and a worker that ends before its run has started."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import DagsterRun

from pipelines.platform.run_host import report_failed_start
from pipelines.platform.run_host_socket import send_request

_PATIENCE_SECONDS = 120


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
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-m", "pipelines.platform.run_host", str(tmp_path / "socket"), "nothing_here"]
    with subprocess.Popen(command, env=environment) as host:
        try:
            _ask(tmp_path / "socket", run.run_id)
            ended = _await_end(stored, run.run_id)
        finally:
            host.terminate()
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
