"""Index of the deliveries that failed or became uncertain, which ``/metrics`` counts."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

_IS_LOST = sa.text("status IN ('failed', 'uncertain')")


def upgrade() -> None:
    """One step forward."""
    op.create_index("ix_deliveries_lost", "deliveries", ["ended_at"], sqlite_where=_IS_LOST, postgresql_where=_IS_LOST)


def downgrade() -> None:
    """One step back."""
    op.drop_index("ix_deliveries_lost", "deliveries")
