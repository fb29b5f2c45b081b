"""The cost of a query depends on its period, not on the length of the history: counted in files and reads."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

from policycortex.frameworks.crosswalk import RELATED_SCHEMA
from policycortex.names import CrosswalkEdition
from policycortex.period import Period
from policycortex.scoring.result_tables import FRAMEWORK_SCORE_SCHEMA, REQUIREMENT_RESULT_SCHEMA
from policycortex.settings import Settings
from policycortex.storage.lake.catalog import METADATA
from policycortex.storage.lake.input_frames import WAIVERS_SCHEMA
from policycortex.storage.lake.lake import DayResults, Lake, open_lake
from policycortex.storage.lake.scan_selection import carried_cursor, period_end_cursor, period_parameters
from policycortex.storage.lake.session import Cursor, sql
from tests.support.samples.lake_files import EVERYTHING, seen, take

TWO_DAYS: Final = Period(start=datetime(2026, 11, 19, tzinfo=UTC), end=datetime(2026, 11, 21, tzinfo=UTC))
FILES: Final = re.compile(r"\"Total Files Read\":\s*\"(\d+)\"")
STATISTICS: Final = "__ducklake_metadata_lake.main.ducklake_file_column_stats"
FRAMES: Final = {"relations": pl.DataFrame(schema=RELATED_SCHEMA), "waivers": WAIVERS_SCHEMA.to_frame()}
PERIOD_END: Final[dict[str, dict[str, Any]]] = {
    "period_end_tallies": {},
    "period_end_coverage": {},
    "export_plan": {"is_related": False, "is_of_muted": False},
    "tallied_plan": {"is_related": False},
    "analytics_risk_items": {"is_related": False},
    "analytics_states": {"framework_id": None},
}
"""Queries of the period-end posture, with parameters besides those of its scope."""
DAILY: Final[dict[str, dict[str, Any]]] = {"daily_tallies": {}, "analytics_daily": {"by": ""}}
"""Queries of the posture as last known on each day; here each day has its own scans only."""
QUERIES: Final[dict[str, dict[str, Any]]] = (
    PERIOD_END
    | {
        "period_end_scans": period_parameters(EVERYTHING.organization, TWO_DAYS),
    }
    | DAILY
)


def take_days(folder: Path, days: range) -> Lake:
    """Scans of five findings on each of these days of November."""
    with open_lake(Settings(home=folder)) as lake:
        for day in days:
            take(lake, f"day-{day}", [seen(day, f"c{n}", f"r{n}", "FAIL" if n % 2 else "PASS") for n in range(5)])
    return lake


@contextmanager
def asking(lake: Lake, query: str) -> Iterator[tuple[Cursor, dict[str, Any]]]:
    """A cursor for one of QUERIES over the two days, and its parameters."""
    if query in PERIOD_END:
        with period_end_cursor(lake.session, EVERYTHING, TWO_DAYS, FRAMES) as (cursor, parameters):
            yield cursor, parameters | PERIOD_END[query]
    elif query in DAILY:
        lake.session.carry_days = 1
        with carried_cursor(lake.session, EVERYTHING, TWO_DAYS, FRAMES) as (cursor, parameters):
            yield cursor, parameters | DAILY[query]
    else:
        with lake.session.cursor(FRAMES) as cursor:
            yield cursor, QUERIES[query]


def ask(lake: Lake, query: str, words: str = "") -> list[tuple[Any, ...]]:
    """All its rows."""
    with asking(lake, query) as (cursor, parameters):
        return cursor.execute(f"{words} {sql(query)}", parameters).fetchall()


def files_read(folder: Path) -> dict[str, list[int]]:
    """Per query, the number of files that each of its scans reads for the two days."""
    with open_lake(Settings(home=folder)) as lake:
        plans = {
            query: "\n".join(str(row[1]) for row in ask(lake, query, "EXPLAIN (ANALYZE, FORMAT json)"))
            for query in QUERIES
        }
    return {query: [int(number) for number in FILES.findall(text)] for query, text in plans.items()}


def listings(lake: Lake, work: Callable[[Lake], object]) -> list[str]:
    """The columns by which the catalog selected files, in order, while ``work`` read from the lake."""
    with lake.session.cursor() as cursor:
        cursor.execute("CALL truncate_duckdb_logs()")
        cursor.execute("CALL enable_logging('QueryLog')")
        work(lake)
        cursor.execute("CALL disable_logging()")
        logged = cursor.execute("SELECT message FROM duckdb_logs WHERE type = 'QueryLog'").fetchall()
    return [text for (text,) in logged if "AS data_path," in text]


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[int]], dict[str, list[int]]]:
    """A lake of six days; the files read when it held the last two of them, and now."""
    folder = tmp_path_factory.mktemp("history")
    take_days(folder, range(19, 21))
    short = files_read(folder)
    take_days(folder, range(15, 19))
    return folder, short, files_read(folder)


@pytest.mark.parametrize("query", QUERIES)
def test_older_days_are_not_opened(
    query: str, counted: tuple[Path, dict[str, list[int]], dict[str, list[int]]]
) -> None:
    """Two days of history or six: the same files, those of the requested days; a period-end posture reads the last."""
    _, short, long = counted
    assert short[query]
    assert long[query] == short[query]
    assert all(number <= (1 if query in PERIOD_END else 2) for number in long[query])


@pytest.mark.parametrize("query", QUERIES)
def test_files_are_found_by_organization_and_day_alone(
    query: str, counted: tuple[Path, dict[str, list[int]], dict[str, list[int]]]
) -> None:
    """Each other column in a filter or join reads the statistics of all files once more."""
    with open_lake(Settings(home=counted[0])) as lake:
        readings = [text.count("ducklake_file_column_stats") for text in listings(lake, lambda it: ask(it, query))]
    assert readings
    assert max(readings) <= 2


def test_the_catalog_keeps_two_statistics_for_each_file(
    counted: tuple[Path, dict[str, list[int]], dict[str, list[int]]],
) -> None:
    """Organization and day of each file; without the other statistics all results are equal."""
    folder, _, long = counted
    with open_lake(Settings(home=folder)) as lake, lake.session.cursor() as cursor:
        before = {query: sorted(ask(lake, query), key=str) for query in QUERIES}
        lake.forget_statistics()
        assert lake.forget_statistics() == 0
        assert {query: sorted(ask(lake, query), key=str) for query in QUERIES} == before
        notes = cursor.execute(
            f"SELECT count(*) FROM {STATISTICS} "  # noqa: S608 - a constant
            "WHERE table_id IN (SELECT table_id FROM __ducklake_metadata_lake.main.ducklake_partition_column) "
            "GROUP BY data_file_id"
        ).fetchall()
    assert {count for (count,) in notes} == {2}
    assert files_read(folder) == long


def test_a_lake_at_a_snapshot_chooses_scans_once(
    counted: tuple[Path, dict[str, list[int]], dict[str, list[int]]],
) -> None:
    """Three queries of one period: each lists the files of its own table, the first also those of the selection.

    Results without given frames are kept: the second time, only the query with waivers lists its files.
    """

    def read(lake: Lake) -> None:
        lake.period_end.load_tallies(EVERYTHING, TWO_DAYS)
        lake.period_end.load_scan_coverage(EVERYTHING, TWO_DAYS)
        lake.analytics.load_risk_items(EVERYTHING, TWO_DAYS, waivers=FRAMES["waivers"])

    with open_lake(Settings(home=counted[0])) as live, live.at(live.snapshot()) as lake:
        assert len(listings(live, read)) == 6
        assert len(listings(lake, read)) == 4
        assert len(listings(lake, read)) == 1


def test_a_lake_at_a_snapshot_holds_its_catalog(
    counted: tuple[Path, dict[str, list[int]], dict[str, list[int]]],
) -> None:
    """Files are listed in memory, not in SQLite, and all results equal those of the live lake."""
    kind = f"SELECT type FROM duckdb_databases() WHERE database_name = '{METADATA}'"  # noqa: S608 - a constant
    with open_lake(Settings(home=counted[0])) as live, live.at(live.snapshot()) as lake:
        with lake.session.cursor() as cursor:
            assert cursor.execute(kind).fetchall() == [("duckdb",)]
        assert {query: sorted(ask(lake, query), key=str) for query in QUERIES} == {
            query: sorted(ask(live, query), key=str) for query in QUERIES
        }
        assert lake.reconciliation.load_import_totals().equals(live.reconciliation.load_import_totals())


def statements_of_an_import(folder: Path, findings: int) -> int:
    """The number of statements for the import of a file with that many findings."""
    with open_lake(Settings(home=folder)) as lake, lake.session.cursor() as cursor:
        cursor.execute("CALL enable_logging('QueryLog')")
        take(lake, "scan", [seen(20, f"c{n % 7}", f"r{n}") for n in range(findings)], rebuild=False)
        counted = cursor.execute("SELECT count(*) FROM duckdb_logs WHERE type = 'QueryLog'").fetchone()
    return int(counted[0]) if counted else 0


def test_an_import_asks_as_many_statements_of_few_findings_as_of_many(tmp_path: Path) -> None:
    """Ten or a thousand: rows are inserted by file, not one by one."""
    few = statements_of_an_import(tmp_path / "few", 10)
    assert few
    assert statements_of_an_import(tmp_path / "many", 1000) == few


def results_of(day: date) -> DayResults:
    """One requirement and one score."""
    requirement, score = ("r", "compliant", 1, 0, 0, 0, 0), ("1", "1", "m", "1", 100.0, 1.0, 1.0, *[0] * 10)
    return DayResults(
        day=day,
        framework_id="soc2",
        edition=CrosswalkEdition.REVIEWED,
        requirements=pl.DataFrame([requirement], schema=REQUIREMENT_RESULT_SCHEMA, orient="row"),
        scores=pl.DataFrame([score], schema=FRAMEWORK_SCORE_SCHEMA, orient="row"),
    )


@pytest.mark.parametrize("statement", ["results_delete", "scores_delete"])
def test_replacing_a_day_reads_no_other_days_results(statement: str, tmp_path: Path) -> None:
    """Of seven days with results, at most the file of the day that is replaced."""
    days = [date(2026, 11, number) for number in range(1, 8)]
    with open_lake(Settings(home=tmp_path)) as lake:
        for day in days:
            lake.results.replace_results("acme", [day], [results_of(day)])
        with lake.session.cursor() as cursor:
            parameters = {"organization": "acme", "days": days[-1:]}
            plans = cursor.execute(f"EXPLAIN (ANALYZE, FORMAT json) {sql(statement)}", parameters).fetchall()
    files = [int(number) for _, text in plans for number in FILES.findall(str(text))]
    assert files
    assert max(files) <= 1
