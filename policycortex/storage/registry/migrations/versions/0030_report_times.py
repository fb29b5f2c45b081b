"""How long completed reports waited and took, in buckets for ``/metrics``; those of before are counted."""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

_BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
_ENDED = ("completed", "expired")


def upgrade() -> None:
    """One step forward. Reads each completed report once."""
    times = op.create_table(
        "report_times",
        sa.Column("measure", sa.String(length=16), primary_key=True),
        sa.Column("up_to_seconds", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
    )
    moments = [sa.column(name, sa.DateTime(timezone=True)) for name in ("due_at", "started_at", "completed_at")]
    reports = sa.table("reports", sa.column("status", sa.String), *moments)
    ended = reports.c.status.in_(_ENDED) & reports.c.started_at.isnot(None) & reports.c.completed_at.isnot(None)
    counts: dict[tuple[str, int], list[float]] = defaultdict(list)
    for due, started, completed in op.get_bind().execute(sa.select(*reports.c[1:]).where(ended)):
        for measure, span in (("queue", started - due), ("run", completed - started)):
            seconds = max(span.total_seconds(), 0.0)
            counts[measure, next((bucket for bucket in _BUCKETS if seconds <= bucket), 0)].append(seconds)
    rows = [
        {"measure": measure, "up_to_seconds": up_to, "count": len(spans), "seconds": sum(spans)}
        for (measure, up_to), spans in sorted(counts.items())
    ]
    if rows:
        op.bulk_insert(times, rows)


def downgrade() -> None:
    """One step back."""
    op.drop_table("report_times")
