"""Tickets in issue trackers, and the queue of their steps."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import JsonColumn, UtcDateTime

revision = "0027"
down_revision = "0026"

_IS_OPEN = sa.text("status IN ('pending', 'sending')")


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "tickets",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("marker", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("is_wanted_open", sa.Boolean(), nullable=False),
        sa.Column("waived", sa.Text(), nullable=False),
        sa.Column("tracker_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["organization"], ["organizations.id"], name=op.f("fk_tickets_organization")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("organization", "connection", "number", name=op.f("uq_tickets_organization")),
    )
    op.create_table(
        "ticket_steps",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("ticket_id", sa.String(length=32), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("connection", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("content", JsonColumn, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime, nullable=False),
        sa.Column("lease_until", UtcDateTime, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_steps_ticket_id")),
        sa.ForeignKeyConstraint(["organization"], ["organizations.id"], name=op.f("fk_ticket_steps_organization")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_steps")),
        sa.UniqueConstraint("ticket_id", "place", name=op.f("uq_ticket_steps_ticket_id")),
    )
    op.create_index(
        "ix_ticket_steps_open", "ticket_steps", ["next_attempt_at"], sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN
    )


def downgrade() -> None:
    """One step back. Which tickets were made is lost."""
    op.drop_table("ticket_steps")
    op.drop_table("tickets")
