"""What follows when the clock of the machine was ahead and is set back: schedules and deliveries go on."""

from contextlib import closing
from datetime import datetime

from policycortex.scheduling.recurrence import recurrence_of
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.clock_repair import BroughtForward
from policycortex.storage.registry.schedule_rows import ScheduleRow


def bring_forward(settings: Settings, *, now: datetime) -> BroughtForward:
    """Correct times that a clock ahead of ``now`` left. A tick that made a report makes no second one.

    The next tick of a schedule is never later than its first one after ``now``, unless the clock was ahead.
    """
    with closing(open_registry(settings)) as registry:
        return registry.clock_repair.bring_forward(_first_ticks(registry, now), now=now)


def _first_ticks(registry: Registry, now: datetime) -> list[tuple[ScheduleRow, datetime]]:
    found = []
    for schedule_id in registry.clock_repair.list_ahead(now=now):
        row = registry.schedules.find_schedule(schedule_id)
        following = recurrence_of(row.cron, row.timezone, row.body["schedule"]).next_runs(now, 1)
        if following and row.next_tick_at is not None and following[0] < row.next_tick_at:
            found.append((row, following[0]))
    return found
