"""Reports, keys, links, access and idempotency."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import JsonColumn, UtcDateTime

revision = "0001"
down_revision = None

_LIVE = sa.text("deleted_at IS NULL")
_OPEN = sa.text("status IN ('pending', 'running')")
_LIVE_INDEXES = {
    "ix_reports_completed": ("organization", "completed_at"),
    "ix_reports_created": ("organization", "created_at", "id"),
    "ix_reports_framework": ("organization", "framework", "created_at"),
    "ix_reports_name": ("organization", "name"),
    "ix_reports_status": ("organization", "status", "created_at"),
    "ix_reports_type": ("organization", "type", "created_at"),
}


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "idempotency_keys",
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column(
            "answer",
            JsonColumn,
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("organization", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])

    op.create_table(
        "organizations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
    )
    op.create_table(
        "report_tallies",
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("framework", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization", "type", "framework", "status", name=op.f("pk_report_tallies")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column(
            "scopes",
            JsonColumn,
            nullable=False,
        ),
        sa.Column(
            "networks",
            JsonColumn,
            nullable=False,
        ),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=True),
        sa.Column("revoked_at", UtcDateTime, nullable=True),
        sa.Column("last_used_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["organization"], ["organizations.id"], name=op.f("fk_api_keys_organization")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    op.create_index("ix_api_keys_organization", "api_keys", ["organization"])

    op.create_table(
        "reports",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("framework", sa.String(length=64), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column(
            "order",
            JsonColumn,
            nullable=False,
        ),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=True),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=True),
        sa.Column("started_at", UtcDateTime, nullable=True),
        sa.Column("completed_at", UtcDateTime, nullable=True),
        sa.Column("progress_pct", sa.Integer(), nullable=False),
        sa.Column(
            "failure",
            JsonColumn,
            nullable=True,
        ),
        sa.Column(
            "summary",
            JsonColumn,
            nullable=True,
        ),
        sa.Column(
            "content",
            JsonColumn,
            nullable=True,
        ),
        sa.Column("snapshot", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column(
            "sharing",
            JsonColumn,
            nullable=True,
        ),
        sa.Column("is_restricted", sa.Boolean(), nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=True),
        sa.Column("deleted_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["organization"], ["organizations.id"], name=op.f("fk_reports_organization")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
    )
    for name, columns in _LIVE_INDEXES.items():
        op.create_index(name, "reports", list(columns), sqlite_where=_LIVE, postgresql_where=_LIVE)
    op.create_index("ix_reports_open", "reports", ["due_at"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index(
        "ix_reports_restricted",
        "reports",
        ["organization"],
        sqlite_where=sa.text("is_restricted = 1"),
        postgresql_where=sa.text("is_restricted"),
    )

    op.create_table(
        "access_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("format", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_access_log_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_log")),
    )
    op.create_index("ix_access_log_report", "access_log", ["report_id", "id"])

    op.create_table(
        "download_links",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=True),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("is_one_time", sa.Boolean(), nullable=False),
        sa.Column("used_at", UtcDateTime, nullable=True),
        sa.Column("revoked_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_download_links_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_download_links")),
        sa.UniqueConstraint("digest", name=op.f("uq_download_links_digest")),
    )
    op.create_index("ix_download_links_report_id", "download_links", ["report_id"])

    op.create_table(
        "report_artifacts",
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_report_artifacts_report_id")),
        sa.PrimaryKeyConstraint("report_id", "format", name=op.f("pk_report_artifacts")),
    )
    op.create_table(
        "report_shares",
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_report_shares_report_id")),
        sa.PrimaryKeyConstraint("report_id", "key_id", name=op.f("pk_report_shares")),
    )


def downgrade() -> None:
    """One step back."""
    for table in ("report_shares", "report_artifacts", "download_links", "access_log", "reports", "api_keys"):
        op.drop_table(table)
    for table in ("report_tallies", "organizations", "idempotency_keys"):
        op.drop_table(table)
