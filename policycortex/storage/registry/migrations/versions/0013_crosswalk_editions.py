"""Schedules made before there were crosswalk editions keep the scanner's relations, so that their series go on."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_SCHEDULES = sa.table("schedules", sa.column("id", sa.String), sa.column("body", sa.JSON))


def upgrade() -> None:
    """One step forward. Updates nothing where a schedule names an edition already."""
    for schedule_id, body in _bodies():
        template = body.get("report_template")
        if isinstance(template, dict) and template.get("framework") and "crosswalk" not in template:
            _write(schedule_id, body | {"report_template": template | {"crosswalk": "scanner"}})


def downgrade() -> None:
    """One step back."""
    for schedule_id, body in _bodies():
        template = body.get("report_template")
        if isinstance(template, dict) and "crosswalk" in template:
            kept = {name: value for name, value in template.items() if name != "crosswalk"}
            _write(schedule_id, body | {"report_template": kept})


def _bodies() -> list[tuple[str, dict[str, Any]]]:
    rows = op.get_bind().execute(sa.select(_SCHEDULES.c.id, _SCHEDULES.c.body).order_by(_SCHEDULES.c.id))
    return [(id_, json.loads(body) if isinstance(body, str) else body) for id_, body in rows]


def _write(schedule_id: str, body: dict[str, Any]) -> None:
    op.get_bind().execute(sa.update(_SCHEDULES).where(_SCHEDULES.c.id == schedule_id).values(body=body))
