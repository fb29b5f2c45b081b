"""Removes Dagster's old records: of runs that made no asset, and the output of all runs.

Runs that made assets stay: Dagster derives from their events which partitions exist.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import dagster as dg
from dagster._core.storage.event_log import SqlEventLogStorageTable
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable
from sqlalchemy import delete

_ENDED: Final = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_MOST_RUNS: Final = 20_000
"""In one call, so that a first call in an old home ends; the next night continues."""
_BATCH: Final = 100
"""Of one transaction, for which other writers of a SQLite file wait."""


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
            _delete(instance, [record.dagster_run.run_id for record in records])
            removed += len(records)
    return removed


def _delete(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> None:
    """Remove ended runs without assets, events first, so that an interrupted call is continued by the next one.

    ``DagsterInstance.delete_run`` connects five times for each run: with Postgres 20,000 runs would take an hour.
    """
    events: Any = instance.event_log_storage  # SqlEventLogStorage and SqlRunStorage, whether SQLite or Postgres
    runs: Any = instance.run_storage
    with events.index_connection() as connection:
        connection.execute(delete(SqlEventLogStorageTable).where(SqlEventLogStorageTable.c.run_id.in_(run_ids)))
    with runs.connect() as connection:
        for table in (RunTagsTable, RunsTable):
            connection.execute(delete(table).where(table.c.run_id.in_(run_ids)))


def _remove_outputs(instance: dg.DagsterInstance, before: datetime) -> int:
    """The folder of a run is as old as its last new file; a run may not last longer than two hours."""
    removed = 0
    for folder in Path(instance.storage_directory()).glob("*/compute_logs"):
        if datetime.fromtimestamp(folder.stat().st_mtime, UTC) < before:
            shutil.rmtree(folder.parent, ignore_errors=True)
            removed += 1
    return removed
