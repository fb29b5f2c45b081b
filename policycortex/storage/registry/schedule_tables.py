"""Tables of schedules, their ticks, deliveries and attempts, and the insert of deliveries."""

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    false,
    literal_column,
)

from policycortex.names import DeliveryStatus
from policycortex.storage.registry.base import JsonColumn, UtcDateTime, insert_for, metadata
from policycortex.storage.registry.schedule_rows import NewDelivery

schedules = Table(
    "schedules",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("search_text", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("cron", String(256), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("body", JsonColumn, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("misfire", String(16), nullable=False),
    Column("grace_seconds", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(32)),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("next_tick_at", UtcDateTime),
    Column("deleted_at", UtcDateTime),
)

schedule_ticks = Table(
    "schedule_ticks",
    metadata,
    Column("schedule_id", String(32), ForeignKey("schedules.id"), primary_key=True),
    Column("tick", UtcDateTime, primary_key=True),
    Column("part", String(80), primary_key=True, server_default=""),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("is_manual", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("report_id", String(32), ForeignKey("reports.id"), unique=True),
    Column("is_invalid", Boolean, nullable=False, server_default=false()),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False),
    Column("report_id", String(32), ForeignKey("reports.id"), nullable=False),
    Column("schedule_id", String(32), ForeignKey("schedules.id")),
    Column("destination_key", Text, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("connection", String(64), nullable=False),
    Column("target", Text, nullable=False),
    Column("destination", JsonColumn, nullable=False),
    Column("condition", JsonColumn),
    Column("status", String(16), nullable=False),
    Column("attempt_count", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("reason", Text, nullable=False),
    Column("receipt", JsonColumn),
    Column("alert_id", String(32)),
    UniqueConstraint("report_id", "destination_key"),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("delivery_id", String(32), ForeignKey("deliveries.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", String(16)),
    Column("answer", Text, nullable=False),
    Column("payload_sha256", String(64)),
)

_enabled = schedules.c.next_tick_at.is_not(None)
Index("ix_schedules_due", schedules.c.next_tick_at, sqlite_where=_enabled, postgresql_where=_enabled)
Index("ix_schedules_organization", schedules.c.organization, schedules.c.created_at, schedules.c.id)
# Queries must contain these conditions as they are: with parameters, SQLite reads all deliveries instead of the index.
IS_OPEN: Final = deliveries.c.status.in_([literal_column(f"'{name}'") for name in ("waiting", "pending", "sending")])
WAITS_FOR_SCAN: Final = and_(deliveries.c.status == literal_column("'withheld'"), deliveries.c.ended_at.is_(None))
"""Withheld until newer scans are imported. Other withheld deliveries have ended."""
IS_LOST: Final = deliveries.c.status.in_([literal_column(f"'{name}'") for name in ("failed", "uncertain")])
Index("ix_deliveries_lost", deliveries.c.ended_at, sqlite_where=IS_LOST, postgresql_where=IS_LOST)
Index("ix_deliveries_open", deliveries.c.next_attempt_at, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)
Index(
    "ix_deliveries_waiting_for_scan",
    deliveries.c.next_attempt_at,
    sqlite_where=WAITS_FOR_SCAN,
    postgresql_where=WAITS_FOR_SCAN,
)
Index("ix_deliveries_organization", deliveries.c.organization, deliveries.c.created_at, deliveries.c.id)
Index("ix_deliveries_alert_id", deliveries.c.alert_id)
Index("ix_delivery_attempts_connection", delivery_attempts.c.connection, delivery_attempts.c.ended_at)


def insert_deliveries(
    connection: Connection,
    *,
    organization: str,
    report_id: str,
    schedule_id: str | None,
    new: Collection[NewDelivery],
    now: datetime,
) -> None:
    """Insert deliveries that wait for the report; a destination given twice gets one."""
    for delivery in new:
        row = {
            "id": f"dlv_{secrets.token_hex(8)}",
            "organization": organization,
            "report_id": report_id,
            "schedule_id": schedule_id,
            "destination_key": delivery.key,
            "channel": delivery.channel,
            "connection": delivery.connection,
            "target": delivery.target,
            "destination": dict(delivery.destination),
            "condition": dict(delivery.condition) if delivery.condition is not None else None,
            "status": DeliveryStatus.WAITING.value,
            "attempt_count": 0,
            "number": 0,
            "next_attempt_at": now,
            "created_at": now,
            "reason": "",
        }
        inserted = insert_for(connection.dialect.name, deliveries).values(row)
        connection.execute(inserted.on_conflict_do_nothing(index_elements=["report_id", "destination_key"]))
