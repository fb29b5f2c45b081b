"""Grants of outside auditors: an identity, its frameworks and its period."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "grants",
        sa.Column("id", sa.String(length=32), sa.ForeignKey("api_keys.id", name="fk_grants_id"), nullable=False),
        sa.Column("starts", sa.String(length=40), nullable=False),
        sa.Column("ends", sa.String(length=40), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=320)),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.UniqueConstraint("digest", name="uq_grants_digest"),
    )
    op.create_index("ix_grants_email", "grants", ["email"])
    op.create_table(
        "grant_frameworks",
        sa.Column(
            "grant_id", sa.String(length=32), sa.ForeignKey("grants.id", name="fk_grant_frameworks_grant_id"),
            nullable=False,
        ),
        sa.Column("framework", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("grant_id", "framework", name="pk_grant_frameworks"),
    )  # fmt: skip


def downgrade() -> None:
    """One step back. The identities stay, because records name them; they have no key and cannot sign in."""
    op.drop_table("grant_frameworks")
    op.drop_table("grants")
