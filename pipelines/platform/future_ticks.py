"""Repairs records of Dagster whose time lies ahead, after the clock of the machine was set back.

Dagster evaluates a sensor when its minimum interval has passed since the newest tick, and a schedule after its newest
tick. A tick of the future therefore stops either one, without a message, until the clock has caught up.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.storage.schedules.schema import JobTickTable
from sqlalchemy import delete

_ENDING = "_timestamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairedTicks:
    """What was changed; zeros where no time lay ahead."""

    instigators: int
    """Sensors and schedules whose state named a time of the future."""
    ticks: int
    """Ticks of the future, which were removed."""


def repair_future_ticks(instance: dg.DagsterInstance, *, now: datetime) -> RepairedTicks:
    """Set times after ``now`` in the states of sensors and schedules to ``now``, and remove ticks of the future.

    No daemon of the instance may be running. Cursors and switches stay as they are.
    """
    changed = 0
    for state in instance.all_instigator_state():
        data: Any = state.instigator_data  # a named tuple; which one depends on the kind
        ahead = _ahead(data, now.timestamp()) if data is not None else {}
        if ahead:
            instance.update_instigator_state(state.with_data(data._replace(**ahead)))
            changed += 1
    return RepairedTicks(instigators=changed, ticks=_remove_ticks(instance, now))


def _ahead(data: Any, now: float) -> dict[str, float]:  # noqa: ANN401 - one of Dagster's named tuples
    """The fields with a time after ``now``, each as ``now``."""
    times = {name: value for name, value in data._asdict().items() if name.endswith(_ENDING)}
    return {name: now for name, value in times.items() if value is not None and value > now}


def _remove_ticks(instance: dg.DagsterInstance, now: datetime) -> int:
    """The column holds UTC without zone."""
    statement = delete(JobTickTable).where(JobTickTable.c.timestamp > now.astimezone(UTC).replace(tzinfo=None))
    storage: Any = instance.schedule_storage  # SqlScheduleStorage, whether SQLite or Postgres
    with storage.connect() as connection:
        removed: int = connection.execute(statement).rowcount
    return removed
