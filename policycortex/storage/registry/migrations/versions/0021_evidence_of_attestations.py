"""Attestations: evidence files, environments, contradicting findings. Roles of people who request and approve."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import JsonColumn, UtcDateTime

revision = "0021"
down_revision = "0020"

_ROLES = ("requester_role", "approver_role")


def upgrade() -> None:
    """One step forward."""
    for name in ("waivers", "attestations"):
        for role in _ROLES:
            op.add_column(name, sa.Column(role, sa.String(length=200), nullable=True))
    op.add_column("attestations", sa.Column("environments", JsonColumn, nullable=True))
    op.create_table(
        "attestation_evidence",
        sa.Column("attestation_id", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("attached_by", sa.String(length=64), nullable=False),
        sa.Column("attached_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["attestation_id"], ["attestations.id"], name=op.f("fk_attestation_evidence_attestation_id")
        ),
        sa.PrimaryKeyConstraint("attestation_id", "sha256", name=op.f("pk_attestation_evidence")),
    )
    op.create_table(
        "attestation_contradictions",
        sa.Column("attestation_id", sa.String(length=32), nullable=False),
        sa.Column("requirement", sa.String(length=200), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["attestation_id"], ["attestations.id"], name=op.f("fk_attestation_contradictions_attestation_id")
        ),
        sa.PrimaryKeyConstraint("attestation_id", "requirement", "since", name=op.f("pk_attestation_contradictions")),
    )


def downgrade() -> None:
    """One step back. Notes on evidence files are lost; the files stay in the store until they are collected."""
    op.drop_table("attestation_contradictions")
    op.drop_table("attestation_evidence")
    with op.batch_alter_table("attestations") as table:
        table.drop_column("environments")
    for name in ("waivers", "attestations"):
        with op.batch_alter_table(name) as table:
            for role in _ROLES:
                table.drop_column(role)
