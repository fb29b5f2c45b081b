"""Deliveries that end without being sent, in the caller's transaction: their report, schedule or sender's wish is gone.

``cancelled`` is what a person ended. ``failed`` with an alert is what nobody ended: the report expired meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, update

from policycortex.names import DeliveryStatus, EventKind, ReportStatus
from policycortex.storage.registry.alert_tables import note_failed_delivery
from policycortex.storage.registry.event_tables import note_event
from policycortex.storage.registry.schedule_rows import DeliveryRow, Settled
from policycortex.storage.registry.schedule_tables import (
    IS_OPEN,
    WAITS_FOR_SCAN,
    deliveries,
    delivery_attempts,
    schedules,
)
from policycortex.storage.registry.tables import reports

BY_PERSON: Final = "cancelled on request"
SCHEDULE_DELETED: Final = "its schedule was deleted before it was sent"
_REPORT_DELETED: Final = "its report was deleted before it was sent"
_REPORT_EXPIRED: Final = "its report expired before it was sent"

_NOT_COMING: Final = (ReportStatus.FAILED.value, ReportStatus.CANCELLED.value, ReportStatus.EXPIRED.value)
_OF_REPORT: Final = reports.c.id == deliveries.c.report_id
_IS_DELETED: Final = exists().where(_OF_REPORT, reports.c.deleted_at.is_not(None))
_NEVER_COMES: Final = exists().where(_OF_REPORT, reports.c.status.in_(_NOT_COMING))
_IS_EXPIRED: Final = exists().where(_OF_REPORT, reports.c.status == ReportStatus.EXPIRED.value)
_WAITS: Final = deliveries.c.status == DeliveryStatus.WAITING.value
_PENDS: Final = deliveries.c.status == DeliveryStatus.PENDING.value

IS_COMPLETED: Final = exists().where(
    _OF_REPORT, reports.c.status == ReportStatus.COMPLETED.value, reports.c.deleted_at.is_(None)
)
"""The delivery's report can be sent."""

DELIVERY_COLUMNS: Final[list[Any]] = [c for c in deliveries.c if c.name not in {"destination_key", "alert_id"}]
"""Columns of a ``DeliveryRow``."""

_CANCELLABLE: Final = (and_(IS_OPEN, or_(_WAITS, _PENDS)), WAITS_FOR_SCAN)
_EXPIRES: Final = (and_(IS_OPEN, _PENDS, _IS_EXPIRED), and_(WAITS_FOR_SCAN, _IS_EXPIRED))
_NOT_MADE: Final = and_(IS_OPEN, _WAITS, _NEVER_COMES)


def has_to_end(connection: Connection) -> bool:
    """Whether ``end_without_report`` would find something."""
    deleted = (and_(which, _IS_DELETED) for which in _CANCELLABLE)
    queries = (select(deliveries.c.id).where(which).limit(1) for which in (*deleted, *_EXPIRES, _NOT_MADE))
    return any(connection.execute(query).first() is not None for query in queries)


def cancel_deliveries(connection: Connection, *which: ColumnElement[bool], reason: str, now: datetime) -> int:
    """Cancel those of ``which`` that wait to be sent; how many."""
    return sum(_end(connection, and_(open_, *which), DeliveryStatus.CANCELLED, reason, now) for open_ in _CANCELLABLE)


def end_without_report(connection: Connection, *, now: datetime) -> int:
    """End the deliveries whose report is deleted, has expired or will not come; how many."""
    count = cancel_deliveries(connection, _IS_DELETED, reason=_REPORT_DELETED, now=now)
    count += _end(connection, _NOT_MADE, DeliveryStatus.ABANDONED, "its report did not come", now)
    for which in _EXPIRES:
        expired = _find(connection, which)
        count += _end(connection, which, DeliveryStatus.FAILED, _REPORT_EXPIRED, now)
        for row in expired:
            note_failed_delivery(connection, row, now=now)
    return count


def is_schedule_gone(connection: Connection, claimed: DeliveryRow) -> bool:
    """Whether the delivery's schedule was deleted while this attempt was running."""
    attempt = (delivery_attempts.c.delivery_id == claimed.id, delivery_attempts.c.number == claimed.number)
    started = select(delivery_attempts.c.started_at).where(*attempt).scalar_subquery()
    gone = (schedules.c.id == claimed.schedule_id, schedules.c.deleted_at >= started)
    return connection.execute(select(schedules.c.id).where(*gone)).first() is not None


def _end(connection: Connection, which: ColumnElement[bool], status: DeliveryStatus, reason: str, now: datetime) -> int:
    values = {"status": status.value, "ended_at": now, "reason": reason}
    return connection.execute(update(deliveries).where(which).values(**values)).rowcount


def _find(connection: Connection, which: ColumnElement[bool]) -> Sequence[DeliveryRow]:
    rows = connection.execute(
        select(*DELIVERY_COLUMNS).where(which).order_by(deliveries.c.next_attempt_at).with_for_update()
    ).mappings()
    return [DeliveryRow(**dict(row) | {"status": DeliveryStatus(row["status"])}) for row in rows]


def note_delivery_event(connection: Connection, claimed: DeliveryRow, settled: Settled, *, now: datetime) -> None:
    """Inform subscriptions each time that the delivery is given up: a replayed one may fail again."""
    data = {
        "delivery": {
            "id": claimed.id,
            "report_id": claimed.report_id,
            "schedule_id": claimed.schedule_id,
            "channel": claimed.channel,
            "target": claimed.target,
            "status": settled.status.value,
            "reason": settled.answer,
        }
    }
    key = f"{claimed.id}:{claimed.number}"
    note_event(connection, claimed.organization, EventKind.DELIVERY_FAILED, key, data, now=now)
