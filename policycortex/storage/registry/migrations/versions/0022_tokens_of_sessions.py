"""Sessions whose token is replaced, and the identity provider that signed a person in."""

import sqlalchemy as sa
from alembic import op

from policycortex.storage.registry.base import UtcDateTime

revision = "0022"
down_revision = "0021"

_UNIQUE = "uq_web_sessions_previous_digest"


def upgrade() -> None:
    """One step forward. Open sessions stay."""
    with op.batch_alter_table("web_sessions") as table:
        table.add_column(sa.Column("rotated_at", UtcDateTime))
        table.add_column(sa.Column("previous_digest", sa.String(length=64)))
        table.add_column(sa.Column("issuer", sa.Text))
        table.create_unique_constraint(_UNIQUE, ["previous_digest"])


def downgrade() -> None:
    """One step back."""
    with op.batch_alter_table("web_sessions") as table:
        table.drop_constraint(_UNIQUE, type_="unique")
        for column in ("rotated_at", "previous_digest", "issuer"):
            table.drop_column(column)
