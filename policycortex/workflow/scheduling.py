"""Creates and changes schedules, and makes one report request of each due tick, exactly once.

A tick's row, its report and the deliveries of that report are written in one transaction. Of two processes, the second
finds the row changed and writes nothing; a process that ends before the commit has written nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from policycortex.channels.connections import Connections, load_connections
from policycortex.errors import ConflictError, NotFoundError, Problem, RequestError, UnavailableError
from policycortex.requests.body import Known
from policycortex.requests.model import ReportRequest
from policycortex.requests.schedule_parts import SchedulePart, part_count, split_by
from policycortex.requests.schedules import (
    Configured,
    ScheduleRequest,
    deliveries_at,
    merge_patch,
    parse_schedule,
    request_at,
)
from policycortex.requests.single_deliveries import parse_schedule_test
from policycortex.scheduling.misfire import MisfirePolicy, settle_ticks
from policycortex.scheduling.recurrence import Recurrence, recurrence_of
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.schedule_rows import NewReport, ScheduleRow, TickClaim
from policycortex.workflow.request_report import known_values, new_report, new_report_id, request_report
from policycortex.workflow.schedule_parts import SplitPreview, parts_at, preview_parts

_LONGEST_NAME: Final = 190
_LONGEST_REPORT_NAME: Final = 200
_BATCH: Final = 500
"""Ticks handled in one transaction; after a long downtime the next transactions handle the rest."""


def create_schedule(
    settings: Settings,
    registry: Registry,
    body: Mapping[str, Any],
    *,
    schedule_id: str | None = None,
    organization: str,
    created_by: str | None,
    now: datetime,
) -> ScheduleRow:
    """Check the body and store the schedule, under a new id unless one is given. Raises RequestError."""
    checked = _parse(settings, registry, body, organization, now)
    following = _first(checked.recurrence.next_runs(now, 1))
    if following is None:
        message = f"It would never run: {checked.recurrence.description}"
        raise RequestError(message, details=(Problem(field="schedule.end_date", message=message),))
    return registry.schedules.create_schedule(
        schedule_id=schedule_id,
        organization=organization,
        name=checked.name,
        description=checked.description,
        cron=checked.recurrence.cron.text,
        timezone=checked.recurrence.zone.key,
        body=checked.body,
        is_enabled=checked.is_enabled,
        misfire=checked.misfire.value,
        grace_seconds=int(checked.grace.total_seconds()),
        next_tick_at=following,
        created_by=created_by,
        now=now,
    )


def change_schedule(
    settings: Settings, registry: Registry, before: ScheduleRow, patch: Mapping[str, Any], *, now: datetime
) -> ScheduleRow:
    """Replace the parts that ``patch`` names. Ticks that are already due are handled first, by the schedule as it was.

    Raises RequestError with every problem, ConflictError if the schedule was changed meanwhile.
    """
    stored = {"name": before.name, "description": before.description, "enabled": before.is_enabled, **before.body}
    checked = _parse(settings, registry, merge_patch(stored, patch), before.organization, now)
    changes = {
        "name": checked.name,
        "description": checked.description,
        "cron": checked.recurrence.cron.text,
        "timezone": checked.recurrence.zone.key,
        "body": dict(checked.body),
        "is_enabled": checked.is_enabled,
        "misfire": checked.misfire.value,
        "grace_seconds": int(checked.grace.total_seconds()),
    }
    before, claims = _catch_up(settings, registry, before, now)
    following = _first(checked.recurrence.next_runs(now, 1)) if checked.is_enabled else None
    return registry.schedules.change_schedule(before, changes, due=claims, next_tick_at=following, now=now)


def run_schedule_now(
    settings: Settings, registry: Registry, schedule: ScheduleRow, *, now: datetime
) -> tuple[str, ...]:
    """Request the report of each part now, with the schedule's deliveries; their ids, at least one.

    Raises RequestError if the schedule is no longer valid.
    """
    connections, known = load_connections(settings), known_values(settings, registry, schedule.organization)
    claims = [
        TickClaim(tick=now, part=part, report=_report(settings, row, known, connections, now), is_manual=True)
        for part, row in _parts(settings, schedule, known, now)
    ]
    if not claims:
        raise _no_part()
    return registry.schedules.run_now(schedule, claims, now=now)


def preview_schedule_parts(
    settings: Settings, registry: Registry, schedule: ScheduleRow, *, now: datetime
) -> SplitPreview | None:
    """The parts that a run now would have; None if the schedule makes one report. Raises RequestError."""
    known = known_values(settings, registry, schedule.organization)
    return preview_parts(settings, schedule, _request_at(schedule, known, now))


def request_test_report(
    settings: Settings,
    registry: Registry,
    schedule: ScheduleRow,
    body: Mapping[str, Any],
    *,
    created_by: str | None,
    now: datetime,
) -> str:
    """Request the schedule's report for the destinations in ``body`` only, as a report of no tick; its id.

    Of a split schedule it is the report of the part that ``body`` names, or of the first. Raises RequestError if the
    body or the schedule is not valid.
    """
    connections, organization = load_connections(settings), schedule.organization
    known = known_values(settings, registry, organization)
    part = _part_to_test(settings, schedule, body.get("part"), known, now)
    wanted = parse_schedule_test(
        body, of_schedule=part.body.get("delivery") or {}, connections=connections, organization=organization
    )
    request = _request_at(part, known, now)
    request = replace(request, name=f"{request.name[:_LONGEST_NAME]} (test)")
    report_id = new_report_id()
    request_report(
        settings,
        registry,
        request,
        report_id=report_id,
        start=None,
        created_by=created_by,
        deliveries=wanted,
        now=now,
    )
    return report_id


def _part_to_test(settings: Settings, schedule: ScheduleRow, name: object, known: Known, now: datetime) -> ScheduleRow:
    parts = _parts(settings, schedule, known, now)
    if not parts:
        raise _no_part()
    if name is None:
        return parts[0][1]
    by_name = {part.casefold(): row for part, row in parts if part}
    if not isinstance(name, str) or name.casefold() not in by_name:
        names = ", ".join(part for part, _ in parts if part) or "none, because the schedule is not split"
        message = f"No part {name!r}; parts now are {names}"
        raise RequestError(message, details=(Problem(field="part", message=message),))
    return by_name[name.casefold()]


def _no_part() -> RequestError:
    message = "The schedule has no part now: its period has no findings, so that there is no owner"
    return RequestError(message, details=(Problem(field="split", message=message),))


def claim_due_ticks(
    settings: Settings, *, now: datetime, schedule_id: str | None = None, head_start: timedelta = timedelta()
) -> tuple[str, ...]:
    """Handle every tick of one schedule or of all that was due ``head_start`` ago; ids of the requested reports."""
    with closing(open_registry(settings)) as registry:
        round_ = _Round(
            settings=settings,
            registry=registry,
            connections=load_connections(settings),
            now=now,
            due_by=now - head_start,
        )
        return tuple(_claim_all(round_, schedule_id))


def preview_runs(schedule: ScheduleRow, *, now: datetime, count: int = 5) -> tuple[datetime, ...]:
    """The next ticks, in UTC; none if it is disabled or has ended."""
    if not schedule.is_enabled:
        return ()
    return _recurrence(schedule).next_runs(now, count)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """One handling of due ticks."""

    settings: Settings
    registry: Registry
    connections: Connections
    now: datetime
    """When they are handled."""
    due_by: datetime
    """Ticks until then are handled."""


def _claim_all(round_: _Round, schedule_id: str | None) -> Iterator[str]:
    unavailable: UnavailableError | None = None
    schedules = round_.registry.schedules
    while due := _due(round_.registry, round_.due_by, schedule_id):
        progressed, unavailable = False, None
        for schedule in due:
            try:
                claims, following = _claims(round_, schedule)
                yield from schedules.claim_ticks(schedule, claims, next_tick_at=following, now=round_.now)
                progressed = True
            except (ConflictError, NotFoundError):
                continue  # another process handled, changed or deleted it meanwhile
            except UnavailableError as error:
                unavailable = error  # the lake, which parts of this schedule depend on; others are handled first
        if not progressed:
            break
    if unavailable is not None:
        raise unavailable


def _catch_up(
    settings: Settings, registry: Registry, schedule: ScheduleRow, now: datetime
) -> tuple[ScheduleRow, list[TickClaim]]:
    """Handle a backlog until the rest fits the transaction of a change; the schedule as it is then, and that rest."""
    connections = load_connections(settings)
    round_ = _Round(settings=settings, registry=registry, connections=connections, now=now, due_by=now)
    while True:
        claims, following = _claims(round_, schedule)
        if following is None or following > now:
            return schedule, claims
        registry.schedules.claim_ticks(schedule, claims, next_tick_at=following, now=now)
        current = registry.schedules.find_schedule(schedule.id)
        if current.revision != schedule.revision:
            raise ConflictError(f"schedule {schedule.id} was changed meanwhile; load it and try again")
        schedule = current


def _due(registry: Registry, due_by: datetime, schedule_id: str | None) -> Sequence[ScheduleRow]:
    if schedule_id is None:
        return registry.schedules.list_due_schedules(now=due_by)
    try:
        schedule = registry.schedules.find_schedule(schedule_id)
    except NotFoundError:
        return ()
    return (schedule,) if schedule.next_tick_at is not None and schedule.next_tick_at <= due_by else ()


def _claims(round_: _Round, schedule: ScheduleRow) -> tuple[list[TickClaim], datetime | None]:
    """One claim for each due tick, and the first tick after them."""
    due_by = round_.due_by
    if schedule.next_tick_at is None or schedule.next_tick_at > due_by:
        return [], schedule.next_tick_at
    recurrence = _recurrence(schedule)
    pending = recurrence.ticks_between(schedule.next_tick_at - timedelta(minutes=1), due_by)
    most = max(_BATCH // part_count(schedule.body), 1)
    due = tuple(islice(pending, most + 1))
    batch, has_more = due[:most], len(due) > most
    settled = settle_ticks(
        batch,
        now=due_by,
        policy=MisfirePolicy(schedule.misfire),
        grace=timedelta(seconds=schedule.grace_seconds),
        has_more=has_more,
    )
    reason = (
        f"missed: the service handled it only at {round_.now:%Y-%m-%d %H:%M} UTC, and misfire is {schedule.misfire}"
    )
    claims = [TickClaim(tick=tick, reason=reason) for tick in settled.to_skip]
    known = known_values(round_.settings, round_.registry, schedule.organization)
    claims += [claim for tick in settled.to_run for claim in _claim(round_, schedule, known, tick)]
    last = batch[-1] if batch else due_by
    return claims, _first(recurrence.next_runs(last, 1))


def _claim(round_: _Round, schedule: ScheduleRow, known: Known, tick: datetime) -> Iterator[TickClaim]:
    """One claim for each part of the schedule."""
    settings = round_.settings
    try:
        parts = _parts(settings, schedule, known, tick)
    except RequestError as error:
        parts = ()
        yield _invalid(tick, "", error)
    else:
        if not parts:
            yield TickClaim(tick=tick, reason="no report: the period has no findings, so that there is no owner")
    for part, row in parts:
        try:
            yield TickClaim(tick=tick, part=part, report=_report(settings, row, known, round_.connections, tick))
        except RequestError as error:
            yield _invalid(tick, part, error)


def _invalid(tick: datetime, part: str, error: RequestError) -> TickClaim:
    problems = "; ".join(f"{problem.field}: {problem.message}" for problem in error.details) or str(error)
    of_part = f" of the part {part!r}" if part else ""
    reason = f"the report request{of_part} is no longer valid: {problems}"
    return TickClaim(tick=tick, part=part, reason=reason, is_invalid=True)


def _parts(
    settings: Settings, schedule: ScheduleRow, known: Known, tick: datetime
) -> tuple[tuple[str, ScheduleRow], ...]:
    """Name of each part, and the schedule with its name, scope and delivery; one nameless part if it is not split."""
    if split_by(schedule.body) is None:
        return (("", schedule),)
    parts = parts_at(settings, schedule, _request_at(schedule, known, tick))
    return tuple((part.name, replace(schedule, name=_name_of(schedule, part), body=part.body)) for part in parts)


def _name_of(schedule: ScheduleRow, part: SchedulePart) -> str:
    ending = f" - {part.name}"
    return f"{schedule.name[: _LONGEST_REPORT_NAME - len(ending)]}{ending}"


def _report(
    settings: Settings, schedule: ScheduleRow, known: Known, connections: Connections, tick: datetime
) -> NewReport:
    return new_report(
        settings,
        _request_at(schedule, known, tick),
        report_id=new_report_id(),
        due_at=tick,
        created_by=schedule.created_by,
        deliveries=deliveries_at(schedule.body, organization=schedule.organization, connections=connections),
    )


def _request_at(schedule: ScheduleRow, known: Known, tick: datetime) -> ReportRequest:
    return request_at(
        schedule.body,
        name=schedule.name,
        description=schedule.description,
        zone=schedule.timezone,
        organization=schedule.organization,
        tick=tick,
        known=known,
    )


def _parse(
    settings: Settings, registry: Registry, body: Mapping[str, Any], organization: str, now: datetime
) -> ScheduleRequest:
    known = known_values(settings, registry, organization)
    configured = Configured(
        connections=load_connections(settings), min_interval_seconds=settings.min_schedule_interval_seconds
    )
    return parse_schedule(body, organization=organization, now=now, known=known, configured=configured)


def _recurrence(schedule: ScheduleRow) -> Recurrence:
    return recurrence_of(schedule.cron, schedule.timezone, schedule.body["schedule"])


def _first(moments: Sequence[datetime]) -> datetime | None:
    return moments[0] if moments else None
