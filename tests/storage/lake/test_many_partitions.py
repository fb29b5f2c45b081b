"""Statements write few partitions each, so that files of many days and days of many organisations fit in memory."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from policycortex.settings import Settings
from policycortex.storage.lake import partition_spans
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.lake.partition_spans import PARTITIONS, spans
from policycortex.storage.lake.session import Cursor, Parameters, run
from tests.support.samples.lake import finding, import_findings

DAY = date(2026, 1, 1)
MANY = 2 * PARTITIONS + 1


def test_spans_hold_everything() -> None:
    """Each with at most PARTITIONS values; what is not among the values is in a span, too."""
    assert spans(()) == ((None, None),)
    assert spans(range(PARTITIONS)) == ((None, None),)
    assert spans(range(MANY)) == ((None, PARTITIONS), (PARTITIONS, 2 * PARTITIONS), (2 * PARTITIONS, None))


def test_a_file_of_many_days_is_imported(tmp_path: Path) -> None:
    """Each day once, in whatever order the file has them; one statement would need about 1 MB for each day."""
    days = [DAY + timedelta(days=number * 37 % MANY) for number in range(MANY)]
    with open_lake(Settings(home=tmp_path, duckdb_memory_limit="48MB")) as lake:
        assert import_findings(lake, [finding(day) for day in days]) == tuple(sorted(days))
        with lake.session.cursor() as cursor:
            rows = cursor.execute("SELECT observed_date FROM lake.core.findings ORDER BY ALL").fetchall()
    assert [day for (day,) in rows] == sorted(days)


def test_a_day_of_many_organizations_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each insert is executed for some organisations at a time; together they have the rows of all of them."""
    executed = Counter[str]()

    def counted(cursor: Cursor, name: str, parameters: Parameters) -> int:
        executed[name] += 1
        return run(cursor, name, parameters)

    monkeypatch.setattr(partition_spans, "run", counted)
    monkeypatch.setattr(partition_spans, "PARTITIONS", 1)
    with open_lake(Settings(home=tmp_path)) as lake:
        for organization in ("a", "b"):
            days = import_findings(lake, [finding(DAY), finding(DAY, "c2", status="PASS")], organization=organization)
        (built,) = lake.state.rebuild_state(days)
        assert (built.findings, built.coverage, built.tallies) == (4, 4, 4)
        assert [counts.keys for counts in lake.analytics.rebuild_ages(days)] == [2]
    assert executed == {
        "state_insert": 2, "coverage_insert": 2, "tallies_insert": 2, "analytics_failing_insert": 2,
        "analytics_remediations_insert": 2, "analytics_tallies_insert": 4,
    }  # fmt: skip
