"""A run between its launch and its first word, the moment in which it must not be interrupted."""

import time
from typing import Final

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

_STARTING_SECONDS: Final = 5.0  # a forked worker says RUN_START within half a second, on a busy machine two


def await_start(instance: DagsterInstance, run_id: str) -> DagsterRun | None:
    """The run once it is past STARTING, or as it stands after five seconds; None for an unknown id.

    A worker that is just starting would write STARTED over CANCELING, and then call its interrupt a failure.
    """
    deadline = time.monotonic() + _STARTING_SECONDS
    while True:
        run = instance.get_run_by_id(run_id)
        if run is None or run.status != DagsterRunStatus.STARTING or time.monotonic() > deadline:
            return run
        time.sleep(0.05)
