"""The queue of alerts: an alert is claimed with a lease before it is sent, and settled after.

No delivery waits for an alert. ``alert_tables`` makes the entries.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, exists, not_, or_, select, update

from policycortex.names import DeliveryStatus
from policycortex.storage.registry.alert_tables import DELIVERY, IS_ALERT_OPEN, alerts
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.schedule_rows import AlertRow
from policycortex.storage.registry.schedule_tables import deliveries

_DELAYS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""Delays after a failed attempt; after the last one the alert is given up."""

_LONGEST_HOLD: Final = timedelta(minutes=2)
"""An alert waits so long for other deliveries of its group that are being sent, to name them as well."""

_COLUMNS: Final = [c for c in alerts.c if c.name not in {"key", "status", "next_attempt_at", "lease_until", "ended_at"}]


class AlertRepository:
    """Claims and settles alerts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def has_due_alerts(self, *, now: datetime) -> bool:
        """Whether ``claim_alert`` would find one."""
        with self._database.reading() as connection:
            return connection.execute(select(alerts.c.id).where(_is_due(now)).limit(1)).first() is not None

    def claim_alert(
        self, *, now: datetime, lease: timedelta, except_organizations: Collection[str] = ()
    ) -> AlertRow | None:
        """Claim the alert that waited longest and count the attempt; None: none is due.

        An alert whose sender died is claimed again when its lease has expired. Its id stays the same.
        """
        query = select(alerts.c.id).where(_is_due(now), alerts.c.organization.not_in(except_organizations))
        query = query.order_by(alerts.c.next_attempt_at, alerts.c.id).limit(1)
        with self._database.writing() as connection:
            found = connection.execute(query.with_for_update(skip_locked=True)).scalar_one_or_none()
            if found is None:
                return None
            values = {"status": "sending", "lease_until": now + lease, "attempt_count": alerts.c.attempt_count + 1}
            connection.execute(update(alerts).where(alerts.c.id == found).values(**values))
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
            self._settle(row, status="pending", next_attempt_at=now + _DELAYS[row.attempt_count - 1])

    def _settle(self, row: AlertRow, **values: Any) -> None:  # noqa: ANN401 - columns of many types
        """Nothing is written when another sender has claimed the alert meanwhile."""
        mine = (
            alerts.c.id == row.id,
            alerts.c.status == "sending",
            alerts.c.attempt_count == row.attempt_count,
        )
        with self._database.writing() as connection:
            connection.execute(update(alerts).where(*mine).values(lease_until=None, **values))


def _is_due(now: datetime) -> Any:  # noqa: ANN401 - SQLAlchemy's expression
    is_group_being_sent = exists().where(
        deliveries.c.report_id == alerts.c.report_id,
        deliveries.c.channel == alerts.c.channel,
        deliveries.c.connection == alerts.c.connection,
        or_(
            deliveries.c.status == DeliveryStatus.SENDING.value,
            and_(deliveries.c.status == DeliveryStatus.PENDING.value, deliveries.c.next_attempt_at <= now),
        ),
    )
    is_complete = or_(alerts.c.kind != DELIVERY, alerts.c.created_at <= now - _LONGEST_HOLD, not_(is_group_being_sent))
    is_due = or_(
        and_(alerts.c.status == "pending", alerts.c.next_attempt_at <= now, is_complete),
        and_(alerts.c.status == "sending", alerts.c.lease_until < now),
    )
    return and_(IS_ALERT_OPEN, is_due)
