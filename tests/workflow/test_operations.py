"""Figures for monitoring: each is what the data says, and none names anyone."""

from contextlib import closing
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from math import inf
from pathlib import Path

import sqlalchemy

from api.platform.metrics import Metrics
from policycortex.names import ReportStatus
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import Failure, Registry, open_registry
from policycortex.storage.registry.migrations import downgrade
from policycortex.storage.registry.schedule_tables import deliveries
from policycortex.workflow.operations import (
    Distribution,
    Figure,
    load_distributions,
    load_import_figures,
    load_machine_figures,
    load_work_figures,
)
from policycortex.workflow.scheduling import claim_due_ticks, create_schedule
from tests.support.figures import DISTRIBUTIONS, IMPORT_FIGURES, WORK_FIGURES
from tests.support.ledger import MONTHLY, order_report, settings_of
from tests.support.samples.lake import finding, import_findings

_START = datetime(2026, 3, 15, tzinfo=UTC)
_FIRST = datetime(2026, 4, 1, 13, tzinfo=UTC)
_HOUR = timedelta(hours=1)


def test_open_work_is_counted(tmp_path: Path) -> None:
    """A tick that is late, then its report that waits with three deliveries, of which one is late and two are lost."""
    settings = settings_of(tmp_path)
    with closing(open_registry(settings)) as registry:
        create_schedule(settings, registry, deepcopy(MONTHLY), organization="default", created_by=None, now=_START)
        registry.keys.create_key(organization="default", name="ends", expires_at=_FIRST + timedelta(days=3), now=_START)
        before = _values(load_work_figures(registry, now=_FIRST + _HOUR))
        assert (before["overdue_schedules"], before["expiring_keys"]) == ({"": 1}, {"": 1})
        assert before["reports"] == dict.fromkeys(ReportStatus, 0)
        (report_id,) = claim_due_ticks(settings, now=_FIRST)
        first, *lost = registry.deliveries.list_deliveries("default", report_id=report_id)[0]
        with registry.migration.transaction() as connection:
            change = sqlalchemy.update(deliveries)
            connection.execute(change.where(deliveries.c.id == first.id).values(status="pending"))
            ended = {"status": "failed", "ended_at": _FIRST}
            connection.execute(change.where(deliveries.c.id.in_([row.id for row in lost])).values(**ended))
        after = _values(load_work_figures(registry, now=_FIRST + _HOUR))
        assert set(after) == WORK_FIGURES
        assert after["reports"] == dict.fromkeys(ReportStatus, 0) | {"pending": 1}
        assert after["report_wait_seconds"] == after["delivery_wait_seconds"] == {"": 3600}
        assert after["open_deliveries"] == {"waiting": 0, "pending": 1, "sending": 0}
        assert after["lost_deliveries"] == {"failed": 2, "uncertain": 0}
        assert after["overdue_schedules"] == {"": 0}
        later = _values(load_work_figures(registry, now=_FIRST + timedelta(days=2)))
        assert later["lost_deliveries"] == {"failed": 0, "uncertain": 0}


def test_times_of_completed_reports_are_counted(tmp_path: Path) -> None:
    """Two reports waited 8 s and 40 min and took 3 s and 2 h; a failed one is not counted, a deleted one stays."""
    settings = settings_of(tmp_path)
    with closing(open_registry(settings)) as registry:
        for wait, run, status in ((8, 3, "completed"), (2400, 7200, "completed"), (9, 9, "failed")):
            row = order_report(settings, registry, {}, now=_START)
            started_at = _START + timedelta(seconds=wait)
            registry.reports.mark_running(row.id, "run", now=started_at)
            if status == "completed":
                _complete(registry, row.id, started_at + timedelta(seconds=run))
            else:
                registry.reports.fail_report(row.id, Failure(code="RPT_500", message=""), now=started_at)
            registry.reports.delete_report("default", row.id)
        found = {each.name: each for each in load_distributions(registry)}
    assert set(found) == DISTRIBUTIONS
    assert _shown(found["report_queue_seconds"]) == ({5: 0, 10: 1, 1800: 1, 3600: 2, inf: 2}, 2408.0)
    assert _shown(found["report_duration_seconds"]) == ({5: 1, 10: 1, 1800: 1, 3600: 1, inf: 2}, 7203.0)
    text = Metrics().print(found.values()).decode()
    assert 'policycortex_report_queue_seconds_bucket{le="10.0"} 1.0' in text
    assert 'policycortex_report_duration_seconds_bucket{le="+Inf"} 2.0' in text
    assert "policycortex_report_duration_seconds_count 2.0" in text
    assert "policycortex_report_duration_seconds_sum 7203.0" in text


def test_reports_of_before_are_counted_by_the_migration(tmp_path: Path) -> None:
    """As they would have been at their completion, also the expired one; none that did not run."""
    settings = settings_of(tmp_path)
    with closing(open_registry(settings)) as registry:
        for wait, run in ((0, 1), (45, 61), (-5, 4000)):
            row = order_report(settings, registry, {}, now=_START)
            registry.reports.mark_running(row.id, "run", now=_START + timedelta(seconds=wait))
            expires_at = _START + timedelta(days=1) if wait else None
            _complete(registry, row.id, _START + timedelta(seconds=wait + run), expires_at=expires_at)
        order_report(settings, registry, {}, now=_START)
        registry.reports.expire_reports(now=_START + timedelta(days=2))
        counted = load_distributions(registry)
        with registry.migration.transaction() as connection:
            downgrade(connection, "0029")
    with closing(open_registry(settings)) as registry:
        assert load_distributions(registry) == counted
    assert [each.counts[-1] for each in counted] == [(inf, 3), (inf, 3)]


def test_imports_are_read_from_the_lake(tmp_path: Path) -> None:
    """None before the first import, and no lake is made by asking."""
    settings = Settings(home=tmp_path)
    assert load_import_figures(settings) == ()
    assert not (tmp_path / "lake").exists()
    with open_lake(settings) as lake:
        import_findings(lake, [finding(date(2026, 5, 1))])
    found = _values(load_import_figures(settings))
    assert set(found) == IMPORT_FIGURES
    assert found["quarantined_share"] == {"": 0.0}
    assert found["newest_import_timestamp_seconds"] == {"": datetime(2026, 11, 20, tzinfo=UTC).timestamp()}


def test_the_machine_is_measured(tmp_path: Path) -> None:
    """Sizes of the databases that there are, and parked files without the reasons beside them."""
    settings = Settings(home=tmp_path)
    open_registry(settings).close()
    parked = tmp_path / "landing" / "parked" / "default"
    parked.mkdir(parents=True)
    for name in ("a.json", "a.json.reason.txt"):
        (parked / name).write_text("x")
    found = _values(load_machine_figures(settings, now=_START))
    assert found["parked_files"] == {"": 1}
    assert found["database_bytes"]["registry.sqlite"] > 100_000
    assert 0 < found["disk_free_bytes"][""] <= found["disk_size_bytes"][""]


def _values(figures: tuple[Figure, ...]) -> dict[str, dict[str, float]]:
    return {figure.name: figure.values for figure in figures}


def _shown(distribution: Distribution) -> tuple[dict[float, int], float]:
    """Some of its buckets, and the sum."""
    counts = dict(distribution.counts)
    return {end: counts[end] for end in (5, 10, 1800, 3600, inf)}, distribution.total


def _complete(registry: Registry, report_id: str, now: datetime, *, expires_at: datetime | None = None) -> None:
    registry.reports.complete_report(
        report_id, artifacts=(), summary={}, content={}, snapshot="1", expires_at=expires_at, now=now
    )
