"""Brings times forward that were written while the clock of the machine was ahead, after it was set back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, delete, select, update

from policycortex.names import DeliveryStatus
from policycortex.storage.registry.alert_tables import IS_ALERT_OPEN, alerts
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.event_tables import IS_EVENT_OPEN, events
from policycortex.storage.registry.schedule_rows import ScheduleRow
from policycortex.storage.registry.schedule_tables import IS_OPEN, deliveries, schedule_ticks, schedules
from policycortex.storage.registry.ticket_tables import IS_STEP_OPEN, ticket_steps

_LONGEST_DELAY: Final = timedelta(hours=12)
"""No delivery, alert, event or step of a ticket waits longer for its next attempt."""
_LONGEST_LEASE: Final = timedelta(hours=1)
_QUEUES: Final[tuple[tuple[Table, Any], ...]] = (
    (deliveries, IS_OPEN),
    (alerts, IS_ALERT_OPEN),
    (events, IS_EVENT_OPEN),
    (ticket_steps, IS_STEP_OPEN),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtForward:
    """What was changed; zeros where no time lay too far ahead."""

    schedules: int
    skipped_ticks: int
    """Ticks of the future that were recorded as missed: they are due again at their time."""
    attempts: int
    """Next attempts of deliveries, alerts, events and tickets, and leases of their senders."""


class ClockRepairRepository:
    """Changes times that lie further ahead than any rule sets them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def bring_forward(self, first_ticks: Sequence[tuple[ScheduleRow, datetime]], *, now: datetime) -> BroughtForward:
        """Give each schedule its first tick, and let attempts that wait too long be due now.

        A schedule that was changed since it was read keeps its tick. Ticks with a report stay, so that none is made
        twice.
        """
        with self._database.writing() as connection:
            moved = sum(_set_tick(connection, row, tick) for row, tick in first_ticks)
            skipped = delete(schedule_ticks).where(
                schedule_ticks.c.tick > now, schedule_ticks.c.report_id.is_(None), schedule_ticks.c.is_manual.is_(False)
            )
            return BroughtForward(
                schedules=moved,
                skipped_ticks=connection.execute(skipped).rowcount,
                attempts=sum(_bring_attempts(connection, *queue, now) for queue in _QUEUES),
            )

    def list_ahead(self, *, now: datetime) -> tuple[str, ...]:
        """Ids of the enabled schedules whose next tick is after ``now``."""
        query = select(schedules.c.id).where(schedules.c.next_tick_at > now, schedules.c.deleted_at.is_(None))
        with self._database.reading() as connection:
            return tuple(connection.execute(query.order_by(schedules.c.id)).scalars())


def _set_tick(connection: Connection, row: ScheduleRow, tick: datetime) -> int:
    same = (
        schedules.c.id == row.id,
        schedules.c.revision == row.revision,
        schedules.c.next_tick_at == row.next_tick_at,
    )
    return connection.execute(update(schedules).where(*same).values(next_tick_at=tick)).rowcount


def _bring_attempts(connection: Connection, table: Table, is_open: Any, now: datetime) -> int:  # noqa: ANN401 - SQL
    """Only attempts that are pending: other open deliveries wait for a report or a scan."""
    pending = table.c.status == DeliveryStatus.PENDING.value
    return _bring(connection, table.c.next_attempt_at, (is_open, pending), _LONGEST_DELAY, now) + _bring(
        connection, table.c.lease_until, (is_open,), _LONGEST_LEASE, now
    )


def _bring(connection: Connection, column: Column[Any], where: Sequence[Any], longest: timedelta, now: datetime) -> int:
    statement = update(column.table).where(*where, column > now + longest)
    return connection.execute(statement.values({column.name: now})).rowcount
