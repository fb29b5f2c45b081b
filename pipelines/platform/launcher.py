"""Dagster's run launcher for an embedded home: starts runs in the run host and checks their processes.

Dagster's daemon and webserver load it from ``dagster.yaml``.
"""

import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from dagster import DagsterRun, DagsterRunStatus, StringSource
from dagster._core.errors import DagsterLaunchFailedError
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from pipelines.platform.run_host_socket import send_request
from pipelines.platform.run_starting import await_start
from pipelines.platform.worker_identity import WorkerIdentity

_PROBE_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 45.0  # a run host that was killed is back after 5 to 10 seconds of imports


class ForkingRunLauncher(RunLauncher, ConfigurableClass):
    """Starts runs through ``pipelines.platform.run_host``, which listens at the configured socket."""

    def __init__(self, socket_path: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._socket_path = Path(socket_path)
        self._inst_data = inst_data
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """The configuration that this object was created from."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """``socket_path``: the socket of the run host."""
        return {"socket_path": StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """Create the launcher from ``dagster.yaml``; called by Dagster."""
        return cls(inst_data=inst_data, **config_value)

    def is_answering(self) -> bool:
        """Whether the run host would start a run now."""
        try:
            send_request(self._socket_path, {}, timeout_seconds=_PROBE_SECONDS)
        except OSError:
            return False
        return True

    def launch_run(self, context: LaunchRunContext) -> None:
        """Have the run host fork the run; waits while the host restarts. Raises DagsterLaunchFailedError."""
        run_id = context.dagster_run.run_id
        deadline = time.monotonic() + _RETRY_SECONDS
        while True:
            try:
                response = send_request(self._socket_path, {"run_id": run_id}, timeout_seconds=10)
            except OSError as error:
                if time.monotonic() > deadline:
                    raise DagsterLaunchFailedError(  # type: ignore[no-untyped-call]
                        f"no run host answers at {self._socket_path} ({error}); is `policycortex serve` running?"
                    ) from error
                time.sleep(0.2)
            else:
                pid = WorkerIdentity.from_tag(response["worker"]).pid
                self._instance.report_engine_event(f"Forked by the run host as process {pid}.", context.dagster_run)
                return

    def terminate(self, run_id: str) -> bool:
        """Interrupt the run's worker, after which Dagster reports the run as canceled. False for a finished run."""
        run = await_start(self._instance, run_id)
        if run is None or run.is_finished:
            return False
        worker = WorkerIdentity.of_run(run.tags)
        self._instance.report_run_canceling(run)
        if worker is not None and worker.send_signal(signal.SIGTERM):
            return True
        self._instance.report_run_canceled(run, "The worker process of the run has already ended.")
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """True: the state of a process is known exactly."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the process that executes the run still lives. RUNNING for a run whose worker is not known yet."""
        worker = WorkerIdentity.of_run(run.tags)
        if worker is None or worker.is_alive():
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        current = self._instance.get_run_by_id(run.run_id)
        if current is not None and current.status != DagsterRunStatus.STARTED:
            return CheckRunHealthResult(WorkerStatus.SUCCESS)
        reason = f"its worker process {worker.pid} has ended: killed, out of memory, or the machine restarted"
        return CheckRunHealthResult(WorkerStatus.FAILED, reason)
