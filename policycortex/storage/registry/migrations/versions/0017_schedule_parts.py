"""A tick of a schedule may make several reports, one for each part; those of earlier versions have one part, ""."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_KEY = "pk_schedule_ticks"


def upgrade() -> None:
    """One step forward."""
    with op.batch_alter_table("schedule_ticks") as table:
        table.add_column(sa.Column("part", sa.String(length=80), nullable=False, server_default=""))
        table.drop_constraint(_KEY, type_="primary")
        table.create_primary_key(_KEY, ["schedule_id", "tick", "part"])


def downgrade() -> None:
    """One step back. Only the first part of each tick is kept."""
    op.execute(
        "DELETE FROM schedule_ticks WHERE EXISTS (SELECT 1 FROM schedule_ticks AS other WHERE"
        " other.schedule_id = schedule_ticks.schedule_id AND other.tick = schedule_ticks.tick"
        " AND other.part < schedule_ticks.part)"
    )
    with op.batch_alter_table("schedule_ticks") as table:
        table.drop_constraint(_KEY, type_="primary")
        table.create_primary_key(_KEY, ["schedule_id", "tick"])
        table.drop_column("part")
