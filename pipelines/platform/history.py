"""Removes Dagster's old records: of runs that made no asset, and the output of all runs.

Runs that made assets stay: Dagster derives from their events which partitions exist.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import dagster as dg

_ENDED: Final = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_MOST_RUNS: Final = 20_000
"""In one call, so that a first call in an old home ends; the next night continues."""
_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedHistory:
    """What one call removed."""

    runs: int
    outputs: int
    """Folders with the output of a run's process."""


def remove_history(instance: dg.DagsterInstance, *, jobs: Sequence[str], before: datetime) -> RemovedHistory:
    """Remove runs of ``jobs`` that ended before that time, and the output of all runs that is older."""
    return RemovedHistory(runs=_remove_runs(instance, jobs, before), outputs=_remove_outputs(instance, before))


def _remove_runs(instance: dg.DagsterInstance, jobs: Sequence[str], before: datetime) -> int:
    removed = 0
    for job in jobs:
        wanted = dg.RunsFilter(job_name=job, statuses=list(_ENDED), updated_before=before)
        while removed < _MOST_RUNS and (records := instance.get_run_records(wanted, limit=_BATCH, ascending=True)):
            for record in records:
                instance.delete_run(record.dagster_run.run_id)
            removed += len(records)
    return removed


def _remove_outputs(instance: dg.DagsterInstance, before: datetime) -> int:
    """The folder of a run is as old as its last new file; a run may not last longer than two hours."""
    removed = 0
    for folder in Path(instance.storage_directory()).glob("*/compute_logs"):
        if datetime.fromtimestamp(folder.stat().st_mtime, UTC) < before:
            shutil.rmtree(folder.parent, ignore_errors=True)
            removed += 1
    return removed
