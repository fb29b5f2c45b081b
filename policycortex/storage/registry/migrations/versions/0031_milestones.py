"""Milestones of plans of action that people state."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import UtcDateTime

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "poam_milestones",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("framework", sa.String(length=100)),
        sa.Column("requirement", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("due_on", sa.Date),
        sa.Column("done_on", sa.Date),
        sa.Column("earlier", sa.String(length=32)),
        sa.Column("change", sa.String(length=16)),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("author_role", sa.String(length=200)),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["organization"], ["organizations.id"], name=op.f("fk_poam_milestones_organization")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poam_milestones")),
    )
    op.create_index("ix_poam_milestones_made", "poam_milestones", ["organization", "number", "made_at", "id"])
    op.create_index("uq_poam_milestones_earlier", "poam_milestones", ["earlier"], unique=True)


def downgrade() -> None:
    """One step back. Milestones are lost."""
    op.drop_table("poam_milestones")
