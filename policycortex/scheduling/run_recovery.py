"""When a report whose run ended without it gets another run.

Dagster's own retry gives up when the code server is down at the moment of the retry, and is limited to two. Therefore
the registry decides: while a report is open, its runs are checked, and a lost run is followed by another one, after a
delay that doubles each time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from policycortex.names import MOST_RUNS, OWN_FAILURES, TAG_FAILURE_REASON, TAG_WILL_RETRY

FAILURE: Final = "FAILURE"
CANCELED: Final = "CANCELED"
CANCELED_IN_DAGSTER: Final = "its run was canceled in Dagster; request the report again"
"""The failure message of a report whose run a person canceled in Dagster's UI."""

_FIRST_DELAY: Final = timedelta(seconds=15)
_LONGEST_DELAY: Final = timedelta(minutes=10)
_DAGSTER_RETRY_DELAY: Final = timedelta(seconds=60)
_ENDED_WITHOUT_REPORT: Final = frozenset({FAILURE, CANCELED})


class RunState(StrEnum):
    """State of a report's runs as a whole."""

    NEW = "new"
    """No run was started yet."""
    ACTIVE = "active"
    """The newest run is queued, running or successful."""
    WAITING = "waiting"
    """The newest run was lost; another one follows after its delay."""
    LOST = "lost"
    """The newest run was lost, and another one is due now."""
    FINAL = "final"
    """No further run follows: the report itself failed, a person canceled the run, or too many runs were lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRun:
    """One run of a report."""

    run_id: str
    status: str
    """Dagster's run status, such as ``STARTED`` or ``FAILURE``."""
    tags: Mapping[str, str]
    ended_at: datetime | None
    """UTC; None while the run has not ended."""


def run_state_of(runs: Sequence[ReportRun], *, now: datetime) -> RunState:
    """State by all runs of one report, newest first."""
    if not runs:
        return RunState.NEW
    if any(run.status not in _ENDED_WITHOUT_REPORT for run in runs):
        return RunState.ACTIVE
    newest = runs[0]
    if newest.status == CANCELED or _failed_itself(newest) or len(runs) >= MOST_RUNS:
        return RunState.FINAL
    delay = min(_FIRST_DELAY * int(2 ** (len(runs) - 1)), _LONGEST_DELAY)
    if newest.tags.get(TAG_WILL_RETRY) == "true":
        delay = max(delay, _DAGSTER_RETRY_DELAY)
    return RunState.WAITING if newest.ended_at is None or now < newest.ended_at + delay else RunState.LOST


def _failed_itself(run: ReportRun) -> bool:
    """Whether the report failed for a reason of its own. All other failed runs were lost."""
    return run.tags.get(TAG_FAILURE_REASON) in OWN_FAILURES
