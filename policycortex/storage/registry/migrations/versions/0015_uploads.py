"""Files that were uploaded to the API, and the result of their import."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import JsonColumn, UtcDateTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=True),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("run_id", sa.String(length=64), nullable=True),
        sa.Column("records_read", sa.BigInteger(), nullable=False),
        sa.Column("files", JsonColumn, nullable=False),
        sa.Column("unrelated", JsonColumn, nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["organization"], ["organizations.id"], name=op.f("fk_uploads_organization")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index("ix_uploads_created", "uploads", ["organization", "created_at", "id"])


def downgrade() -> None:
    """One step back."""
    op.drop_table("uploads")
