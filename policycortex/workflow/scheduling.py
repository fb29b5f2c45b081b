"""Standing orders in verbs: made, changed, and their due ticks turned into reports, each exactly once.

A tick's row, its report and the deliveries of that report are one transaction. Whoever comes second finds the row
changed and writes nothing; whoever dies before the commit has done nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from policycortex.channels.connections import Connections, load_connections
from policycortex.errors import ConflictError, NotFoundError, RequestError
from policycortex.requests.body import Known
from policycortex.requests.schedules import (
    Configured,
    ScheduleOrder,
    deliveries_at,
    merge_patch,
    order_at,
    parse_schedule,
)
from policycortex.scheduling.cron import parse_cron
from policycortex.scheduling.misfire import MisfirePolicy, settle_ticks
from policycortex.scheduling.ticks import next_runs, ticks_between
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.schedule_rows import NewReport, ScheduleRow, TickClaim
from policycortex.workflow.request_report import new_report, new_report_id

_BATCH: Final = 500
"""Ticks dealt with in one transaction; the rest of a long downtime follows in the next."""


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
    """Check the body and keep the standing order, under a fresh id unless one is given. Raises RequestError."""
    order = _parse(settings, registry, body, organization, now)
    return registry.schedules.create_schedule(
        schedule_id=schedule_id,
        organization=organization,
        name=order.name,
        description=order.description,
        cron=order.cron.text,
        timezone=order.zone.key,
        body=order.body,
        is_enabled=order.is_enabled,
        misfire=order.misfire.value,
        grace_seconds=int(order.grace.total_seconds()),
        next_tick_at=_first(next_runs(order.cron, order.zone, now, 1)),
        created_by=created_by,
        now=now,
    )


def change_schedule(
    settings: Settings, registry: Registry, before: ScheduleRow, patch: Mapping[str, Any], *, now: datetime
) -> ScheduleRow:
    """Replace the parts that ``patch`` names. Ticks due under the old order are dealt with first, by the old order.

    Raises RequestError with every problem, ConflictError when somebody else changed it meanwhile.
    """
    stored = {"name": before.name, "description": before.description, "enabled": before.is_enabled, **before.body}
    order = _parse(settings, registry, merge_patch(stored, patch), before.organization, now)
    changes = {
        "name": order.name,
        "description": order.description,
        "cron": order.cron.text,
        "timezone": order.zone.key,
        "body": dict(order.body),
        "is_enabled": order.is_enabled,
        "misfire": order.misfire.value,
        "grace_seconds": int(order.grace.total_seconds()),
    }
    before, claims = _catch_up(settings, registry, before, now)
    following = _first(next_runs(order.cron, order.zone, now, 1)) if order.is_enabled else None
    return registry.schedules.change_schedule(before, changes, due=claims, next_tick_at=following, now=now)


def run_schedule_now(settings: Settings, registry: Registry, schedule: ScheduleRow, *, now: datetime) -> str:
    """One report out of turn, delivered as always; the id. Raises RequestError when it can no longer be ordered."""
    connections = load_connections(settings)
    report = _report(settings, schedule, _known(settings, registry, schedule), connections, now)
    return registry.schedules.run_now(schedule, TickClaim(tick=now, report=report, is_manual=True), now=now)


def claim_due_ticks(settings: Settings, *, now: datetime, schedule_id: str | None = None) -> tuple[str, ...]:
    """Deal with every tick that is due, of one schedule or of all; ids of the reports they ordered."""
    with closing(open_registry(settings)) as registry:
        connections = load_connections(settings)
        return tuple(_claim_all(settings, registry, connections, now, schedule_id))


def preview_runs(schedule: ScheduleRow, *, now: datetime, count: int = 5) -> tuple[datetime, ...]:
    """The next ticks, in UTC; none while it is disabled."""
    if not schedule.is_enabled:
        return ()
    return next_runs(parse_cron(schedule.cron), ZoneInfo(schedule.timezone), now, count)


def _claim_all(
    settings: Settings, registry: Registry, connections: Connections, now: datetime, schedule_id: str | None
) -> Iterator[str]:
    while due := _due(registry, now, schedule_id):
        progressed = False
        for schedule in due:
            claims, following = _claims(settings, registry, schedule, connections, now)
            try:
                yield from registry.schedules.claim_ticks(schedule, claims, next_tick_at=following, now=now)
                progressed = True
            except (ConflictError, NotFoundError):
                continue  # somebody else dealt with it, changed it or ended it: their word counts
        if not progressed:
            return


def _catch_up(
    settings: Settings, registry: Registry, schedule: ScheduleRow, now: datetime
) -> tuple[ScheduleRow, list[TickClaim]]:
    """Deal with a long backlog until what is left fits the transaction of a change: the schedule then, and the rest."""
    connections = load_connections(settings)
    while True:
        claims, following = _claims(settings, registry, schedule, connections, now)
        if following is None or following > now:
            return schedule, claims
        registry.schedules.claim_ticks(schedule, claims, next_tick_at=following, now=now)
        again = registry.schedules.find_schedule(schedule.id)
        if again.revision != schedule.revision:
            raise ConflictError(f"schedule {schedule.id} was changed meanwhile; read it again")
        schedule = again


def _due(registry: Registry, now: datetime, schedule_id: str | None) -> Sequence[ScheduleRow]:
    if schedule_id is None:
        return registry.schedules.list_due_schedules(now=now)
    try:
        schedule = registry.schedules.find_schedule(schedule_id)
    except NotFoundError:
        return ()
    return (schedule,) if schedule.next_tick_at is not None and schedule.next_tick_at <= now else ()


def _claims(
    settings: Settings, registry: Registry, schedule: ScheduleRow, connections: Connections, now: datetime
) -> tuple[list[TickClaim], datetime | None]:
    """What becomes of each due tick, and the first tick after them."""
    if schedule.next_tick_at is None or schedule.next_tick_at > now:
        return [], schedule.next_tick_at
    cron, zone = parse_cron(schedule.cron), ZoneInfo(schedule.timezone)
    pending = ticks_between(cron, zone, schedule.next_tick_at - timedelta(minutes=1), now)
    due = tuple(islice(pending, _BATCH + 1))
    batch, has_more = due[:_BATCH], len(due) > _BATCH
    settled = settle_ticks(
        batch,
        now=now,
        policy=MisfirePolicy(schedule.misfire),
        grace=timedelta(seconds=schedule.grace_seconds),
        has_more=has_more,
    )
    late = f"missed: the service acted on it at {now:%Y-%m-%d %H:%M} UTC only, and misfire is {schedule.misfire}"
    claims = [TickClaim(tick=tick, reason=late) for tick in settled.to_skip]
    known = _known(settings, registry, schedule)
    claims += [_ordered(settings, schedule, known, connections, tick) for tick in settled.to_run]
    last = batch[-1] if batch else now
    return claims, _first(next_runs(cron, zone, last, 1))


def _ordered(
    settings: Settings, schedule: ScheduleRow, known: Known, connections: Connections, tick: datetime
) -> TickClaim:
    try:
        return TickClaim(tick=tick, report=_report(settings, schedule, known, connections, tick))
    except RequestError as error:
        said = "; ".join(f"{problem.field}: {problem.message}" for problem in error.details) or str(error)
        return TickClaim(tick=tick, reason=f"cannot be ordered any more: {said}")


def _report(
    settings: Settings, schedule: ScheduleRow, known: Known, connections: Connections, tick: datetime
) -> NewReport:
    order = order_at(
        schedule.body,
        name=schedule.name,
        description=schedule.description,
        zone=schedule.timezone,
        organization=schedule.organization,
        tick=tick,
        known=known,
    )
    return new_report(
        settings,
        order,
        report_id=new_report_id(),
        due_at=tick,
        created_by=schedule.created_by,
        deliveries=deliveries_at(schedule.body, organization=schedule.organization, connections=connections),
    )


def _parse(
    settings: Settings, registry: Registry, body: Mapping[str, Any], organization: str, now: datetime
) -> ScheduleOrder:
    known = Known.of(frameworks_of(settings, registry, organization), settings.templates_dir)
    configured = Configured(
        connections=load_connections(settings), min_interval_seconds=settings.min_schedule_interval_seconds
    )
    return parse_schedule(body, organization=organization, now=now, known=known, configured=configured)


def _known(settings: Settings, registry: Registry, schedule: ScheduleRow) -> Known:
    return Known.of(frameworks_of(settings, registry, schedule.organization), settings.templates_dir)


def _first(moments: Sequence[datetime]) -> datetime | None:
    return moments[0] if moments else None
