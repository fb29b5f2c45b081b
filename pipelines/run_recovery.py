"""The runs of a report as Dagster's instance has them; ``policycortex.scheduling.run_recovery`` decides by them."""

from collections.abc import Sequence
from typing import Final

import dagster as dg

from policycortex.names import MOST_RUNS
from policycortex.scheduling.run_recovery import CANCELED, CANCELED_IN_DAGSTER, RunEnd

_ENDED_BADLY: Final = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def runs_of(instance: dg.DagsterInstance, tag: str, value: str) -> tuple[RunEnd, ...]:
    """The newest runs that carry the tag, newest first."""
    records = instance.get_run_records(dg.RunsFilter(tags={tag: value}), limit=MOST_RUNS)
    return tuple(
        RunEnd(
            run_id=record.dagster_run.run_id,
            status=record.dagster_run.status.value,
            tags=dict(record.dagster_run.tags),
            ended_at=record.update_timestamp if record.dagster_run.is_finished else None,
        )
        for record in records
    )


def ended_badly(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> tuple[str, ...]:
    """Which of these runs failed or were canceled."""
    if not run_ids:
        return ()
    runs = instance.get_runs(dg.RunsFilter(run_ids=list(run_ids), statuses=list(_ENDED_BADLY)))
    return tuple(run.run_id for run in runs)


def reason_of(instance: dg.DagsterInstance, run: RunEnd) -> str:
    """Why the run ended, for the report's failure."""
    if run.status == CANCELED:
        return CANCELED_IN_DAGSTER
    logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    said = [log.get_dagster_event().message for log in logs]
    return next((text for text in reversed(said) if text), "its run ended and left no reason")
