"""Request and response bodies and query parameters of schedules."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from api.platform.listing import PageQuery
from api.platform.responses import LocalMoment, Moment, Pagination, ResponseModel
from policycortex.field_types import Strict, check_text
from policycortex.names import DeliveryStatus
from policycortex.scheduling.misfire import MisfirePolicy


class ScheduleQuery(PageQuery):
    """Filters of the list."""

    enabled: bool | None = None
    created_by: str | None = Field(
        default=None, max_length=32, description="Id of the key that made it, before or after rotations"
    )
    q: Annotated[str, AfterValidator(check_text)] | None = Field(
        default=None, max_length=200, description="Found in name or description, case-insensitive"
    )


class TimingAnswer(ResponseModel):
    """When the schedule runs."""

    cron: str = Field(
        examples=["0 9 1 * *"],
        description="As given; for a calendar rule the expression of its days and time, without regard to weeks",
    )
    calendar: dict[str, Any] | None = Field(default=None, description="The calendar rule as given; null with cron")
    timezone: str = Field(examples=["America/New_York"])
    start_date: date | None = Field(default=None, description="First day on which it may run, in its time zone")
    end_date: date | None = Field(default=None, description="Last day on which it may run, in its time zone")
    misfire: MisfirePolicy
    grace_seconds: int


class RunAnswer(ResponseModel):
    """One handled tick: the report it requested, or the reason why there is none."""

    scheduled_for: Moment = Field(description="The tick, UTC")
    started_at: Moment = Field(description="When the tick was handled")
    manual: bool = Field(description="Started by `POST .../run`, not by a tick")
    part: str | None = Field(default=None, description="Part of a split schedule; null if it makes one report")
    report_id: str | None
    status: str = Field(
        description="The report's status; without a report: failed if none could be requested, else skipped",
        examples=["completed"],
    )
    reason: str | None = Field(description="Why there is no report")
    delivery_status: DeliveryStatus | None = Field(
        default=None, description="The worst status of its deliveries, failed first and sent last"
    )
    completed_at: Moment | None
    report_url: str | None


class ScheduleAnswer(ResponseModel):
    """A schedule as it was given, with its next and its last run."""

    id: str = Field(examples=["sch_1234567890abcdef"])
    name: str
    description: str
    schedule: TimingAnswer
    report_template: dict[str, Any]
    delivery: dict[str, Any]
    split: dict[str, Any] | None = Field(default=None, description="As given; null if it makes one report")
    enabled: bool
    created_at: Moment
    created_by: str | None = Field(description="Id of the key that made it; null if it was not made over the API")
    updated_at: Moment
    next_runs: list[LocalMoment] = Field(
        description="The next five ticks, in the schedule's zone with its offset; none while disabled or after its end"
    )
    last_run: RunAnswer | None


class ScheduleList(ResponseModel):
    """A page of schedules."""

    schedules: list[ScheduleAnswer]
    pagination: Pagination


class RunList(ResponseModel):
    """A page of a schedule's runs, newest first."""

    runs: list[RunAnswer]
    pagination: Pagination


class RunNowAnswer(ResponseModel):
    """The report that was requested without a tick."""

    schedule_id: str
    report_id: str
    report_ids: list[str] = Field(default=[], description="All reports, one for each part of a split schedule")
    status: str
    progress_url: str


class SplitPartDestination(ResponseModel):
    """Where the report of a part goes."""

    channel: str
    connection: str
    target: str


class SplitPartAnswer(ResponseModel):
    """One part of a split schedule, as a run now would have it."""

    name: str
    values: list[str] = Field(description="Its accounts, or its environment")
    findings: int = Field(description="In the period of a run now")
    is_empty: bool = Field(description="Its report would have no findings")
    deliveries: list[SplitPartDestination]


class SplitPartList(ResponseModel):
    """The parts of a schedule; none if it makes one report."""

    parts: list[SplitPartAnswer]
    uncovered: dict[str, int] = Field(
        description="Accounts or environments that have findings and no report, with the number of findings"
    )


class TemplateList(ResponseModel):
    """Schedule templates; each is a body for ``POST /v1/reports/schedules`` once a delivery is added."""

    templates: list[dict[str, Any]]


class SchedulePatch(Strict):
    """Fields to change; absent fields stay. ``schedule`` is merged field by field, the others are replaced."""

    name: str | None = None
    description: str | None = None
    schedule: dict[str, Any] | None = None
    report_template: dict[str, Any] | None = None
    delivery: dict[str, Any] | None = None
    split: dict[str, Any] | None = Field(default=None, description="null: one report for all")
    enabled: bool | None = None
