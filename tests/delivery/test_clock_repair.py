"""The clock was ahead and is set back: schedules and deliveries go on, and nothing is done twice."""

from contextlib import closing
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy

from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.schedule_tables import deliveries
from policycortex.workflow.clock_repair import bring_forward
from policycortex.workflow.scheduling import claim_due_ticks, create_schedule
from tests.support.ledger import MONTHLY, settings_of

_START = datetime(2026, 3, 15, tzinfo=UTC)
_FIRST = datetime(2026, 4, 1, 13, tzinfo=UTC)


def test_schedules_and_deliveries_go_on(tmp_path: Path) -> None:
    """Ten years ahead for a moment: one late report is made, the others are skipped, a delivery is put off.

    Set back to March, the schedule's next report is that of 1 April; the tick that made a report makes no second one.
    """
    settings = settings_of(tmp_path)
    far = _FIRST + timedelta(days=3650)
    with closing(open_registry(settings)) as registry:
        schedule = create_schedule(
            settings, registry, deepcopy(MONTHLY), organization="default", created_by=None, now=_START
        )
        (late,) = claim_due_ticks(settings, now=far)
        with registry.migration.transaction() as connection:
            put_off = sqlalchemy.update(deliveries).values(status="pending", next_attempt_at=far)
            connection.execute(put_off)
        done = bring_forward(settings, now=_START)
        assert (done.schedules, done.attempts) == (1, 3)
        assert done.skipped_ticks > 100
        assert registry.schedules.find_schedule(schedule.id).next_tick_at == _FIRST
        rows, _ = registry.deliveries.list_deliveries("default", report_id=late)
        assert {row.next_attempt_at for row in rows} == {_START}
        again = bring_forward(settings, now=_START)
        assert (again.schedules, again.skipped_ticks, again.attempts) == (0, 0, 0)
        (april,) = claim_due_ticks(settings, now=_FIRST)
        assert registry.reports.find_report(april).due_at == _FIRST
        claim_due_ticks(settings, now=far)
        due = [registry.reports.find_report(row.report_id).due_at for row in _ticks(registry, schedule.id)]
        assert len(due) == len(set(due))


def _ticks(registry: Registry, schedule_id: str) -> list[Any]:
    rows, _ = registry.schedules.list_ticks(schedule_id, limit=1000)
    return [row for row in rows if row.report_id is not None]


def test_a_clock_that_was_right_changes_nothing(tmp_path: Path) -> None:
    """At each start the repair finds nothing to do."""
    settings = settings_of(tmp_path)
    with closing(open_registry(settings)) as registry:
        create_schedule(settings, registry, deepcopy(MONTHLY), organization="default", created_by=None, now=_START)
        claim_due_ticks(settings, now=_FIRST)
        done = bring_forward(settings, now=_FIRST + timedelta(seconds=5))
    assert (done.schedules, done.skipped_ticks, done.attempts) == (0, 0, 0)
