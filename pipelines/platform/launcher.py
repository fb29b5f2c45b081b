"""Dagster's plug-in that starts runs in the run host and tells truly whether they live. The daemon imports it."""

import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from dagster import DagsterRun, DagsterRunStatus, StringSource
from dagster._core.errors import DagsterLaunchFailedError
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from pipelines.platform.run_host_socket import ask
from pipelines.platform.run_starting import await_start
from pipelines.platform.worker_identity import TAG_WORKER, Worker

_PATIENCE_SECONDS: Final = 45.0  # a host that was killed is back after its 5 to 10 seconds of imports


class ForkingRunLauncher(RunLauncher, ConfigurableClass):
    """Runs are forked by ``pipelines.platform.run_host``, which listens at the configured socket."""

    def __init__(self, socket_path: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._socket_path = Path(socket_path)
        self._inst_data = inst_data
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """What this was configured from."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """``socket_path``: where the run host listens."""
        return {"socket_path": StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """As Dagster makes it from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Have the run forked; waits while the host starts again. Raises DagsterLaunchFailedError."""
        run_id = context.dagster_run.run_id
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                answer = ask(self._socket_path, {"run_id": run_id}, timeout_seconds=10)
            except OSError as error:
                if time.monotonic() > deadline:
                    raise DagsterLaunchFailedError(  # type: ignore[no-untyped-call]
                        f"no run host answers at {self._socket_path} ({error}); is `policycortex serve` running?"
                    ) from error
                time.sleep(0.2)
            else:
                self._instance.report_engine_event(
                    f"Forked by the run host as process {Worker.from_tag(answer['worker']).pid}.", context.dagster_run
                )
                return

    def terminate(self, run_id: str) -> bool:
        """Interrupt the run's worker; Dagster then reports it cancelled. False when it was gone already."""
        run = await_start(self._instance, run_id)
        if run is None or run.is_finished:
            return False
        worker = _worker_of(run)
        self._instance.report_run_canceling(run)
        if worker is not None and worker.send_signal(signal.SIGTERM):
            return True
        self._instance.report_run_canceled(run, "Its worker is gone already.")
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """True: the kernel knows."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the process that executes the run still lives. A run without a known worker is not judged."""
        worker = _worker_of(run)
        if worker is None or worker.is_alive():
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        recent = self._instance.get_run_by_id(run.run_id)
        if recent is not None and recent.status != DagsterRunStatus.STARTED:
            return CheckRunHealthResult(WorkerStatus.SUCCESS)
        told = f"its worker, process {worker.pid}, is gone: killed, out of memory, or the machine restarted"
        return CheckRunHealthResult(WorkerStatus.FAILED, told)


def _worker_of(run: DagsterRun) -> Worker | None:
    tag = run.tags.get(TAG_WORKER)
    return Worker.from_tag(tag) if tag else None
