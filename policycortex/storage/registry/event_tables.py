"""Subscriptions to events, and the queue of events; other changes of the registry add theirs in their own transaction.

An event is one row for each subscription that asks for its kind at that time. It is committed with the change that it
reports, or not at all. Its id is a digest of what happened, so that the same change never makes a second one.
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    select,
)

from policycortex.names import EventKind, EventStatus
from policycortex.storage.registry.base import JsonColumn, UtcDateTime, insert_for, metadata

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("connection", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("kinds", JsonColumn, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("deleted_at", UtcDateTime),
)

events = Table(
    "events",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("event_id", String(40), nullable=False),
    Column("subscription_id", String(32), ForeignKey("subscriptions.id"), nullable=False),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("data", JsonColumn, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempt_count", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("answer", Text, nullable=False),
    UniqueConstraint("subscription_id", "event_id", name="uq_events_subscription_id"),
)

IS_EVENT_OPEN: Final = events.c.status.in_([literal_column(f"'{name}'") for name in ("pending", "sending")])
"""Queries must contain it as it is: with parameters, SQLite reads all events instead of the index."""
Index("ix_events_open", events.c.next_attempt_at, sqlite_where=IS_EVENT_OPEN, postgresql_where=IS_EVENT_OPEN)


def note_event(
    connection: Connection, organization: str, kind: EventKind, key: str, data: Mapping[str, Any], *, now: datetime
) -> int:
    """Add the event for each subscription of the organisation that asks for its kind; how many were added.

    ``key`` identifies what happened among events of the kind. ``data`` has JSON types only.
    """
    mine = (subscriptions.c.organization == organization, subscriptions.c.deleted_at.is_(None))
    rows = connection.execute(select(subscriptions.c.id, subscriptions.c.kinds).where(*mine)).all()
    digest = hashlib.sha256(f"{organization}\n{kind.value}\n{key}".encode()).hexdigest()
    added = 0
    for subscription_id, kinds in rows:
        if kind.value not in kinds:
            continue
        values = {
            "id": f"evd_{secrets.token_hex(8)}",
            "event_id": f"evt_{digest[:32]}",
            "subscription_id": subscription_id,
            "organization": organization,
            "kind": kind.value,
            "data": dict(data),
            "occurred_at": now,
            "status": EventStatus.PENDING.value,
            "attempt_count": 0,
            "next_attempt_at": now,
            "answer": "",
        }
        inserted = insert_for(connection.dialect.name, events).values(values)
        inserted = inserted.on_conflict_do_nothing(index_elements=["subscription_id", "event_id"])
        added += connection.execute(inserted).rowcount
    return added
