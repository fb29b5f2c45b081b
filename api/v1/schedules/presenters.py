"""Response bodies of schedules, made from the registry's rows."""

from datetime import datetime
from zoneinfo import ZoneInfo

from api.v1.schedules.schemas import (
    RunAnswer,
    ScheduleAnswer,
    SplitPartAnswer,
    SplitPartDestination,
    SplitPartList,
    TimingAnswer,
)
from policycortex.scheduling.misfire import MisfirePolicy
from policycortex.storage.registry.schedule_rows import ScheduleRow, TickRow
from policycortex.workflow.schedule_parts import SplitPreview
from policycortex.workflow.scheduling import preview_runs


def present_schedule(row: ScheduleRow, last: TickRow | None, *, now: datetime, base_url: str) -> ScheduleAnswer:
    """The schedule with its next and its last run."""
    given = row.body["schedule"]
    timing = TimingAnswer(
        cron=str(given.get("cron") or row.cron),
        calendar=given.get("calendar"),
        timezone=row.timezone,
        start_date=given.get("start_date"),
        end_date=given.get("end_date"),
        misfire=MisfirePolicy(row.misfire),
        grace_seconds=row.grace_seconds,
    )
    return ScheduleAnswer(
        id=row.id,
        name=row.name,
        description=row.description,
        schedule=timing,
        report_template=dict(row.body["report_template"]),
        delivery=dict(row.body.get("delivery") or {}),
        split=row.body.get("split"),
        enabled=row.is_enabled,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        next_runs=[run.astimezone(ZoneInfo(row.timezone)) for run in preview_runs(row, now=now)],
        last_run=present_run(last, base_url) if last is not None else None,
    )


def present_run(tick: TickRow, base_url: str) -> RunAnswer:
    """One handled tick with the status of its report."""
    return RunAnswer(
        scheduled_for=tick.tick,
        started_at=tick.claimed_at,
        manual=tick.is_manual,
        part=tick.part or None,
        report_id=tick.report_id,
        status=tick.report_status or ("failed" if tick.is_invalid else "skipped"),
        reason=tick.reason or None,
        delivery_status=tick.delivery_status,
        completed_at=tick.completed_at,
        report_url=f"{base_url}/v1/reports/{tick.report_id}" if tick.report_id is not None else None,
    )


def present_parts(preview: SplitPreview | None) -> SplitPartList:
    """The parts of a schedule with what each would hold."""
    if preview is None:
        return SplitPartList(parts=[], uncovered={})
    parts = [
        SplitPartAnswer(
            name=part.name,
            values=list(part.values),
            findings=part.findings,
            is_empty=part.findings == 0,
            deliveries=[SplitPartDestination.model_validate(delivery) for delivery in part.deliveries],
        )
        for part in preview.parts
    ]
    return SplitPartList(parts=parts, uncovered=dict(preview.uncovered))
