"""A report's password, sealed while its run needs it; files beside its formats: proofs, and copies for one delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """One step forward."""
    op.add_column("reports", sa.Column("sealed_password", sa.Text(), nullable=True))
    op.add_column("download_links", sa.Column("file_name", sa.String(length=64), nullable=True))
    op.create_table(
        "report_files",
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_report_files_report_id")),
        sa.PrimaryKeyConstraint("report_id", "name", name=op.f("pk_report_files")),
    )


def downgrade() -> None:
    """One step back."""
    op.drop_table("report_files")
    op.drop_column("download_links", "file_name")
    op.drop_column("reports", "sealed_password")
