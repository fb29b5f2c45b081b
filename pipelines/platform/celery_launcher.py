"""Runs on many machines: Dagster's Celery launcher, told truly whether a run's worker lives. The daemon imports it.

A run travels as its id alone; the worker opens Dagster's instance by its own settings, so that machines share no path.
Celery notices a worker's process that dies, not a machine that is lost: its task stays "started" for ever. So the
machine itself is asked what it works on.
"""

import os
import signal
from collections import Counter
from typing import Any, Final

from celery import Celery
from dagster import DagsterRun
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._utils.interrupts import setup_interrupt_handlers
from dagster_celery.config import TASK_EXECUTE_JOB_NAME
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.make_app import make_app
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

from pipelines.platform.run_host import die_with, execute_run
from pipelines.platform.run_starting import await_start

QUEUE: Final = "dagster"
_PATIENCE_SECONDS: Final = 3.0
_MOST_SILENCES: Final = 6
"""In a row, one per look of run monitoring (5 s): a busy machine may be slow to answer."""


class FleetRunLauncher(CeleryRunLauncher):
    """Runs become Celery tasks; whichever worker is free takes the next."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's launcher's own
        super().__init__(*args, **kwargs)
        self._silences: Counter[str] = Counter()
        self._task = _execute_task(self.celery)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Hand the run's id to the broker."""
        run = context.dagster_run
        self._launch_celery_task_run(
            run=run, task_signature=self._task.si(run.run_id), routing_key=TASK_EXECUTE_JOB_NAME
        )

    @property
    def supports_resume_run(self) -> bool:
        """False: a lost run is followed by a new one."""
        return False

    def terminate(self, run_id: str) -> bool:
        """Interrupt the run's worker; Dagster then reports it cancelled. False when it has ended.

        A run that waits in the broker is not brought here: whoever takes it finds its report taken back.
        """
        run = await_start(self._instance, run_id)
        if run is None or run.is_finished or DAGSTER_CELERY_TASK_ID_TAG not in run.tags:
            return False
        self._instance.report_run_canceling(run)
        return super().terminate(run_id)

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """What Celery says, and where it says "started", what the worker's machine says."""
        task_id = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        if task_id is None:
            return CheckRunHealthResult(WorkerStatus.UNKNOWN, "it has not been handed to Celery yet")
        told = super().check_run_worker_health(run)
        return self._ask_machine(run, task_id) if told.status is WorkerStatus.RUNNING else told

    def _ask_machine(self, run: DagsterRun, task_id: str) -> CheckRunHealthResult:
        result = self.celery.AsyncResult(task_id)
        info = result.info
        host = info.get("hostname") if isinstance(info, dict) else None
        if host is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        active = (self.celery.control.inspect([host], timeout=_PATIENCE_SECONDS).active() or {}).get(host)
        if active is not None and any(task["id"] == task_id for task in active):
            self._silences.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if self.celery.AsyncResult(task_id).state != "STARTED":  # it ended while we asked
            return super().check_run_worker_health(run)
        self._silences[run.run_id] += 1
        if self._silences[run.run_id] < _MOST_SILENCES:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        del self._silences[run.run_id]
        told = "does not answer" if active is None else "does not work on it any more"
        return CheckRunHealthResult(WorkerStatus.FAILED, f"its worker {host} {told}: killed, lost or restarted")


def make_worker_app(broker_url: str) -> Celery:
    """The Celery application of a worker: one forked process per run, so that no run inherits another's memory."""
    app = make_app(  # type: ignore[no-untyped-call]
        app_args={
            "broker": broker_url,
            "backend": broker_url,
            "config_source": {
                "worker_disable_prefetch": True,  # a run waits in the broker, not behind another run
                "worker_max_tasks_per_child": 1,
                "task_default_queue": QUEUE,
                "worker_hijack_root_logger": False,
                "broker_connection_retry_on_startup": True,
            },
        }
    )
    _execute_task(app)
    return app


def _execute_task(app: Celery) -> Any:  # noqa: ANN401 - Celery is not typed
    @app.task(name="policycortex.execute_run", track_started=True)  # type: ignore[untyped-decorator]
    def execute(run_id: str) -> None:
        die_with(os.getppid())  # a worker that is killed leaves no run behind that nobody watches
        signal.signal(signal.SIGINT, signal.default_int_handler)
        setup_interrupt_handlers()
        execute_run(run_id)

    return execute
