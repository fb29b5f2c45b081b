"""Counts and ages of open work over all organisations, for monitoring. Nothing names an organisation or a report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select

from policycortex.names import DeliveryStatus, ReportStatus
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.key_tables import api_keys
from policycortex.storage.registry.schedule_tables import IS_LOST, IS_OPEN, deliveries, schedules
from policycortex.storage.registry.tables import report_tallies, reports

_DAY: Final = timedelta(days=1)
_LATE: Final = timedelta(minutes=2)
"""A tick is handled within half a minute."""
KEY_WARNING: Final = timedelta(days=14)
_PENDING: Final = ReportStatus.PENDING.value
_OPEN: Final = (DeliveryStatus.WAITING.value, DeliveryStatus.PENDING.value, DeliveryStatus.SENDING.value)
_LOST: Final = (DeliveryStatus.FAILED.value, DeliveryStatus.UNCERTAIN.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    """What the registry says at one moment. Ages in seconds, 0 where nothing waits."""

    reports: Mapping[str, int]
    """Number by status, without deleted ones. 0 where there is none: monitoring sees no rise from nothing to 1."""
    report_wait_seconds: float
    """Of the report that has been due longest and was not started."""
    open_deliveries: Mapping[str, int]
    """Number by status of those that have not ended."""
    delivery_wait_seconds: float
    """Of the delivery whose next attempt has been due longest."""
    lost_deliveries: Mapping[str, int]
    """Number by status, failed and uncertain, of those that ended within a day."""
    overdue_schedules: int
    """With a tick that was due more than two minutes ago and is not handled."""
    expiring_keys: int
    """API keys that end within 14 days."""


class OperationsRepository:
    """Reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load_open_work(self, *, now: datetime) -> OpenWork:
        """All of it, in one transaction."""
        waits = (
            reports.c.status == ReportStatus.PENDING.value,
            reports.c.due_at <= now,
            reports.c.deleted_at.is_(None),
        )
        pending = (IS_OPEN, deliveries.c.status == DeliveryStatus.PENDING.value)
        ended = (IS_LOST, deliveries.c.ended_at >= now - _DAY)
        overdue = (schedules.c.next_tick_at <= now - _LATE, schedules.c.deleted_at.is_(None))
        ending = (
            api_keys.c.expires_at > now,
            api_keys.c.expires_at <= now + KEY_WARNING,
            api_keys.c.revoked_at.is_(None),
        )
        tallies = select(report_tallies.c.status, func.sum(report_tallies.c["count"])).group_by(report_tallies.c.status)
        with self._database.reading() as connection:
            return OpenWork(
                reports=_by_status(connection, tallies, ReportStatus),
                report_wait_seconds=_age(connection, select(func.min(reports.c.due_at)).where(*waits), now),
                open_deliveries=_by_status(connection, _count(deliveries.c.status).where(IS_OPEN), _OPEN),
                delivery_wait_seconds=_age(
                    connection, select(func.min(deliveries.c.next_attempt_at)).where(*pending), now
                ),
                lost_deliveries=_by_status(connection, _count(deliveries.c.status).where(*ended), _LOST),
                overdue_schedules=_number(connection, select(func.count()).select_from(schedules).where(*overdue)),
                expiring_keys=_number(connection, select(func.count()).select_from(api_keys).where(*ending)),
            )


def _count(status: Any) -> Select[Any]:  # noqa: ANN401 - SQLAlchemy's column
    return select(status, func.count()).group_by(status)


def _by_status(connection: Connection, query: Select[Any], all_statuses: Iterable[str]) -> dict[str, int]:
    found = {status: int(count) for status, count in connection.execute(query)}
    return {str(status): 0 for status in all_statuses} | found


def _number(connection: Connection, query: Select[Any]) -> int:
    return int(connection.execute(query).scalar_one())


def _age(connection: Connection, query: Select[Any], now: datetime) -> float:
    oldest: datetime | None = connection.execute(query).scalar_one()
    return max((now - oldest).total_seconds(), 0.0) if oldest is not None else 0.0
