"""When a report will be completed, estimated from the queue and from the duration of earlier reports."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from policycortex.storage.registry import Registry, ReportRow

_DEFAULT_DURATION: Final = timedelta(seconds=30)
"""Used until the organisation has a completed report of the type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An estimate as of now."""

    queue_position: int
    """1 is next."""
    duration: timedelta
    """Of the run alone, without the queue."""
    completion_at: datetime


def estimate_report(registry: Registry, report: ReportRow, *, now: datetime) -> Estimate:
    """For an open report. Only the organisation's own reports count, so that nothing of others is disclosed."""
    position, seconds = registry.reports.load_queue(report)
    duration = timedelta(seconds=seconds) if seconds is not None else _DEFAULT_DURATION
    if report.started_at is not None:
        completion = max(report.started_at + duration, now)
    else:
        completion = max(report.due_at, now) + duration * position
    return Estimate(queue_position=position, duration=duration, completion_at=completion)
