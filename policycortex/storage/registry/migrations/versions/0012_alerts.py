"""A queue of alerts of its own; ticks tell whether their report could not be requested."""

import secrets

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import UtcDateTime

revision = "0012"
down_revision = "0011"

_OPEN = sa.text("status IN ('pending', 'sending')")
_UNTOLD = sa.text("alerted_at IS NULL")


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("report_id", sa.String(length=32), nullable=True),
        sa.Column("schedule_id", sa.String(length=32), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("connection", sa.String(length=64), nullable=True),
        sa.Column("tick", UtcDateTime, nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime, nullable=False),
        sa.Column("lease_until", UtcDateTime, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["organization"], ["organizations.id"], name=op.f("fk_alerts_organization")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_alerts_report_id")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("fk_alerts_schedule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("key", name=op.f("uq_alerts_key")),
    )
    op.create_index("ix_alerts_open", "alerts", ["next_attempt_at"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_alerts_report_id", "alerts", ["report_id"])
    op.add_column("schedule_ticks", sa.Column("is_invalid", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE schedule_ticks SET is_invalid = TRUE WHERE reason LIKE 'the report request is no longer valid%'")
    op.add_column("deliveries", sa.Column("alert_id", sa.String(length=32), nullable=True))
    op.create_index("ix_deliveries_alert_id", "deliveries", ["alert_id"])
    _queue_alerts_that_wait(op.get_bind())
    op.drop_index("ix_deliveries_untold", "deliveries")
    op.drop_column("deliveries", "alerted_at")
    op.drop_column("deliveries", "alert_count")


def downgrade() -> None:
    """One step back."""
    op.add_column("deliveries", sa.Column("alert_count", sa.Integer(), nullable=False, server_default="6"))
    op.add_column("deliveries", sa.Column("alerted_at", UtcDateTime, nullable=True))
    op.create_index("ix_deliveries_untold", "deliveries", ["status"], sqlite_where=_UNTOLD, postgresql_where=_UNTOLD)
    op.drop_index("ix_deliveries_alert_id", "deliveries")
    op.drop_column("deliveries", "alert_id")
    op.drop_column("schedule_ticks", "is_invalid")
    op.drop_table("alerts")


def _queue_alerts_that_wait(connection: sa.Connection) -> None:
    """An alert for each group of failures whose alert was not sent yet and not given up."""
    deliveries = sa.table(
        "deliveries",
        *(sa.column(name) for name in ("organization", "report_id", "schedule_id", "channel", "connection")),
        *(sa.column(name) for name in ("status", "alert_count", "alert_id")),
        sa.column("alerted_at", UtcDateTime),
        sa.column("ended_at", UtcDateTime),
    )
    columns = {column.name: column for column in deliveries.c}
    waiting = (
        columns["status"].in_(("failed", "uncertain")),
        columns["alerted_at"].is_(None),
        columns["alert_count"] < 6,
    )
    names = ("organization", "report_id", "schedule_id", "channel", "connection")
    query = sa.select(*(columns[name] for name in names), sa.func.max(columns["ended_at"]).label("ended_at"))
    for row in connection.execute(query.where(*waiting).group_by(*names)).mappings().all():
        alert = {name: row[name] for name in names} | {
            "id": f"alr_{secrets.token_hex(8)}",
            "key": f"delivery:{row['report_id']}:{row['channel']}:{row['connection']}:1",
            "kind": "delivery",
            "status": "pending",
            "attempt_count": 0,
            "next_attempt_at": row["ended_at"],
            "created_at": row["ended_at"],
            "reason": "",
        }
        connection.execute(sa.insert(_alerts_table()).values(**alert))
        group = tuple(columns[name] == row[name] for name in ("report_id", "channel", "connection"))
        connection.execute(sa.update(deliveries).where(*group, *waiting).values(alert_id=alert["id"]))


def _alerts_table() -> sa.TableClause:
    texts = (
        "id",
        "key",
        "organization",
        "kind",
        "report_id",
        "schedule_id",
        "channel",
        "connection",
        "status",
        "reason",
    )
    return sa.table(
        "alerts",
        *(sa.column(name) for name in (*texts, "attempt_count")),
        sa.column("next_attempt_at", UtcDateTime),
        sa.column("created_at", UtcDateTime),
    )
