"""The queue of alerts, and the entries that other changes of the registry make in it, in the caller's transaction.

An entry stands for one report and one group of destinations (a channel's connection), for a report that failed, for a
tick that could make no report, for a requirement that fails although people state it as met, for the end of an
attestation, or for the tickets of a tracker that failed on one day. What a person cancelled or deleted has none.
"""

import secrets
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    exists,
    func,
    literal_column,
    select,
    update,
)

from policycortex.storage.registry.base import UtcDateTime, insert_for, metadata
from policycortex.storage.registry.schedule_rows import DeliveryRow
from policycortex.storage.registry.schedule_tables import deliveries, schedule_ticks

alerts = Table(
    "alerts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("report_id", String(32), ForeignKey("reports.id")),
    Column("schedule_id", String(32), ForeignKey("schedules.id")),
    Column("channel", String(16)),
    Column("connection", String(64)),
    Column("tick", UtcDateTime),
    Column("status", String(16), nullable=False),
    Column("attempt_count", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("reason", Text, nullable=False),
)

IS_ALERT_OPEN: Final = alerts.c.status.in_([literal_column(f"'{name}'") for name in ("pending", "sending")])
"""Queries must contain it as it is: with parameters, SQLite reads all alerts instead of the index."""
Index("ix_alerts_open", alerts.c.next_attempt_at, sqlite_where=IS_ALERT_OPEN, postgresql_where=IS_ALERT_OPEN)
Index("ix_alerts_report_id", alerts.c.report_id)

DELIVERY: Final = "delivery"
REPORT: Final = "report"
TICK: Final = "tick"
CONTRADICTION: Final = "attestation"
EXPIRY: Final = "expiry"
TICKET: Final = "ticket"


def note_failed_delivery(connection: Connection, row: DeliveryRow, *, now: datetime) -> None:
    """Add a delivery that failed or is uncertain to the alert of its report and connection.

    After that alert was sent, later failures get another one.
    """
    group = (
        alerts.c.report_id == row.report_id,
        alerts.c.channel == row.channel,
        alerts.c.connection == row.connection,
    )
    # locked until the end of the transaction: a sender that claims the alert then sees this delivery
    waiting = select(alerts.c.id).where(*group, alerts.c.status == "pending").order_by(alerts.c.created_at)
    alert_id = connection.execute(waiting.limit(1).with_for_update()).scalar_one_or_none()
    if alert_id is None:
        number = connection.execute(select(func.count()).select_from(alerts).where(*group)).scalar_one() + 1
        key = f"{DELIVERY}:{row.report_id}:{row.channel}:{row.connection}:{number}"
        alert_id = _insert(
            connection,
            key,
            row.organization,
            DELIVERY,
            now,
            report_id=row.report_id,
            schedule_id=row.schedule_id,
            channel=row.channel,
            connection_name=row.connection,
        )
    connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(alert_id=alert_id))


def note_failed_report(connection: Connection, organization: str, report_id: str, *, now: datetime) -> None:
    """Add an alert for a failed report that a schedule requested, or that had destinations."""
    tick = select(schedule_ticks.c.schedule_id).where(schedule_ticks.c.report_id == report_id)
    schedule_id = connection.execute(tick).scalar_one_or_none()
    has_destinations = select(exists().where(deliveries.c.report_id == report_id))
    if schedule_id is None and not connection.execute(has_destinations).scalar_one():
        return
    key = f"{REPORT}:{report_id}"
    _insert(connection, key, organization, REPORT, now, report_id=report_id, schedule_id=schedule_id)


def note_failed_tick(
    connection: Connection, organization: str, schedule_id: str, tick: datetime, reason: str, *, now: datetime
) -> None:
    """Add an alert for a tick that could request no report."""
    key = f"{TICK}:{schedule_id}:{tick.isoformat()}"
    _insert(connection, key, organization, TICK, now, schedule_id=schedule_id, tick=tick, reason=reason)


def note_contradiction(
    connection: Connection,
    organization: str,
    *,
    attestation_id: str,
    requirement: str,
    day: date,
    reason: str,
    now: datetime,
) -> None:
    """Add an alert for a requirement that people state as met and that fails from ``day`` on."""
    key = f"{CONTRADICTION}:{attestation_id}:{requirement}:{day.isoformat()}"
    _insert(connection, key, organization, CONTRADICTION, now, reason=reason)


def note_expiry(
    connection: Connection, organization: str, *, attestation_id: str, kind: str, reason: str, now: datetime
) -> None:
    """Add an alert for an attestation that ends soon (``expiring``) or has ended (``expired``)."""
    _insert(connection, f"{EXPIRY}:{attestation_id}:{kind}", organization, EXPIRY, now, reason=reason)


def note_failed_ticket(connection: Connection, organization: str, *, tracker: str, reason: str, now: datetime) -> None:
    """Add an alert for a step of a ticket that failed; of those of one tracker and UTC day the first one counts."""
    key = f"{TICKET}:{organization}:{tracker}:{now.astimezone(UTC).date().isoformat()}"
    _insert(connection, key, organization, TICKET, now, reason=f"{tracker}: {reason}")


def _insert(
    connection: Connection,
    key: str,
    organization: str,
    kind: str,
    now: datetime,
    *,
    report_id: str | None = None,
    schedule_id: str | None = None,
    channel: str | None = None,
    connection_name: str | None = None,
    tick: datetime | None = None,
    reason: str = "",
) -> str:
    """Insert the alert unless its key exists; the id of the alert with this key."""
    row = {
        "id": f"alr_{secrets.token_hex(8)}",
        "key": key,
        "organization": organization,
        "kind": kind,
        "report_id": report_id,
        "schedule_id": schedule_id,
        "channel": channel,
        "connection": connection_name,
        "tick": tick,
        "status": "pending",
        "attempt_count": 0,
        "next_attempt_at": now,
        "created_at": now,
        "reason": reason,
    }
    inserted = insert_for(connection.dialect.name, alerts).values(row)
    connection.execute(inserted.on_conflict_do_nothing(index_elements=["key"]))
    return str(connection.execute(select(alerts.c.id).where(alerts.c.key == key)).scalar_one())
