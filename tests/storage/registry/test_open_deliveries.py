"""What the sensors ask every few seconds reads open deliveries and alerts by their index, not all that ever were."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry

_NOW = datetime(2026, 4, 1, 13, tzinfo=UTC)
_LEASE = timedelta(minutes=2)
_QUESTIONS: dict[str, Callable[[Registry], Any]] = {
    "due deliveries": lambda registry: registry.deliveries.has_due_deliveries(now=_NOW),
    "releasing": lambda registry: registry.deliveries.release_deliveries(now=_NOW),
    "claiming": lambda registry: registry.deliveries.claim_delivery(now=_NOW, lease=_LEASE),
    "lost deliveries": lambda registry: registry.deliveries.list_lost_deliveries(now=_NOW),
    "due endpoints": lambda registry: registry.deliveries.due_endpoints(now=_NOW, channels_per_target=("webhook",)),
    "waiting for scans": lambda registry: registry.withheld.list_waiting_for_scans(now=_NOW),
    "due alerts": lambda registry: registry.alerts.has_due_alerts(now=_NOW),
    "claiming an alert": lambda registry: registry.alerts.claim_alert(now=_NOW, lease=_LEASE),
}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """An empty registry in SQLite, which explains its plans."""
    with closing(open_registry(Settings(home=tmp_path))) as opened:
        yield opened


@pytest.mark.parametrize("question", _QUESTIONS)
def test_no_question_reads_all_rows(registry: Registry, question: str) -> None:
    """The plan of each of its statements names the index of open rows and scans no table of deliveries or alerts."""
    engine = registry.deliveries._database._engine
    statements: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:  # noqa: ANN401 - what SQLAlchemy passes
        statements.append((given[2], given[3]))

    event.listen(engine, "before_cursor_execute", note)
    _QUESTIONS[question](registry)
    event.remove(engine, "before_cursor_execute", note)
    requested = [each for each in statements if " deliveries" in each[0] or " alerts" in each[0]]
    assert requested
    with registry.deliveries._database.reading() as connection:
        for statement, parameters in requested:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            plan = [row[3] for row in rows]
            scans = [step for step in plan if step.startswith(("SCAN deliveries", "SCAN alerts"))]
            assert all("_open" in step or "_waiting_for_scan" in step for step in scans), (statement, plan)
