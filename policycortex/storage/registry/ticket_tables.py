"""Tickets in issue trackers, and the queue of their steps.

A ticket is one row for each weakness and connection, made before anything is asked of the tracker. Its steps are done
in their order: a step waits until the ones before it are done.
"""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from policycortex.storage.registry.base import JsonColumn, UtcDateTime, metadata

tickets = Table(
    "tickets",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False),
    Column("connection", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("marker", String(64), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("is_wanted_open", Boolean, nullable=False),
    Column("waived", Text, nullable=False),
    Column("tracker_id", Text),
    Column("name", Text),
    Column("url", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("organization", "connection", "number", name="uq_tickets_organization"),
)

ticket_steps = Table(
    "ticket_steps",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("ticket_id", String(32), ForeignKey("tickets.id"), nullable=False),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False),
    Column("connection", String(64), nullable=False),
    Column("place", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("content", JsonColumn, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempt_count", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("answer", Text, nullable=False),
    UniqueConstraint("ticket_id", "place", name="uq_ticket_steps_ticket_id"),
)

IS_STEP_OPEN: Final = ticket_steps.c.status.in_([literal_column(f"'{name}'") for name in ("pending", "sending")])
"""Queries must contain it as it is: with parameters, SQLite reads all steps instead of the index."""
Index("ix_ticket_steps_open", ticket_steps.c.next_attempt_at, sqlite_where=IS_STEP_OPEN, postgresql_where=IS_STEP_OPEN)
