"""When a report is expected, as reported at its request, and the stage of its run."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import UtcDateTime

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """One step forward. Reports of earlier versions are estimated when they are read."""
    op.add_column("reports", sa.Column("expected_at", UtcDateTime))
    op.add_column("reports", sa.Column("stage", sa.String(length=32)))


def downgrade() -> None:
    """One step back."""
    op.drop_column("reports", "stage")
    op.drop_column("reports", "expected_at")
