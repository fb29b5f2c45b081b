"""What Dagster must start and show: reports that are due, and schedules."""

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from policycortex.names import ReportStatus
from policycortex.requests.model import request_from_json
from policycortex.requests.report_partitions import partition_key_of
from policycortex.scheduling.recurrence import Recurrence, recurrence_of
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, ReportRow, open_registry

_REQUESTER_STARTS_IT: Final = timedelta(seconds=90)
"""A report that was requested for now is started by the process that accepted the request, unless it died."""

_SCHEDULE_STARTS_IT: Final = timedelta(seconds=15)
"""The evaluation of a schedule requests the run of a tick that it claimed within a moment."""

_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReport:
    """One report that needs a run, with the values of the run's tags."""

    report_id: str
    organization: str
    framework: str | None
    partition_key: str
    schedule_id: str | None
    tick: str | None
    """The nominal tick, ISO 8601 in UTC; None for reports without schedule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnabledSchedule:
    """A schedule as Dagster shows it."""

    id: str
    organization: str
    name: str
    plain_cron: str
    timezone: str
    revision: int
    recurrence: Recurrence


def load_startable_reports(
    settings: Settings, *, now: datetime, claimed: Collection[str] = ()
) -> tuple[DueReport, ...]:
    """Due reports that no other process is about to start, or that the caller has ``claimed``.

    At most 200, the longest due first.
    """
    with closing(open_registry(settings)) as registry:
        found = registry.reports.list_open_reports(before=now)
        rows = [row for row in found if _is_startable(row, now, is_claimed=row.id in claimed)]
        return tuple(_due(registry, row) for row in rows[:_MOST])


def load_due_reports(settings: Settings, report_ids: Sequence[str]) -> tuple[DueReport, ...]:
    """These reports, in the given order."""
    with closing(open_registry(settings)) as registry:
        return tuple(_due(registry, registry.reports.find_report(report_id)) for report_id in report_ids)


def note_run(settings: Settings, report_id: str, run_id: str) -> None:
    """Record the run that makes the report."""
    with closing(open_registry(settings)) as registry:
        registry.reports.set_run(report_id, run_id)


def load_watched_runs(settings: Settings, *, now: datetime) -> dict[str, str]:
    """Run id to report id of each unfinished due report: a run may end without notice, so the runs are watched."""
    with closing(open_registry(settings)) as registry:
        return {row.run_id: row.id for row in registry.reports.list_open_reports(before=now) if row.run_id is not None}


def release_report(settings: Settings, report_id: str, run_id: str) -> None:
    """The run ended without finishing the report: it waits for another run."""
    with closing(open_registry(settings)) as registry:
        registry.reports.release_run(report_id, run_id)


def load_enabled_schedules(settings: Settings) -> tuple[EnabledSchedule, ...]:
    """All enabled schedules that have not ended; none if the installation has no database yet, which is not created."""
    if settings.database_url is None and not (settings.home / "registry.sqlite").exists():
        return ()
    with closing(open_registry(settings)) as registry:
        rows, _ = registry.schedules.list_schedules(None, is_enabled=True, limit=1_000_000)
    return tuple(
        EnabledSchedule(
            id=row.id,
            organization=row.organization,
            name=row.name,
            plain_cron=recurrence.cron.plain_text,
            timezone=row.timezone,
            revision=row.revision,
            recurrence=recurrence,
        )
        for row in rows
        if row.next_tick_at is not None
        for recurrence in (recurrence_of(row.cron, row.timezone, row.body["schedule"]),)
    )


def load_schedule_marks(settings: Settings) -> dict[str, int]:
    """Id to revision of each enabled schedule that has not ended; if nothing differs, none needs to be loaded again."""
    if settings.database_url is None and not (settings.home / "registry.sqlite").exists():
        return {}
    with closing(open_registry(settings)) as registry:
        return registry.schedules.list_schedule_marks()


def _is_startable(row: ReportRow, now: datetime, *, is_claimed: bool) -> bool:
    if row.status is not ReportStatus.PENDING or row.run_id is not None:
        return False
    if is_claimed:
        return True
    if row.due_at == row.created_at:
        return row.created_at <= now - _REQUESTER_STARTS_IT
    if row.due_at < row.created_at:
        return row.created_at <= now - _SCHEDULE_STARTS_IT
    return True


def _due(registry: Registry, row: ReportRow) -> DueReport:
    tick = registry.schedules.find_tick(row.id)
    return DueReport(
        report_id=row.id,
        organization=row.organization,
        framework=row.framework,
        partition_key=partition_key_of(request_from_json(row.order)),
        schedule_id=tick.schedule_id if tick is not None else None,
        tick=tick.tick.isoformat() if tick is not None else None,
    )
