"""When a report will be there: from the queue before it and from how long such reports took."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from policycortex.storage.registry import Registry, ReportRow

_FIRST_GUESS: Final = timedelta(seconds=30)
"""Before the organisation has any completed report of the type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A guess that is made again whenever it is asked for."""

    queue_position: int
    duration: timedelta
    """Of the making alone."""
    completion_at: datetime


def estimate_report(registry: Registry, report: ReportRow, *, now: datetime) -> Estimate:
    """For an open report. Only the organisation's own reports count: another's queue is not ours to tell."""
    position, seconds = registry.reports.load_queue(report)
    duration = timedelta(seconds=seconds) if seconds is not None else _FIRST_GUESS
    if report.started_at is not None:
        completion = max(report.started_at + duration, now)
    else:
        completion = max(report.due_at, now) + duration * position
    return Estimate(queue_position=position, duration=duration, completion_at=completion)
