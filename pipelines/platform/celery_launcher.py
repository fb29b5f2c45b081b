"""Dagster's run launcher for several machines: Celery's, with a health check that notices lost machines.

Dagster's daemon and webserver load it from ``dagster.yaml``. The message holds only the run's id; the worker opens
Dagster's instance by its own settings, so that machines share no path. Celery notices a worker process that ends, but
not a lost machine, whose task stays "started" for ever. The health check therefore asks the machine for its tasks.
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

from pipelines.platform.forked_process import end_with_parent
from pipelines.platform.run_host import execute_run
from pipelines.platform.run_starting import await_start

QUEUE: Final = "dagster"
_INSPECT_SECONDS: Final = 3.0
_MAX_FAILED_CHECKS: Final = 6
"""Consecutive checks, one each 5 s by run monitoring: a busy machine may answer late."""


class FleetRunLauncher(CeleryRunLauncher):
    """Starts runs as Celery tasks; a free worker takes the next one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - arguments of the Celery launcher
        super().__init__(*args, **kwargs)
        self._failed_checks: Counter[str] = Counter()
        self._task = _execute_task(self.celery)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Put the run's id into the broker."""
        run = context.dagster_run
        self._launch_celery_task_run(
            run=run, task_signature=self._task.si(run.run_id), routing_key=TASK_EXECUTE_JOB_NAME
        )

    @property
    def supports_resume_run(self) -> bool:
        """False: a lost run is followed by a new run."""
        return False

    def terminate(self, run_id: str) -> bool:
        """Interrupt the run's worker, after which Dagster reports the run as canceled. False when it has ended.

        A run that still waits in the broker is not removed from it; its worker then finds the report cancelled.
        """
        run = await_start(self._instance, run_id)
        if run is None or run.is_finished or DAGSTER_CELERY_TASK_ID_TAG not in run.tags:
            return False
        self._instance.report_run_canceling(run)
        return super().terminate(run_id)

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Celery's state of the task; for "started" also whether the worker's machine still executes it."""
        task_id = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        if task_id is None:
            return CheckRunHealthResult(WorkerStatus.UNKNOWN, "it has not been passed to Celery yet")
        health = super().check_run_worker_health(run)
        return self._check_machine(run, task_id) if health.status is WorkerStatus.RUNNING else health

    def _check_machine(self, run: DagsterRun, task_id: str) -> CheckRunHealthResult:
        result = self.celery.AsyncResult(task_id)
        info = result.info
        host = info.get("hostname") if isinstance(info, dict) else None
        if host is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        active = (self.celery.control.inspect([host], timeout=_INSPECT_SECONDS).active() or {}).get(host)
        if active is not None and any(task["id"] == task_id for task in active):
            self._failed_checks.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if self.celery.AsyncResult(task_id).state != "STARTED":  # it ended during the inspection
            return super().check_run_worker_health(run)
        self._failed_checks[run.run_id] += 1
        if self._failed_checks[run.run_id] < _MAX_FAILED_CHECKS:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        del self._failed_checks[run.run_id]
        reason = "does not answer" if active is None else "no longer executes it"
        return CheckRunHealthResult(WorkerStatus.FAILED, f"its worker {host} {reason}: killed, lost or restarted")


def make_worker_app(broker_url: str) -> Celery:
    """The Celery application of a worker: one forked process per run, so that no run inherits the memory of another."""
    app = make_app(  # type: ignore[no-untyped-call]
        app_args={
            "broker": broker_url,
            "backend": broker_url,
            "config_source": {
                "worker_disable_prefetch": True,  # a run waits in the broker, not in a busy worker
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
        end_with_parent(os.getppid())  # no run may continue unmonitored after its worker was killed
        signal.signal(signal.SIGINT, signal.default_int_handler)
        setup_interrupt_handlers()
        execute_run(run_id)

    return execute
