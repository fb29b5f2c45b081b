"""The audit log, and the start and end of each organisation\'s chain."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "audit_trail",
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("moment", UtcDateTime, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("entry_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("organization", "sequence", name=op.f("pk_audit_trail")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_trail_entry_id")),
    )
    op.create_index("ix_audit_trail_moment", "audit_trail", ["organization", "moment"])
    op.create_index("ix_audit_trail_subject", "audit_trail", ["organization", "subject"])
    op.create_table(
        "audit_heads",
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("floor_sequence", sa.BigInteger(), nullable=False),
        sa.Column("floor_digest", sa.String(length=64), nullable=False),
        sa.Column("floor_seal", sa.String(length=64), nullable=False),
        sa.Column("exported_sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization", name=op.f("pk_audit_heads")),
    )


def downgrade() -> None:
    """One step back."""
    op.drop_table("audit_heads")
    op.drop_table("audit_trail")
