"""The lineage of keys: which first key a rotated key descends from, read from the rotations in the audit log."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_KEYS = sa.table("api_keys", sa.column("id", sa.String), sa.column("lineage", sa.String))
_LOG = sa.table(
    "audit_trail",
    sa.column("organization", sa.String),
    sa.column("sequence", sa.BigInteger),
    sa.column("action", sa.String),
    sa.column("subject", sa.Text),
    sa.column("details", sa.Text),
)


def upgrade() -> None:
    """One step forward. Rotations that the audit log does not record, for example retired ones, stay unknown."""
    op.add_column("api_keys", sa.Column("lineage", sa.String(length=32), nullable=True))
    connection = op.get_bind()
    rotations = (
        sa.select(_LOG.c.subject, _LOG.c.details)
        .where(_LOG.c.action == "key_rotated")
        .order_by(_LOG.c.organization, _LOG.c.sequence)
    )
    first_keys: dict[str, str] = {}
    for old, details in connection.execute(rotations):
        first_keys[json.loads(details)["new_key"]] = first_keys.get(old, old)
    for key_id, first in first_keys.items():
        connection.execute(sa.update(_KEYS).where(_KEYS.c.id == key_id).values(lineage=first))


def downgrade() -> None:
    """One step back."""
    op.drop_column("api_keys", "lineage")
