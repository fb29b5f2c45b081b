"""Waits until a launched run has started. An interrupt before that would be lost."""

import time
from typing import Final

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

_STARTING_SECONDS: Final = 5.0  # a forked worker reports RUN_START within 0.5 s, on a busy machine within 2 s


def await_start(instance: DagsterInstance, run_id: str) -> DagsterRun | None:
    """The run once it is past STARTING, or its state after five seconds; None for an unknown id.

    A worker that is just starting would overwrite CANCELING with STARTED and report the interrupt as a failure.
    """
    deadline = time.monotonic() + _STARTING_SECONDS
    while True:
        run = instance.get_run_by_id(run_id)
        if run is None or run.status != DagsterRunStatus.STARTING or time.monotonic() > deadline:
            return run
        time.sleep(0.05)
