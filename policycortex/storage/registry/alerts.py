"""The queue of alerts: an alert is claimed with a lease before it is sent, and settled after.

No delivery waits for an alert. ``alert_tables`` makes the entries.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select

from policycortex.names import DeliveryStatus
from policycortex.storage.registry.alert_tables import DELIVERY, IS_ALERT_OPEN, alerts
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.schedule_rows import AlertRow
from policycortex.storage.registry.schedule_tables import deliveries
from policycortex.storage.registry.work_queue import PENDING, WorkQueue

_DELAYS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""Delays after a failed attempt; after the last one the alert is given up."""

_LONGEST_HOLD: Final = timedelta(minutes=2)
"""An alert waits so long for other deliveries of its group that are being sent, to name them as well."""

_COLUMNS: Final = [c for c in alerts.c if c.name not in {"key", "status", "next_attempt_at", "lease_until", "ended_at"}]
_QUEUE: Final = WorkQueue(table=alerts, is_open=IS_ALERT_OPEN, group=alerts.c.organization)


class AlertRepository:
    """Claims and settles alerts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def has_due_alerts(self, *, now: datetime) -> bool:
        """Whether ``claim_alert`` would find one."""
        with self._database.reading() as connection:
            return _QUEUE.has_due(connection, now=now, ready=(_is_complete(now),))

    def claim_alert(
        self, *, now: datetime, lease: timedelta, except_organizations: Collection[str] = ()
    ) -> AlertRow | None:
        """Claim the alert that waited longest and count the attempt; None: none is due.

        An alert whose sender died is claimed again when its lease has expired. Its id stays the same.
        """
        ready = (_is_complete(now),)
        with self._database.writing() as connection:
            found = _QUEUE.claim(connection, now=now, lease=lease, except_groups=except_organizations, ready=ready)
            if found is None:
                return None
            return AlertRow(**connection.execute(select(*_COLUMNS).where(alerts.c.id == found)).mappings().one())

    def settle_sent(self, row: AlertRow, *, now: datetime) -> None:
        """Write that the alert was sent."""
        self._settle(row, status="sent", ended_at=now)

    def settle_dropped(self, row: AlertRow, reason: str, *, now: datetime) -> None:
        """Write that no alert is sent, and why."""
        self._settle(row, status="dropped", ended_at=now, reason=reason)

    def settle_failed(self, row: AlertRow, *, now: datetime) -> None:
        """Let it wait for its next attempt, or give it up after the last one."""
        if row.attempt_count > len(_DELAYS):
            self._settle(row, status="given_up", ended_at=now)
        else:
            self._settle(row, status=PENDING, next_attempt_at=now + _DELAYS[row.attempt_count - 1])

    def _settle(self, row: AlertRow, **values: Any) -> None:  # noqa: ANN401 - columns of many types
        """Nothing is written when another sender has claimed the alert meanwhile."""
        with self._database.writing() as connection:
            _QUEUE.settle(connection, row.id, row.attempt_count, **values)


def _is_complete(now: datetime) -> ColumnElement[bool]:
    """Whether no other delivery of its group is being sent that the alert could name as well."""
    is_group_being_sent = exists().where(
        deliveries.c.report_id == alerts.c.report_id,
        deliveries.c.channel == alerts.c.channel,
        deliveries.c.connection == alerts.c.connection,
        or_(
            deliveries.c.status == DeliveryStatus.SENDING.value,
            and_(deliveries.c.status == DeliveryStatus.PENDING.value, deliveries.c.next_attempt_at <= now),
        ),
    )
    return or_(alerts.c.kind != DELIVERY, alerts.c.created_at <= now - _LONGEST_HOLD, not_(is_group_being_sent))
