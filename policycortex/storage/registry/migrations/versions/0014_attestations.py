"""Attestations: what people state of requirements, with who asked for it and who approved it."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import JsonColumn, UtcDateTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "attestations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("statement", sa.String(length=32), nullable=False),
        sa.Column("framework", sa.String(length=100), nullable=False),
        sa.Column("requirements", JsonColumn, nullable=False),
        sa.Column("profile", sa.String(length=100), nullable=True),
        sa.Column("accounts", JsonColumn, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("valid_from", UtcDateTime, nullable=False),
        sa.Column("valid_until", UtcDateTime, nullable=False),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("requested_at", UtcDateTime, nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_at", UtcDateTime, nullable=True),
        sa.Column("revoked_by", sa.String(length=64), nullable=True),
        sa.Column("revoked_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["organization"], ["organizations.id"], name=op.f("fk_attestations_organization")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attestations")),
    )
    op.create_index("ix_attestations_requested", "attestations", ["organization", "requested_at", "id"])


def downgrade() -> None:
    """One step back."""
    op.drop_table("attestations")
