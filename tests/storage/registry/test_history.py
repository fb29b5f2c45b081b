"""Each table of the registry has a rule for its growth, and records of what ended long ago are removed."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Column, func, insert, select, update

import policycortex.storage.registry  # noqa: F401 - imports all tables
from policycortex.names import EventKind, ReportFormat, ReportType
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.alert_tables import alerts
from policycortex.storage.registry.base import metadata
from policycortex.storage.registry.event_rows import NewSubscription
from policycortex.storage.registry.event_tables import events, subscriptions
from policycortex.storage.registry.schedule_tables import IS_LOST, deliveries, schedule_ticks
from policycortex.storage.registry.uploads import uploads
from tests.support.backends import Backend

PAGE: Final = Path(__file__).parents[3] / "docs" / "operations.md"
NOW: Final = datetime(2026, 11, 20, tzinfo=UTC)
OLD: Final = NOW - timedelta(days=400)
BEFORE: Final = NOW - timedelta(days=365)


@pytest.fixture
def registry(backend: Backend, tmp_path: Path) -> Iterator[Registry]:
    """An empty one."""
    with closing(open_registry(backend.settings(tmp_path / "home"))) as opened:
        yield opened


def test_every_table_has_a_rule() -> None:
    """The page for operators names each table in the section on growth, and no other."""
    section = PAGE.read_text(encoding="utf-8").split("The tables of the registry:")[1].split("\n\n")[1]
    named = {word for line in section.splitlines() for word in re.findall(r"`([a-z_]+)`", line.split("|")[1])}
    assert named == set(metadata.tables)


def report(registry: Registry) -> str:
    """A report's id."""
    return registry.reports.create_report(
        organization="default", name="n", type=ReportType.AUDIT, framework="soc2", description="", order={}
    ).id


def alert(key: str, ended_at: datetime | None, **more: str) -> dict[str, Any]:
    """A row of the table of alerts."""
    row = {"id": f"alr_{key}", "key": key, "organization": "default", "kind": "report", "status": "sent"}
    times = {"next_attempt_at": OLD, "created_at": OLD, "ended_at": ended_at}
    return row | times | {"attempt_count": 1, "reason": "", "report_id": None} | more


def keys(registry: Registry) -> set[str]:
    """Of the alerts that are there."""
    with registry._database.reading() as connection:
        return set(connection.execute(select(alerts.c.key)).scalars())


def test_alerts_that_ended_long_ago_go(registry: Registry) -> None:
    """An open or young one stays, one whose cause may come back, and an older one of a report with a younger one."""
    first, second = report(registry), report(registry)
    rows = [
        alert("old", OLD),
        alert("open", None),
        alert("young", NOW),
        alert("comes-back", OLD, kind="expiry"),
        alert("numbered-1", OLD, kind="delivery", report_id=first),
        alert("numbered-2", NOW, kind="delivery", report_id=first),
        alert("all-old-1", OLD, kind="delivery", report_id=second),
        alert("all-old-2", OLD, kind="delivery", report_id=second),
    ]
    with registry._database.writing() as connection:
        connection.execute(insert(alerts), rows)
    assert registry.history.remove_before(BEFORE, is_dry_run=True) == 3
    assert registry.history.remove_before(BEFORE) == 3
    assert keys(registry) == {"open", "young", "comes-back", "numbered-1", "numbered-2"}


def test_links_that_ended_long_ago_go(registry: Registry) -> None:
    """Those that ended within the time stay."""
    named = report(registry)
    for expires_at in (OLD, NOW):
        registry.links.create_link(
            organization="default",
            report_id=named,
            format=ReportFormat.PDF,
            expires_at=expires_at,
            is_one_time=False,
            created_by=None,
        )
    assert registry.history.remove_before(BEFORE) == 1
    assert registry.history.remove_before(NOW + timedelta(days=1)) == 1


def test_events_that_ended_long_ago_go(registry: Registry) -> None:
    """Also of a deleted subscription; an open one stays however old it is, and one that ended within the time."""
    report(registry)
    new = NewSubscription(name="desk", connection="hook", url="", kinds=(EventKind.REPORT_FAILED,))
    mine = registry.subscriptions.create_subscription("default", new, by="key_1", now=OLD)
    rows = [event(mine.id, "old", OLD), event(mine.id, "open", None), event(mine.id, "young", NOW)]
    with registry._database.writing() as connection:
        connection.execute(insert(events), rows)
        connection.execute(update(subscriptions).values(deleted_at=OLD))
    assert removed_by_both(registry) == 1
    assert column(registry, events.c.id) == {"open", "young"}


def test_ticks_without_a_report_go_when_they_are_old(registry: Registry) -> None:
    """A skipped or refused tick is removed; one that made a report stays, however old: it proves why there is one."""
    made = report(registry)
    schedule = registry.schedules.create_schedule(
        organization="default",
        name="n",
        description="",
        cron="0 9 1 * *",
        timezone="UTC",
        body={},
        is_enabled=True,
        misfire="latest",
        grace_seconds=0,
        next_tick_at=NOW,
        created_by=None,
        now=OLD,
    )
    claims = ((OLD, "old", None), (OLD + timedelta(minutes=1), "with its report", made), (NOW, "young", None))
    rows = [
        {
            "schedule_id": schedule.id,
            "tick": at,
            "claimed_at": at,
            "is_manual": False,
            "reason": reason,
            "report_id": id_,
        }
        for at, reason, id_ in claims
    ]
    with registry._database.writing() as connection:
        connection.execute(insert(schedule_ticks), rows)
    assert removed_by_both(registry) == 1
    assert column(registry, schedule_ticks.c.reason) == {"with its report", "young"}


def test_uploads_that_ended_long_ago_go(registry: Registry) -> None:
    """One that waits stays, and one that ended within the time."""
    report(registry)
    with registry._database.writing() as connection:
        connection.execute(insert(uploads), [upload("old", OLD), upload("open", None), upload("young", NOW)])
    assert removed_by_both(registry) == 1
    assert column(registry, uploads.c.id) == {"open", "young"}


def removed_by_both(registry: Registry) -> int:
    """Rows that a dry run counts, and that are removed then; a second call finds none."""
    counted = registry.history.remove_before(BEFORE, is_dry_run=True)
    assert registry.history.remove_before(BEFORE) == counted
    assert registry.history.remove_before(BEFORE) == 0
    return counted


def column(registry: Registry, wanted: Column[Any]) -> set[str]:
    """Its values in all rows."""
    with registry._database.reading() as connection:
        return set(connection.execute(select(wanted)).scalars())


def event(subscription_id: str, name: str, ended_at: datetime | None) -> dict[str, Any]:
    """A row of the table of events."""
    row = {"id": name, "event_id": name, "subscription_id": subscription_id, "organization": "default", "data": {}}
    times = {"occurred_at": OLD, "next_attempt_at": OLD, "ended_at": ended_at}
    return row | times | {"kind": "report.failed", "status": "sent", "attempt_count": 1, "answer": ""}


def upload(name: str, ended_at: datetime | None) -> dict[str, Any]:
    """A row of the table of uploads."""
    row = {"id": name, "organization": "default", "key_id": "key_1", "file_name": "f", "target": "", "size_bytes": 1}
    ended = {"created_at": OLD, "ended_at": ended_at, "status": "completed" if ended_at else "pending"}
    return row | ended | {"sha256": "", "records_read": 0, "files": [], "unrelated": [], "failure": ""}


def test_lost_deliveries_are_counted_from_their_index(tmp_path: Path) -> None:
    """SQLite uses it only for the condition as it is: reading all deliveries would take longer each year."""
    with closing(open_registry(Settings(home=tmp_path))) as registry, registry._database.reading() as connection:
        query = select(deliveries.c.status, func.count()).where(IS_LOST, deliveries.c.ended_at >= NOW)
        grouped = query.group_by(deliveries.c.status)
        text = str(grouped.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
    assert "ix_deliveries_lost" in str(plan)
