"""How long an organisation keeps its reports."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """One step forward."""
    op.add_column("organizations", sa.Column("retention_days", sa.Integer(), nullable=True))


def downgrade() -> None:
    """One step back."""
    op.drop_column("organizations", "retention_days")
