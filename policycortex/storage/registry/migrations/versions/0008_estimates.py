"""What an estimate reads: the queue of open reports, and the last completed ones of a type."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_OPEN = sa.text("status IN ('pending', 'running') AND deleted_at IS NULL")
_DONE = sa.text("status = 'completed' AND deleted_at IS NULL")


def upgrade() -> None:
    """One step forward."""
    queue = ["organization", "due_at", "id", "status", "deleted_at"]
    done = ["organization", "type", "created_at"]
    op.create_index("ix_reports_queue", "reports", queue, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_reports_done", "reports", done, sqlite_where=_DONE, postgresql_where=_DONE)


def downgrade() -> None:
    """One step back."""
    op.drop_index("ix_reports_done", "reports")
    op.drop_index("ix_reports_queue", "reports")
