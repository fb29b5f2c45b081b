"""What a report was made with, its further frameworks, and every uploaded version of a framework with its time."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import JsonColumn, UtcDateTime

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """One step forward. Of each framework the version that is there is the first one known."""
    op.add_column("reports", sa.Column("made_with", JsonColumn))
    op.create_table(
        "report_frameworks",
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("framework", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_report_frameworks_report_id")),
        sa.PrimaryKeyConstraint("report_id", "framework", name=op.f("pk_report_frameworks")),
    )
    op.create_index(op.f("ix_report_frameworks_framework"), "report_frameworks", ["framework"])
    op.create_table(
        "framework_versions",
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("framework_id", sa.String(length=100), nullable=False),
        sa.Column("known_from", UtcDateTime, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization"], ["organizations.id"], name=op.f("fk_framework_versions_organization")
        ),
        sa.PrimaryKeyConstraint("organization", "framework_id", "known_from", name=op.f("pk_framework_versions")),
    )
    op.execute(
        "INSERT INTO framework_versions (organization, framework_id, known_from, content)"
        " SELECT organization, framework_id, uploaded_at, content FROM uploaded_frameworks"
    )


def downgrade() -> None:
    """One step back."""
    op.drop_table("framework_versions")
    op.drop_table("report_frameworks")
    op.drop_column("reports", "made_with")
