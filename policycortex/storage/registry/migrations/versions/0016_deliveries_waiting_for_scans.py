"""Finds withheld deliveries that wait for newer scans without reading the others."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_WAITING = sa.text("status = 'withheld' AND ended_at IS NULL")


def upgrade() -> None:
    """One step forward."""
    op.create_index(
        "ix_deliveries_waiting_for_scan",
        "deliveries",
        ["next_attempt_at"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )


def downgrade() -> None:
    """One step back. Deliveries that wait end as withheld, as earlier versions know them."""
    op.execute("UPDATE deliveries SET ended_at = next_attempt_at WHERE status = 'withheld' AND ended_at IS NULL")
    op.drop_index("ix_deliveries_waiting_for_scan", "deliveries")
