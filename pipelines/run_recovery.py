"""What becomes of a report whose runs ended without it: started again where a run was lost, failed where it spoke.

Dagster's own retry gives up for good when the code server is away in the very second in which it would retry, and is
bounded to two. A schedule's report must come through a worse day than that, so the registry's word counts: as long as a
report is open, its runs are looked at, and a lost one is followed by another, later each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import dagster as dg

from policycortex.names import MOST_RUNS, OWN_FAILURES, TAG_FAILURE_REASON, TAG_WILL_RETRY

_FIRST_DELAY: Final = timedelta(seconds=15)
_LONGEST_DELAY: Final = timedelta(minutes=10)
_DAGSTER_RETRIES_WITHIN: Final = timedelta(seconds=60)
_ENDED_BADLY: Final = frozenset({dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED})
_CANCELED: Final = "its run was canceled in Dagster; order the report again"


class RunState(StrEnum):
    """What a report's runs say."""

    NEW = "new"
    """It never had one."""
    UNDER_WAY = "under way"
    RESTING = "resting"
    """The newest was lost; another follows when its time has come."""
    LOST = "lost"
    """The newest was lost, and another is due now."""
    OVER = "over"
    """The report's own failure, a person's cancellation, or lost too often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """One run of a report; ``ended_at`` in UTC, None while it goes on."""

    run_id: str
    status: dg.DagsterRunStatus
    tags: dict[str, str]
    ended_at: datetime | None


def run_state_of(runs: Sequence[RunEnd], *, now: datetime) -> RunState:
    """Judge by all runs of one report, newest first."""
    if not runs:
        return RunState.NEW
    newest = runs[0]
    if newest.status not in _ENDED_BADLY:
        return RunState.UNDER_WAY
    is_own = newest.tags.get(TAG_FAILURE_REASON) in OWN_FAILURES
    if newest.status is dg.DagsterRunStatus.CANCELED or is_own or len(runs) >= MOST_RUNS:
        return RunState.OVER
    rest = min(_FIRST_DELAY * int(2 ** (len(runs) - 1)), _LONGEST_DELAY)
    if newest.tags.get(TAG_WILL_RETRY) == "true":
        rest = max(rest, _DAGSTER_RETRIES_WITHIN)
    return RunState.RESTING if newest.ended_at is None or now < newest.ended_at + rest else RunState.LOST


def runs_of(instance: dg.DagsterInstance, tag: str, value: str) -> tuple[RunEnd, ...]:
    """The newest runs that carry the tag, newest first."""
    records = instance.get_run_records(dg.RunsFilter(tags={tag: value}), limit=MOST_RUNS)
    return tuple(
        RunEnd(
            run_id=record.dagster_run.run_id,
            status=record.dagster_run.status,
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
    if run.status is dg.DagsterRunStatus.CANCELED:
        return _CANCELED
    logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    said = [log.get_dagster_event().message for log in logs]
    return next((text for text in reversed(said) if text), "its run ended and left no reason")
