"""Schedules, their runs and deliveries as the API shows them."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from api.v1.reports.schemas import Pagination
from policycortex.field_types import Strict
from policycortex.scheduling.misfire import MisfirePolicy
from policycortex.storage.registry.schedule_rows import AttemptRow, DeliveryRow, DeliveryStatus, ScheduleRow, TickRow
from policycortex.workflow.scheduling import preview_runs


class TimingAnswer(BaseModel):
    """When it runs."""

    cron: str = Field(examples=["0 9 1 * *"])
    timezone: str = Field(examples=["America/New_York"])
    misfire: MisfirePolicy
    grace_seconds: int


class RunAnswer(BaseModel):
    """One tick that was dealt with: the report it ordered, or the reason why none."""

    scheduled_for: str = Field(description="The nominal tick, UTC")
    started_at: str = Field(description="When the tick was acted on")
    manual: bool = Field(description="Asked for out of turn")
    report_id: str | None
    status: str = Field(description="The report's, or skipped", examples=["completed"])
    reason: str | None = Field(description="Why it was skipped")
    completed_at: str | None
    report_url: str | None


class ScheduleAnswer(BaseModel):
    """A standing order, as it was given, with what the clock makes of it."""

    id: str = Field(examples=["sch_1234567890abcdef"])
    name: str
    description: str
    schedule: TimingAnswer
    report_template: dict[str, Any]
    delivery: dict[str, Any]
    enabled: bool
    created_at: str
    updated_at: str
    next_runs: list[str] = Field(description="The next five ticks, UTC; none while disabled")
    last_run: RunAnswer | None


class ScheduleList(BaseModel):
    """A page of schedules."""

    schedules: list[ScheduleAnswer]
    pagination: Pagination


class RunList(BaseModel):
    """A page of a schedule's runs, newest first."""

    runs: list[RunAnswer]
    pagination: Pagination


class RunNowAnswer(BaseModel):
    """The report that was ordered out of turn."""

    schedule_id: str
    report_id: str
    status: str
    progress_url: str


class TemplateList(BaseModel):
    """Ready-made schedules; each is a body for ``POST /v1/reports/schedules`` once a delivery is added."""

    templates: list[dict[str, Any]]


class AttemptAnswer(BaseModel):
    """One try."""

    number: int
    started_at: str
    ended_at: str | None
    outcome: str | None = Field(
        description="sent, refused, deferred, unreached, uncertain, withheld or lost; null while on its way"
    )
    answer: str
    payload_sha256: str | None


class DeliveryAnswer(BaseModel):
    """One report to one destination, and its proof."""

    id: str = Field(examples=["dlv_1234567890abcdef"])
    report_id: str
    schedule_id: str | None
    channel: str
    connection: str
    target: str
    status: DeliveryStatus
    attempt_count: int
    next_attempt_at: str | None
    created_at: str
    ended_at: str | None
    reason: str | None
    receipt: dict[str, Any] | None
    attempts: list[AttemptAnswer] | None = Field(description="Only in the delivery's own details")


class DeliveryList(BaseModel):
    """A page of the ledger, newest first."""

    deliveries: list[DeliveryAnswer]
    pagination: Pagination


class SchedulePatch(Strict):
    """What to change; parts left out stay. ``schedule`` is merged field by field, the others are replaced."""

    name: str | None = None
    description: str | None = None
    schedule: dict[str, Any] | None = None
    report_template: dict[str, Any] | None = None
    delivery: dict[str, Any] | None = None
    enabled: bool | None = None


def shape_schedule(row: ScheduleRow, last: TickRow | None, *, now: datetime, base_url: str) -> ScheduleAnswer:
    """The row with its preview and its last run."""
    timing = TimingAnswer(
        cron=str(row.body["schedule"]["cron"]),
        timezone=row.timezone,
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
        enabled=row.is_enabled,
        created_at=_moment(row.created_at),
        updated_at=_moment(row.updated_at),
        next_runs=[_moment(run) for run in preview_runs(row, now=now)],
        last_run=shape_run(last, base_url) if last is not None else None,
    )


def shape_run(tick: TickRow, base_url: str) -> RunAnswer:
    """One tick with its report's state."""
    return RunAnswer(
        scheduled_for=_moment(tick.tick),
        started_at=_moment(tick.claimed_at),
        manual=tick.is_manual,
        report_id=tick.report_id,
        status=tick.report_status or "skipped",
        reason=tick.reason or None,
        completed_at=_moment(tick.completed_at) if tick.completed_at is not None else None,
        report_url=f"{base_url}/v1/reports/{tick.report_id}" if tick.report_id is not None else None,
    )


def shape_delivery(row: DeliveryRow, *, has_attempts: bool = False) -> DeliveryAnswer:
    """The ledger's row; its attempts only in details."""
    is_waiting = row.status is DeliveryStatus.PENDING
    return DeliveryAnswer(
        id=row.id,
        report_id=row.report_id,
        schedule_id=row.schedule_id,
        channel=row.channel,
        connection=row.connection,
        target=row.target,
        status=row.status,
        attempt_count=row.number,
        next_attempt_at=_moment(row.next_attempt_at) if is_waiting else None,
        created_at=_moment(row.created_at),
        ended_at=_moment(row.ended_at) if row.ended_at is not None else None,
        reason=row.reason or None,
        receipt=dict(row.receipt) if row.receipt is not None else None,
        attempts=[_attempt(attempt) for attempt in row.attempts] if has_attempts else None,
    )


def page_of(total: int, limit: int, offset: int, count: int) -> Pagination:
    """Where the page lies in the whole."""
    return Pagination(total=total, limit=limit, offset=offset, has_more=offset + count < total)


def _attempt(row: AttemptRow) -> AttemptAnswer:
    return AttemptAnswer(
        number=row.number,
        started_at=_moment(row.started_at),
        ended_at=_moment(row.ended_at) if row.ended_at is not None else None,
        outcome=row.outcome,
        answer=row.answer,
        payload_sha256=row.payload_sha256,
    )


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
