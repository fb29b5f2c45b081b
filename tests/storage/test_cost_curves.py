"""What an answer costs is set by what is asked, not by the history behind it: counted in files, not in seconds."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

from policycortex.frameworks.crosswalk import RELATION_SCHEMA
from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.storage.lake import Lake, open_lake
from policycortex.storage.lake_closing import scope_parameters
from policycortex.storage.lake_session import sql
from tests.lake_files import EVERYTHING, seen, take

ASKED: Final = Period(start=datetime(2026, 11, 19, tzinfo=UTC), end=datetime(2026, 11, 21, tzinfo=UTC))
FILES: Final = re.compile(r"Total Files Read:\s*(\d+)")
QUERIES: Final[dict[str, dict[str, Any]]] = {
    "closing_tallies": {},
    "daily_tallies": {},
    "analytics_daily": {"by": ""},
    "analytics_risk_items": {"is_related": False},
}


def lake_of(folder: Path, first_day: int) -> Lake:
    """Scans of five findings a day, from this day of November to the twentieth."""
    with open_lake(Settings(home=folder)) as lake:
        for day in range(first_day, 21):
            take(lake, f"day-{day}", [seen(day, f"c{n}", f"r{n}", "FAIL" if n % 2 else "PASS") for n in range(5)])
    return lake


def files_read(folder: Path) -> dict[str, list[int]]:
    """Per query, how many files each of its scans opens for the two days that are asked for."""
    counted = {}
    relations = pl.DataFrame(schema=RELATION_SCHEMA)
    with open_lake(Settings(home=folder)) as lake:
        for name, more in QUERIES.items():
            with lake._session.cursor({"relations": relations}) as cursor:
                plan = cursor.execute(f"EXPLAIN ANALYZE {sql(name)}", scope_parameters(EVERYTHING, ASKED) | more)
                told = "\n".join(str(row[1]) for row in plan.fetchall())
            counted[name] = [int(number) for number in FILES.findall(told)]
    return counted


@pytest.mark.parametrize("query", QUERIES)
def test_older_days_are_not_opened(query: str, counted: tuple[dict[str, list[int]], dict[str, list[int]]]) -> None:
    """Two days of history or six: the same files, those of the days asked for."""
    short, long = counted
    assert short[query]
    assert long[query] == short[query]
    assert all(number <= 2 for number in long[query])


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Files read over a short and over a long history."""
    found = []
    for first_day in (19, 15):
        folder = tmp_path_factory.mktemp("history")
        lake_of(folder, first_day)
        found.append(files_read(folder))
    short, long = found
    return short, long
