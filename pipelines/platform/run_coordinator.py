"""Dagster's run queue for an embedded home: a run that fits into all limits starts when it is submitted.

Dagster's daemon looks at its queue once a second; each report would wait half a second for that. A run that may have to
wait for another one is left to the daemon, which knows priorities, pools and limits of tags.
"""

from pathlib import Path
from typing import Any, Final

from dagster import DagsterRun, DagsterRunStatus, QueuedRunCoordinator, RunsFilter
from filelock import FileLock, Timeout

from pipelines.platform.launcher import ForkingRunLauncher

_LOCK_SECONDS: Final = 1.0
_TAKING_PLACES: Final = (
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
)


class PromptRunCoordinator(QueuedRunCoordinator):
    """Launches a submitted run at once where no limit can concern it, and queues it otherwise."""

    def submit_run(self, context: Any) -> DagsterRun:  # noqa: ANN401 - Dagster's SubmitRunContext
        """Launch or queue the run. Processes that submit runs take turns, so that two do not take one place."""
        run: DagsterRun = context.dagster_run
        launcher = self._instance.run_launcher
        if isinstance(launcher, ForkingRunLauncher) and run.status is DagsterRunStatus.NOT_STARTED:
            try:
                with FileLock(Path(self._instance.root_directory) / "submitting.lock", timeout=_LOCK_SECONDS):
                    if self._fits(run) and launcher.is_answering():
                        return self._instance.launch_run(run.run_id, context.workspace)
            except Timeout:  # the process with the lock waits for the run host
                pass
        return super().submit_run(context)

    def _fits(self, run: DagsterRun) -> bool:
        """Whether the run, all active and all waiting runs together fit into each limit that can concern the run.

        Then it takes the place of no other, whatever the daemon chooses at this moment. A run with pools has to wait.
        """
        queue = self._instance.get_concurrency_config().run_queue_config
        if run.run_op_concurrency is not None or queue is None:
            return False
        limits = [limit["limit"] for limit in queue.tag_concurrency_limits if limit["key"] in run.tags]
        if queue.max_concurrent_runs >= 0:  # -1 is no limit
            limits.append(queue.max_concurrent_runs)
        taken = self._instance.get_runs_count(RunsFilter(statuses=_TAKING_PLACES))
        return all(taken < limit for limit in limits)
