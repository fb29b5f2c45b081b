"""The identity of workers, and whether they live, with real processes."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from dagster._core.storage.tags import HIDDEN_TAG_PREFIX

from pipelines.platform.worker_identity import TAG_WORKER, WorkerIdentity, current_worker

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_worker_survives_its_tag() -> None:
    """What is written on the run is read back as the same worker."""
    assert WorkerIdentity.from_tag(current_worker().to_tag()) == current_worker()
    assert current_worker().is_alive()


def test_the_worker_of_a_run_is_read_from_its_tags() -> None:
    """Runs of an earlier version have another tag; the retry of such a run has both, and the newer one is its own."""
    own, former = current_worker(), replace(current_worker(), pid=1)
    old = {"policycortex/worker": former.to_tag()}
    assert WorkerIdentity.of_run({}) is None
    assert WorkerIdentity.of_run(old) == former
    assert WorkerIdentity.of_run(old | {TAG_WORKER: own.to_tag()}) == own
    assert TAG_WORKER.startswith(HIDDEN_TAG_PREFIX)


def test_a_killed_process_is_dead_before_anybody_waited_for_it() -> None:
    """A zombie executes nothing."""
    with subprocess.Popen(SLEEPER) as process:
        worker = WorkerIdentity.of_process(process.pid)
        assert worker.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not worker.is_alive()
        assert not worker.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("change", [{"boot_id": "before the power cut"}, {"started_ticks": 1}])
def test_another_process_under_the_same_id_is_not_the_worker(change: dict[str, object]) -> None:
    """After a restart of the machine, or when the id was given again."""
    other = replace(current_worker(), **change)  # type: ignore[arg-type]
    assert not other.is_alive()


def test_nobody_runs_under_an_id_that_is_free() -> None:
    """Creating its identity is an error; a check of an identity is not."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        worker = WorkerIdentity.of_process(process.pid)
        process.wait()
    assert not worker.is_alive()
    with pytest.raises(ProcessLookupError):
        WorkerIdentity.of_process(process.pid)
