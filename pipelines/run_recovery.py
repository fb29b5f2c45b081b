"""Reads the runs of a report from Dagster's instance. ``policycortex.scheduling.run_recovery`` decides what follows."""

from collections.abc import Sequence
from typing import Final

import dagster as dg

from policycortex.names import MOST_RUNS
from policycortex.scheduling.run_recovery import CANCELED, CANCELED_IN_DAGSTER, ReportRun

_FAILED_OR_CANCELED: Final = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def runs_of(instance: dg.DagsterInstance, tag: str, value: str) -> tuple[ReportRun, ...]:
    """The newest MOST_RUNS runs that have the tag, newest first."""
    records = instance.get_run_records(dg.RunsFilter(tags={tag: value}), limit=MOST_RUNS)
    return tuple(
        ReportRun(
            run_id=record.dagster_run.run_id,
            status=record.dagster_run.status.value,
            tags=dict(record.dagster_run.tags),
            ended_at=record.update_timestamp if record.dagster_run.is_finished else None,
        )
        for record in records
    )


def failed_or_canceled(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> tuple[str, ...]:
    """Ids of those of these runs that failed or were canceled."""
    if not run_ids:
        return ()
    runs = instance.get_runs(dg.RunsFilter(run_ids=list(run_ids), statuses=list(_FAILED_OR_CANCELED)))
    return tuple(run.run_id for run in runs)


def failure_reason(instance: dg.DagsterInstance, run: ReportRun) -> str:
    """Why the run ended; the message of the report's failure."""
    if run.status == CANCELED:
        return CANCELED_IN_DAGSTER
    logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    messages = [log.get_dagster_event().message for log in logs]
    return next((text for text in reversed(messages) if text), "its run ended without a reason")
