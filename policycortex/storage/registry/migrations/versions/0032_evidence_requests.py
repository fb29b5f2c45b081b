"""Requests of auditors for evidence, and their answers."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import UtcDateTime

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "evidence_requests",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("framework", sa.String(length=100), nullable=False),
        sa.Column("requirement", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("as_of", UtcDateTime, nullable=False),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("requested_by_name", sa.Text, nullable=False),
        sa.Column("requested_by_role", sa.String(length=200)),
        sa.Column("requested_at", UtcDateTime, nullable=False),
        sa.Column("closed_at", UtcDateTime),
        sa.Column("closed_by", sa.String(length=64)),
        sa.Column("closed_by_name", sa.Text),
        sa.ForeignKeyConstraint(["organization"], ["organizations.id"], name=op.f("fk_evidence_requests_organization")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_requests")),
    )
    op.create_index("ix_evidence_requests_requested", "evidence_requests", ["organization", "requested_at", "id"])
    op.create_table(
        "evidence_answers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("attestation_id", sa.String(length=32)),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["evidence_requests.id"], name=op.f("fk_evidence_answers_request_id")),
        sa.ForeignKeyConstraint(
            ["attestation_id"], ["attestations.id"], name=op.f("fk_evidence_answers_attestation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_answers")),
    )
    op.create_index("ix_evidence_answers_request", "evidence_answers", ["request_id", "made_at", "id"])


def downgrade() -> None:
    """One step back. Requests and answers are lost."""
    op.drop_table("evidence_answers")
    op.drop_table("evidence_requests")
