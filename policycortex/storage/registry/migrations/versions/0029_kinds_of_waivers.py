"""Kinds of waivers, which are the kinds of deviations in plans of action."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """One step forward. Waivers without a kind are operational requirements, as before."""
    op.add_column("waivers", sa.Column("kind", sa.String(length=32)))
    op.add_column("waivers", sa.Column("adjusted_severity", sa.String(length=16)))


def downgrade() -> None:
    """One step back. Kinds are lost."""
    op.drop_column("waivers", "adjusted_severity")
    op.drop_column("waivers", "kind")
