"""Identities of people who sign in without a key. Existing rows are keys."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_UNIQUE = "uq_api_keys_subject"


def upgrade() -> None:
    """One step forward."""
    with op.batch_alter_table("api_keys") as table:
        table.add_column(sa.Column("subject", sa.String(length=200)))
        table.create_unique_constraint(_UNIQUE, ["subject"])


def downgrade() -> None:
    """One step back. People are kept as keys without a secret, because records name them."""
    with op.batch_alter_table("api_keys") as table:
        table.drop_constraint(_UNIQUE, type_="unique")
        table.drop_column("subject")
