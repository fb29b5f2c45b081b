"""Notices that an attestation ends soon or has ended, each given once."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import UtcDateTime

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "attestation_notices",
        sa.Column("attestation_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("noted_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["attestation_id"], ["attestations.id"], name=op.f("fk_attestation_notices_attestation_id")
        ),
        sa.PrimaryKeyConstraint("attestation_id", "kind", name=op.f("pk_attestation_notices")),
    )


def downgrade() -> None:
    """One step back. Notices of attestations that end soon may be given again."""
    op.drop_table("attestation_notices")
