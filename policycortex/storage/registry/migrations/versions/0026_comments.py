"""Comments of reviewers on requirements."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import UtcDateTime

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """One step forward."""
    op.create_table(
        "requirement_comments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("framework", sa.String(length=100), nullable=False),
        sa.Column("requirement", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("as_of", UtcDateTime, nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("author_role", sa.String(length=200)),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization"], ["organizations.id"], name=op.f("fk_requirement_comments_organization")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requirement_comments")),
    )
    op.create_index(
        "ix_requirement_comments_made", "requirement_comments", ["organization", "framework", "made_at", "id"]
    )


def downgrade() -> None:
    """One step back. Comments are lost."""
    op.drop_table("requirement_comments")
