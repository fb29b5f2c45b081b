"""The real run host and a worker that ends before its run has started."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableJob
from dagster._core.storage.dagster_run import DagsterRun

from pipelines.platform.run_host import _hidden, report_failed_start
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """What one run host made of two runs."""

    instance: dg.DagsterInstance
    talking: DagsterRun
    unstarted: DagsterRun
    log: str


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """An instance whose storages other processes find by DAGSTER_HOME."""
    home = tmp_path_factory.mktemp("dagster")
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        with dg.DagsterInstance.get() as instance:
            yield instance


@pytest.fixture(scope="module")
def hosted(stored: dg.DagsterInstance, tmp_path_factory: pytest.TempPathFactory) -> Hosted:
    """A run that fails by itself, and one whose worker ends before the run has started. Both are over."""
    folder = tmp_path_factory.mktemp("host")
    (folder / "talking_job.py").write_text(_TALKING_JOB, encoding="utf-8")
    job = ReconstructableJob.for_file(str(folder / "talking_job.py"), "talking")
    talking = stored.create_run_for_job(job.get_definition(), job_code_origin=job.get_python_origin())
    unstarted = _launched(stored)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    command = [sys.executable, "-W", "ignore", "-m", "pipelines.platform.run_host", str(folder / "socket")]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([*command, "talking_job"], env=environment, stderr=log) as host,
    ):
        try:
            for run in (talking, unstarted):
                _ask(folder / "socket", run.run_id)
            ended = [_await_end(stored, run.run_id) for run in (talking, unstarted)]
        finally:
            host.terminate()
    written = (folder / "log").read_text(encoding="utf-8")
    return Hosted(instance=stored, talking=ended[0], unstarted=ended[1], log=written)


def test_a_worker_that_ends_at_once_fails_its_run_at_once(hosted: Hosted) -> None:
    """Without waiting for Dagster's start timeout: nothing else would look at a run that never started."""
    assert hosted.unstarted.status is dg.DagsterRunStatus.FAILURE
    failures = hosted.instance.all_logs(hosted.unstarted.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    message = failures[-1].get_dagster_event().message
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


def test_lines_about_runs_are_json_and_messages_stay_in_the_ui(hosted: Hosted) -> None:
    """A run without configuration of loggers, as people start it: no event of Dagster below INFO is in the log."""
    assert hosted.talking.status is dg.DagsterRunStatus.FAILURE
    lines = [json.loads(line) for line in hosted.log.splitlines()]
    assert {line["level"] for line in lines} == {"info", "error"}
    assert any("RUN_FAILURE" in line["message"] and "talking" in line["message"] for line in lines)
    assert "RUN_START" not in hosted.log
    events = hosted.instance.all_logs(hosted.talking.run_id)
    assert [entry.user_message for entry in events if entry.dagster_event is None] == ["a message of the operation"]
    assert hosted.instance.all_logs(hosted.talking.run_id, of_type=dg.DagsterEventType.STEP_START)


def test_a_hidden_package_is_not_found_for_a_while() -> None:
    """And found again afterwards."""
    sys.modules.pop("this", None)
    with _hidden("this"), pytest.raises(ModuleNotFoundError, match="hidden"):
        importlib.import_module("this")
    assert importlib.util.find_spec("this") is not None


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
