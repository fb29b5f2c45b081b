"""Findings that count towards no requirement, per organisation and framework, for the answer to a report request."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import JsonColumn

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """One step forward. The rows come with the next scoring."""
    op.create_table(
        "unrelated_findings",
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("framework_id", sa.String(length=100), nullable=False),
        sa.Column("as_of", sa.String(length=10), nullable=False),
        sa.Column("providers", JsonColumn, nullable=False),
        sa.PrimaryKeyConstraint("organization", "framework_id", name=op.f("pk_unrelated_findings")),
    )


def downgrade() -> None:
    """One step back."""
    op.drop_table("unrelated_findings")
