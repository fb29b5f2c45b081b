"""The documented body of a schedule, and the request for a report that each of its ticks makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from policycortex.channels.connections import Connections
from policycortex.errors import ConfigurationError, NotFoundError
from policycortex.field_types import Line, Strict, Text, refuse
from policycortex.names import ReportType, SplitBy
from policycortex.requests.body import CROSSWALK_FIELD, FormatOptionsBody, Known
from policycortex.requests.destinations import ScheduleDeliveryBody, deliveries_of
from policycortex.requests.model import ReportRequest
from policycortex.requests.parsing import parse_request, validated
from policycortex.requests.report_kind import (
    FRAMEWORKS_FIELD,
    KnownEdition,
    KnownFramework,
    KnownFrameworks,
    KnownType,
    check_formats_of,
    check_scope_of,
)
from policycortex.requests.schedule_parts import SplitBody
from policycortex.requests.schedule_timing import TimingBody, recurrence_in
from policycortex.requests.scope_body import ScopeBody
from policycortex.scheduling.misfire import MisfirePolicy
from policycortex.scheduling.recurrence import Recurrence
from policycortex.security.passwords import password_problem
from policycortex.storage.registry.schedule_rows import NewDelivery


class TemplateScopeBody(ScopeBody):
    """The scope of a report, with a period relative to the tick: ``date_range_type``."""

    @field_validator("date_range")
    @classmethod
    def _relative_only(cls, value: object) -> object:
        if value is not None:
            raise refuse("A schedule's period is relative to its ticks; use date_range_type")
        return value


class ReportTemplateBody(Strict):
    """The report that each tick requests."""

    name: Line | None = Field(default=None, max_length=200, examples=["Executive Summary Template"])
    type: KnownType = Field(examples=["compliance"])
    framework: KnownFramework | None = Field(default=None, examples=["soc2"])
    frameworks: KnownFrameworks = FRAMEWORKS_FIELD
    crosswalk: KnownEdition = CROSSWALK_FIELD
    description: Text = Field(default="", max_length=2000)
    scope: Annotated[TemplateScopeBody, AfterValidator(check_scope_of)] = TemplateScopeBody()
    format_options: Annotated[FormatOptionsBody, AfterValidator(check_formats_of)] = FormatOptionsBody()

    @field_validator("format_options")
    @classmethod
    def _no_password(cls, value: FormatOptionsBody) -> FormatOptionsBody:
        if value.password is not None:
            raise refuse(
                "A schedule takes no password: it would have to be stored as long as the schedule exists."
                " Use password_name here, or request a single report with a password"
            )
        return value

    @field_validator("format_options")
    @classmethod
    def _known_password(cls, value: FormatOptionsBody, info: ValidationInfo) -> FormatOptionsBody:
        if value.password_name is None or info.context is None or "connections" not in info.context:
            return value
        connections: Connections = info.context["connections"]
        problem = named_password_problem(connections, value.password_name, info.context["organization"])
        if problem is not None:
            raise refuse(f"password_name: {problem}")
        return value


class ScheduleBody(Strict):
    """Body of ``POST /v1/reports/schedules``."""

    name: Line = Field(max_length=200, examples=["Monthly Executive Compliance Report"])
    description: Text = Field(default="", max_length=2000)
    schedule: TimingBody
    report_template: ReportTemplateBody
    delivery: ScheduleDeliveryBody = ScheduleDeliveryBody.model_construct()
    split: SplitBody | None = Field(default=None, description="One report for each account group or environment")
    enabled: bool = True

    @field_validator("split")
    @classmethod
    def _in_scope(cls, value: SplitBody | None, info: ValidationInfo) -> SplitBody | None:
        template: ReportTemplateBody | None = info.data.get("report_template")
        problem = value.problem_in(template.scope) if value is not None and template is not None else None
        if value is not None and template is not None and template.type is ReportType.POAM:
            problem = problem or _plan_problem(value.by)
        if problem is not None:
            raise refuse(problem)
        return value


def _plan_problem(by: SplitBy) -> str | None:
    is_whole = by is SplitBy.ACCOUNT_GROUP
    return None if is_whole else "A plan of action is of whole accounts: split it by account_group"


def named_password_problem(connections: Connections, name: str, organization: str) -> str | None:
    """Why the password of that name cannot be used, without any part of it; None if it can."""
    try:
        return password_problem(connections.password(name, organization))
    except (NotFoundError, ConfigurationError) as error:
        return str(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRequest:
    """A checked body of a schedule."""

    name: str
    description: str
    recurrence: Recurrence
    misfire: MisfirePolicy
    grace: timedelta
    body: Mapping[str, Any]
    """``schedule``, ``report_template``, ``delivery`` and ``split`` as given, with what ``recurrence_in`` adds."""
    is_enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """The settings that a schedule is checked against, besides ``Known``."""

    connections: Connections
    min_interval_seconds: float = 60.0


def parse_schedule(
    body: Mapping[str, Any], *, organization: str, now: datetime, known: Known, configured: Configured
) -> ScheduleRequest:
    """The schedule in ``body``. Raises RequestError whose details name every problem at once."""
    checked = validated(ScheduleBody, body, context=_context(organization, now, known, configured))
    stored = {name: body[name] for name in ("schedule", "report_template", "delivery", "split") if name in body}
    recurrence, stored["schedule"] = recurrence_in(checked.schedule, stored["schedule"], now)
    return ScheduleRequest(
        name=checked.name,
        description=checked.description,
        recurrence=recurrence,
        misfire=checked.schedule.misfire,
        grace=timedelta(seconds=checked.schedule.grace_seconds),
        body=stored,
        is_enabled=checked.enabled,
    )


def merge_patch(stored: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The changed body: parts in ``patch`` replace the stored ones, ``schedule`` field by field.

    A cron expression replaces a calendar rule, and the other way round.
    """
    merged = dict(stored)
    for name, value in patch.items():
        is_timing = name == "schedule" and isinstance(value, Mapping) and isinstance(stored.get(name), Mapping)
        merged[name] = {**_without_replaced(stored[name], value), **value} if is_timing else value
    return merged


def _without_replaced(timing: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    replaced = {other for name, other in (("cron", "calendar"), ("calendar", "cron")) if patch.get(name) is not None}
    return {name: value for name, value in timing.items() if name not in replaced}


def request_at(
    body: Mapping[str, Any], *, name: str, description: str, zone: str, organization: str, tick: datetime, known: Known
) -> ReportRequest:
    """The request of one tick; its period is resolved at the tick, in the schedule's zone. Raises RequestError."""
    template = dict(body["report_template"])
    scope = {"timezone": zone} | dict(template.get("scope", {}))
    report = {
        "name": name,
        "type": template["type"],
        "description": template.get("description") or description,
        "scope": scope,
    }
    report |= {
        key: template[key]
        for key in ("framework", "frameworks", "crosswalk", "format_options")
        if template.get(key) is not None
    }
    return parse_request(report, organization=organization, now=tick, known=known)


def deliveries_at(body: Mapping[str, Any], *, organization: str, connections: Connections) -> tuple[NewDelivery, ...]:
    """Deliveries of a tick's report by the current connections. A deleted connection fails at delivery, not here."""
    given = dict(body.get("delivery") or {})
    checked = validated(ScheduleDeliveryBody, given, context={"organization": organization})
    return deliveries_of(checked, connections, organization)


def _context(organization: str, now: datetime, known: Known, configured: Configured) -> dict[str, Any]:
    return {
        "known": known,
        "due_at": now,
        "connections": configured.connections,
        "organization": organization,
        "min_interval_seconds": configured.min_interval_seconds,
    }
