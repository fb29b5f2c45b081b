"""Schedules with a real database: due ticks become reports exactly once, through downtime, changes and load."""

from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from policycortex.errors import ConflictError, NotFoundError, RequestError
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.schedule_rows import ScheduleRow
from policycortex.workflow.due_reports import load_startable_reports
from policycortex.workflow.scheduling import (
    change_schedule,
    claim_due_ticks,
    create_schedule,
    preview_runs,
    run_schedule_now,
)
from tests.support.ledger import MONTHLY, settings_of
from tests.support.own_processes import CONTEXT, process_of

START = datetime(2026, 3, 15, tzinfo=UTC)
FIRST = datetime(2026, 4, 1, 13, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A new installation without connections."""
    return settings_of(tmp_path)


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    """Its database."""
    with closing(open_registry(settings)) as opened:
        yield opened


def _create(settings: Settings, registry: Registry, *, now: datetime = START, **changes: Any) -> ScheduleRow:  # noqa: ANN401
    body = deepcopy(MONTHLY)
    for name, value in changes.items():
        body[name] = {**body[name], **value} if isinstance(value, dict) else value
    return create_schedule(settings, registry, body, organization="default", created_by=None, now=now)


def test_the_documented_schedule_previews_its_runs(settings: Settings, registry: Registry) -> None:
    """The 1st at 9:00 in New York, through the change of clocks in November."""
    schedule = _create(settings, registry, now=datetime(2026, 9, 15, tzinfo=UTC))
    assert [run.isoformat() for run in preview_runs(schedule, now=datetime(2026, 9, 15, tzinfo=UTC))] == [
        "2026-10-01T13:00:00+00:00", "2026-11-01T14:00:00+00:00", "2026-12-01T14:00:00+00:00",
        "2027-01-01T14:00:00+00:00", "2027-02-01T14:00:00+00:00",
    ]  # fmt: skip


def test_a_late_claim_has_its_true_time(settings: Settings, registry: Registry) -> None:
    """The sensor leaves a tick to its schedule definition for a while; what it claims after that says when it did."""
    schedule = _create(settings, registry)
    wait, now = timedelta(seconds=20), FIRST + timedelta(seconds=23)
    assert claim_due_ticks(settings, now=FIRST + timedelta(seconds=19), head_start=wait) == ()
    (report_id,) = claim_due_ticks(settings, now=now, head_start=wait)
    (tick,), _ = registry.schedules.list_ticks(schedule.id)
    deliveries, _ = registry.deliveries.list_deliveries("default", report_id=report_id)
    assert tick.claimed_at == registry.reports.find_report(report_id).created_at == now
    assert {row.created_at for row in deliveries} == {now}
    assert load_startable_reports(settings, now=now) == ()
    (due,) = load_startable_reports(settings, now=now, claimed=(report_id,))
    assert due.report_id == report_id


def test_a_due_tick_makes_one_report_for_the_month_before(settings: Settings, registry: Registry) -> None:
    """Its period starts and ends at midnight in New York; its deliveries wait; a second claim makes no report."""
    schedule = _create(settings, registry)
    assert claim_due_ticks(settings, now=FIRST - timedelta(seconds=1)) == ()
    (report_id,) = claim_due_ticks(settings, now=FIRST + timedelta(seconds=2))
    assert claim_due_ticks(settings, now=FIRST + timedelta(minutes=5)) == ()
    report = registry.reports.find_report(report_id)
    assert report.order["period"] == {
        "start": "2026-03-01T05:00:00+00:00",
        "end": "2026-04-01T04:00:00+00:00",
        "zone": "America/New_York",
    }
    assert report.due_at == FIRST
    deliveries, total = registry.deliveries.list_deliveries("default", report_id=report_id)
    assert total == 3
    assert {(row.channel, row.target, row.status.value) for row in deliveries} == {
        ("email", "ceo@company.com", "waiting"),
        ("email", "cto@company.com", "waiting"),
        ("slack", "#executive-reports", "waiting"),
    }
    ((tick,), _) = registry.schedules.list_ticks(schedule.id)
    assert (tick.tick, tick.report_id, tick.report_status) == (FIRST, report_id, "pending")
    assert registry.schedules.last_runs([schedule.id])[schedule.id].report_id == report_id


@pytest.mark.parametrize(("misfire", "reports"), [("skip", 0), ("latest", 1), ("all", 3)])
def test_downtime_follows_the_policy(settings: Settings, registry: Registry, misfire: str, reports: int) -> None:
    """Down from March to mid June: three ticks were missed; each is listed with its report or its reason."""
    schedule = _create(settings, registry, schedule={"misfire": misfire})
    made = claim_due_ticks(settings, now=datetime(2026, 6, 15, tzinfo=UTC))
    assert len(made) == reports
    ticks, total = registry.schedules.list_ticks(schedule.id)
    assert total == 3
    assert all(bool(tick.report_id) != bool(tick.reason) for tick in ticks)
    if misfire == "latest":
        assert ticks[0].report_id == made[0]


def test_a_long_downtime_is_handled_in_batches(settings: Settings, registry: Registry) -> None:
    """A schedule of each minute, down for two days: 2,880 ticks, one report, nothing due."""
    now = START + timedelta(days=2)
    schedule = _create(settings, registry, schedule={"cron": "* * * * *"})
    made = claim_due_ticks(settings, now=now)
    assert len(made) == 1
    _, total = registry.schedules.list_ticks(schedule.id, limit=1)
    assert total == 2880
    assert registry.schedules.find_schedule(schedule.id).next_tick_at == now + timedelta(minutes=1)


def test_a_changed_cron_handles_due_ticks_first(settings: Settings, registry: Registry) -> None:
    """The tick of 13:00 was due when the change came at 13:00:30; it is neither lost nor run again at the new time."""
    schedule = _create(settings, registry)
    now = FIRST + timedelta(seconds=30)
    changed = change_schedule(settings, registry, schedule, {"schedule": {"timezone": "UTC"}}, now=now)
    assert changed.timezone == "UTC"
    assert changed.cron == "0 9 1 * *"
    assert changed.next_tick_at == datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
    ((tick,), total) = registry.schedules.list_ticks(schedule.id)
    assert (tick.tick, total) == (FIRST, 1)
    assert tick.report_id is not None
    back = change_schedule(settings, registry, changed, {"schedule": {"cron": "* * * * *"}}, now=now)
    assert back.next_tick_at == FIRST + timedelta(minutes=1)
    assert claim_due_ticks(settings, now=now) == ()


def test_a_change_after_a_long_downtime_loses_no_tick(settings: Settings, registry: Registry) -> None:
    """1,200 minutes late, more than one transaction handles: each tick is stored before the change."""
    timing = {"cron": "* * * * *", "timezone": "UTC", "misfire": "skip", "grace_seconds": 0}
    schedule = _create(settings, registry, schedule=timing)
    now = START + timedelta(minutes=1200)
    changed = change_schedule(settings, registry, schedule, {"schedule": {"cron": "0 9 1 * *"}}, now=now)
    ticks, total = registry.schedules.list_ticks(schedule.id, limit=2000)
    assert total == 1200
    assert [tick.tick for tick in reversed(ticks)] == [START + timedelta(minutes=n) for n in range(1, 1201)]
    assert changed.next_tick_at == datetime(2026, 4, 1, 9, 0, tzinfo=UTC)


def test_a_disabled_schedule_has_no_ticks_until_it_is_enabled(settings: Settings, registry: Registry) -> None:
    """Ticks that passed while it was disabled are not missed ticks."""
    schedule = change_schedule(settings, registry, _create(settings, registry), {"enabled": False}, now=START)
    assert preview_runs(schedule, now=START) == ()
    assert claim_due_ticks(settings, now=FIRST) == ()
    again = change_schedule(settings, registry, schedule, {"enabled": True}, now=FIRST + timedelta(days=1))
    assert again.next_tick_at == datetime(2026, 5, 1, 13, 0, tzinfo=UTC)


def test_two_changes_at_once_are_one_change_and_one_conflict(settings: Settings, registry: Registry) -> None:
    """The second writer had read an older revision."""
    schedule = _create(settings, registry)
    change_schedule(settings, registry, schedule, {"name": "First"}, now=START)
    with pytest.raises(ConflictError):
        change_schedule(settings, registry, schedule, {"name": "Second"}, now=START)
    assert registry.schedules.find_schedule(schedule.id).name == "First"


def test_run_now_makes_an_additional_report(settings: Settings, registry: Registry) -> None:
    """The regular tick is not affected."""
    schedule = _create(settings, registry)
    (report_id,) = run_schedule_now(settings, registry, schedule, now=START)
    ((tick,), _) = registry.schedules.list_ticks(schedule.id)
    assert tick.is_manual
    assert tick.report_id == report_id
    assert registry.schedules.find_schedule(schedule.id).next_tick_at == FIRST


def test_a_deleted_schedule_is_gone_and_its_reports_stay(settings: Settings, registry: Registry) -> None:
    """Another organisation cannot see it before either."""
    schedule = _create(settings, registry)
    (report_id,) = claim_due_ticks(settings, now=FIRST)
    with pytest.raises(NotFoundError):
        registry.schedules.get_schedule("another", schedule.id)
    registry.schedules.delete_schedule(registry.schedules.find_schedule(schedule.id), now=FIRST)
    with pytest.raises(NotFoundError):
        registry.schedules.get_schedule("default", schedule.id)
    assert claim_due_ticks(settings, now=FIRST + timedelta(days=90)) == ()
    assert registry.reports.find_report(report_id).id == report_id


def test_a_removed_framework_is_reported_on_the_tick(
    settings: Settings, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schedule continues; the list of its runs states why there was no report."""
    schedule = _create(settings, registry)
    monkeypatch.setattr("policycortex.workflow.request_report.frameworks_of", lambda *_: {})
    assert claim_due_ticks(settings, now=FIRST) == ()
    ((tick,), _) = registry.schedules.list_ticks(schedule.id)
    assert "Unknown framework 'soc2'" in tick.reason
    assert registry.schedules.find_schedule(schedule.id).next_tick_at == datetime(2026, 5, 1, 13, 0, tzinfo=UTC)


def test_schedules_below_the_minimum_interval_are_refused(settings: Settings, registry: Registry) -> None:
    """With a minimum interval of an hour."""
    hourly = Settings(home=settings.home, connections=settings.connections, min_schedule_interval_seconds=3600)
    with pytest.raises(RequestError) as caught:
        _create(hourly, registry, schedule={"cron": "*/15 * * * *"})
    assert "Runs every 15 minutes" in caught.value.details[0].message
    assert _create(hourly, registry, schedule={"cron": "0 * * * *"}).cron == "0 * * * *"


def _claim(settings: Settings, start: Any) -> None:  # noqa: ANN401 - a multiprocessing event
    start.wait()
    claim_due_ticks(settings, now=FIRST)


def test_concurrent_claims_make_each_report_once(settings: Settings, registry: Registry) -> None:
    """Sixty schedules are due in one minute, and four processes claim them."""
    for number in range(60):
        _create(settings, registry, name=f"Schedule {number}")
    start = CONTEXT.Event()
    crowd = [process_of(_claim, settings, start) for _ in range(4)]
    for claimer in crowd:
        claimer.start()
    start.set()
    for claimer in crowd:
        claimer.join(120)
    assert [claimer.exitcode for claimer in crowd] == [0] * 4
    _, deliveries = registry.deliveries.list_deliveries("default", limit=1)
    assert registry.reports.list_reports("default").total == 60
    assert deliveries == 180
