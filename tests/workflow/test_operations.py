"""Figures for monitoring: each is what the data says, and none names anyone."""

from contextlib import closing
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy

from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import open_registry
from policycortex.storage.registry.schedule_tables import deliveries
from policycortex.workflow.operations import Figure, load_import_figures, load_machine_figures, load_work_figures
from policycortex.workflow.scheduling import claim_due_ticks, create_schedule
from tests.support.figures import IMPORT_FIGURES, WORK_FIGURES
from tests.support.ledger import MONTHLY, settings_of
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
        assert (before["overdue_schedules"], before["reports"], before["expiring_keys"]) == ({"": 1}, {}, {"": 1})
        (report_id,) = claim_due_ticks(settings, now=_FIRST)
        first, *lost = registry.deliveries.list_deliveries("default", report_id=report_id)[0]
        with registry.migration.transaction() as connection:
            change = sqlalchemy.update(deliveries)
            connection.execute(change.where(deliveries.c.id == first.id).values(status="pending"))
            ended = {"status": "failed", "ended_at": _FIRST}
            connection.execute(change.where(deliveries.c.id.in_([row.id for row in lost])).values(**ended))
        after = _values(load_work_figures(registry, now=_FIRST + _HOUR))
        assert set(after) == WORK_FIGURES
        assert after["reports"] == {"pending": 1}
        assert after["report_wait_seconds"] == after["delivery_wait_seconds"] == {"": 3600}
        assert after["open_deliveries"] == {"pending": 1}
        assert after["lost_deliveries"] == {"failed": 2, "uncertain": 0}
        assert after["overdue_schedules"] == {"": 0}
        later = _values(load_work_figures(registry, now=_FIRST + timedelta(days=2)))
        assert later["lost_deliveries"] == {"failed": 0, "uncertain": 0}


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
