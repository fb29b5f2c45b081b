"""Reading a page or a report takes the same number of SQLite steps with many reports as with few."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import insert

from policycortex.names import ReportStatus, ReportType
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, ReportFilter, open_registry
from policycortex.storage.registry.report_queries import SORTS
from policycortex.storage.registry.tables import report_tallies, reports

_STEPS: Final = 10  # between two calls of the counter
_CHOSEN: Final[tuple[dict[str, Any], ...]] = (
    {"wanted": ReportFilter(type=ReportType.AUDIT)},
    {"wanted": ReportFilter(type=ReportType.AUDIT, framework="soc2", status=ReportStatus.COMPLETED)},
    {"wanted": ReportFilter(reader="key_1")},
    *({"sort": f"{sign}{name}"} for name in SORTS for sign in ("", "-")),
)


def test_ten_times_the_reports_cost_no_more(tmp_path: Path) -> None:
    """Every filter and order of the list except text search, and the details."""
    few, many = _count_steps(tmp_path / "few", 200), _count_steps(tmp_path / "many", 2000)
    assert all(few)
    assert many == pytest.approx(few, rel=0.2)


def _count_steps(home: Path, count: int) -> list[int]:
    registry, counted, found = _filled(home, count), [0], []

    def note() -> int:
        counted[0] += 1
        return 0

    with registry._database.reading() as connection:
        connection.connection.driver_connection.set_progress_handler(note, _STEPS)  # type: ignore[union-attr]
    for chosen in (*_CHOSEN, None):
        for _ in range(2):  # the first also reads the schema
            counted[0] = 0
            if chosen is None:
                registry.reports.get_report("default", "rpt_7")
            else:
                assert len(registry.reports.list_reports("default", **chosen).reports) == 20
        found.append(counted[0] * _STEPS)
    registry.close()
    return found


def _filled(home: Path, count: int) -> Registry:
    registry, began = open_registry(Settings(home=home)), datetime(2026, 1, 1, tzinfo=UTC)
    registry.keys.create_key(organization="default", name="makes the organisation")
    fixed = {
        "organization": "default", "type": "audit", "framework": "soc2", "description": "", "search_text": "",
        "order": {}, "status": "completed", "progress_pct": 100, "size_bytes": 1, "is_restricted": False,
    }  # fmt: skip
    rows = [
        {**fixed, "id": f"rpt_{n}", "name": f"Report {n}", "created_at": at, "due_at": at, "completed_at": at}
        for n in range(count)
        for at in (began + timedelta(seconds=n),)
    ]
    with registry._database.writing() as connection:
        connection.execute(insert(reports), rows)
        key = {name: fixed[name] for name in ("organization", "type", "framework", "status")}
        connection.execute(insert(report_tallies), [{**key, "count": count}])
    return registry
