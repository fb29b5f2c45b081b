"""Writes processed ticks of a schedule with their reports and deliveries, in the caller's transaction.

The caller holds the schedule's lock. A tick that was processed before is left out, whatever its parts were then.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from policycortex.audit.chain import AuditEvent
from policycortex.storage.registry.alert_tables import note_failed_tick
from policycortex.storage.registry.base import insert_for
from policycortex.storage.registry.report_changes import insert_report
from policycortex.storage.registry.schedule_rows import ScheduleRow, TickClaim
from policycortex.storage.registry.schedule_tables import insert_deliveries, schedule_ticks


def insert_ticks(
    connection: Connection, schedule: ScheduleRow, claims: Sequence[TickClaim], now: datetime
) -> tuple[str, ...]:
    """Ids of the reports that were made, one for each part of each new tick."""
    made = []
    processed = _processed_among(connection, schedule.id, claims)
    for claim in claims:
        if claim.tick in processed or not _insert_tick(connection, schedule.id, claim, now):
            continue  # processed before a change of cron or time zone made the same instant due again
        if claim.report is not None:
            _attach_report(connection, schedule.id, claim, now)
            made.append(claim.report.id)
        elif claim.is_invalid:
            note_failed_tick(connection, schedule.organization, schedule.id, claim.tick, claim.reason, now=now)
    return tuple(made)


def report_events(
    schedule: ScheduleRow, claims: Sequence[TickClaim], made: Collection[str], now: datetime
) -> list[AuditEvent]:
    """An audit event for each report that was made."""
    return [
        AuditEvent(
            organization=schedule.organization,
            at=now,
            action="report_created",
            actor=f"schedule:{schedule.id}",
            subject=claim.report.id,
            details={"tick": claim.tick.isoformat(), "is_manual": claim.is_manual}
            | ({"part": claim.part} if claim.part else {}),
        )
        for claim in claims
        if claim.report is not None and claim.report.id in made
    ]


def _processed_among(connection: Connection, schedule_id: str, claims: Sequence[TickClaim]) -> frozenset[datetime]:
    query = select(schedule_ticks.c.tick).where(schedule_ticks.c.schedule_id == schedule_id)
    query = query.where(schedule_ticks.c.tick.in_({claim.tick for claim in claims})).distinct()
    return frozenset(connection.execute(query).scalars())


def _insert_tick(connection: Connection, schedule_id: str, claim: TickClaim, now: datetime) -> bool:
    row = {
        "schedule_id": schedule_id,
        "tick": claim.tick,
        "part": claim.part,
        "claimed_at": now,
        "is_manual": claim.is_manual,
        "is_invalid": claim.is_invalid,
        "reason": claim.reason,
    }
    written = connection.execute(
        insert_for(connection.dialect.name, schedule_ticks).values(row).on_conflict_do_nothing()
    )
    return written.rowcount == 1


def _attach_report(connection: Connection, schedule_id: str, claim: TickClaim, now: datetime) -> None:
    new = claim.report
    if new is None:
        return
    insert_report(connection, new, now)
    insert_deliveries(
        connection,
        organization=new.organization,
        report_id=new.id,
        schedule_id=schedule_id,
        new=new.deliveries,
        now=now,
    )
    same = (
        schedule_ticks.c.schedule_id == schedule_id,
        schedule_ticks.c.tick == claim.tick,
        schedule_ticks.c.part == claim.part,
    )
    connection.execute(update(schedule_ticks).where(*same).values(report_id=new.id))
