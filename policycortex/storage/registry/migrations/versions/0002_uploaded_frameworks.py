"""Frameworks that organisations upload."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "uploaded_frameworks",
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("framework_id", sa.String(length=100), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_at", UtcDateTime, nullable=False),
        sa.Column("uploaded_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization"], ["organizations.id"], name=op.f("fk_uploaded_frameworks_organization")
        ),
        sa.PrimaryKeyConstraint("organization", "framework_id", name=op.f("pk_uploaded_frameworks")),
    )


def downgrade() -> None:
    """One step back."""
    op.drop_table("uploaded_frameworks")
