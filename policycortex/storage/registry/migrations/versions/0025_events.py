"""Subscriptions to events, and the queue of their events."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import JsonColumn, UtcDateTime

revision = "0025"
down_revision = "0024"

_IS_OPEN = sa.text("status IN ('pending', 'sending')")


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kinds", JsonColumn, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("deleted_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["organization"], ["organizations.id"], name=op.f("fk_subscriptions_organization")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    op.create_index(op.f("ix_subscriptions_organization"), "subscriptions", ["organization"])
    op.create_table(
        "events",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.String(length=40), nullable=False),
        sa.Column("subscription_id", sa.String(length=32), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("data", JsonColumn, nullable=False),
        sa.Column("occurred_at", UtcDateTime, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime, nullable=False),
        sa.Column("lease_until", UtcDateTime, nullable=True),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscriptions.id"], name=op.f("fk_events_subscription_id")),
        sa.ForeignKeyConstraint(["organization"], ["organizations.id"], name=op.f("fk_events_organization")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("subscription_id", "event_id", name=op.f("uq_events_subscription_id")),
    )
    op.create_index("ix_events_open", "events", ["next_attempt_at"], sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)


def downgrade() -> None:
    """One step back. Subscriptions and events are lost."""
    op.drop_table("events")
    op.drop_table("subscriptions")
