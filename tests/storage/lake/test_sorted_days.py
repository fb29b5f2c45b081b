"""A day's findings are stored by check, and a page reads those that it shows: same rows, same counts."""

from itertools import product
from pathlib import Path

import polars as pl
import pytest

from policycortex.names import FindingStatus, Severity
from policycortex.scope import Scope
from policycortex.storage.lake import state
from policycortex.storage.lake.finding_filter import EVERY_FINDING, FindingFilter
from policycortex.storage.lake.findings_pages import PAGE_COLUMNS
from policycortex.storage.lake.findings_plan import load_plan
from policycortex.storage.lake.input_frames import RELATIONS_SCHEMA, WAIVERS_SCHEMA
from policycortex.storage.lake.lake import Lake
from policycortex.storage.lake.scan_selection import period_end_cursor
from policycortex.storage.lake.session import fetch_frame
from tests.support.backends import Backend
from tests.support.samples.lake_files import EVERYTHING, NOVEMBER, ORGANIZATION, seen, take

WAIVERS = pl.DataFrame([{"waiver_id": "w0", "resource_glob": "r[2-5]"}], schema=WAIVERS_SCHEMA)
FILTERS = (
    EVERY_FINDING,
    FindingFilter(statuses=(FindingStatus.FAIL,)),
    FindingFilter(severities=(Severity.LOW,)),
    FindingFilter(check_ids=("c1", "c3")),
)
SCOPES = (
    EVERYTHING,
    Scope(organization=ORGANIZATION, accounts=("a1",)),
    Scope(organization=ORGANIZATION, regions=("r",)),
)


@pytest.fixture
def backend(empty_home: Path) -> Backend:
    """A folder."""
    return Backend(empty_home=empty_home)


def take_many(lake: Lake) -> None:
    """Five checks, three statuses, two severities and accounts; some findings are muted."""
    found = [
        seen(
            2,
            f"c{n * 7 % 5}",
            f"r{n % 11}",
            ("PASS", "FAIL", "MANUAL")[n % 3],
            severity=("low", "high")[n % 2],
            account_id=f"a{n % 4 // 2}",
            region=("r", "s")[n % 8 // 4],
            is_muted=n % 5 == 0,
        )
        for n in range(90)
    ]
    take(lake, "a", found + found[:8])


def stored(lake: Lake) -> list[pl.DataFrame]:
    """Each file of the day, in the order of its rows."""
    with lake.session.cursor() as cursor:
        listed = "SELECT data_file FROM ducklake_list_files('lake', 'finding_state', schema => 'core')"
        files = [name for (name,) in cursor.execute(listed).fetchall()]
    return [
        pl.read_parquet(name, columns=["is_muted", "check_id", "status"], hive_partitioning=False) for name in files
    ]


def test_rows_of_a_day_lie_in_the_order_of_muted_check_and_status(lake: Lake) -> None:
    """Queries of some checks read some row groups of the file."""
    take_many(lake)
    (day,) = stored(lake)
    assert day.height == 98
    assert day.equals(day.sort("is_muted", "check_id", "status"))


def test_a_large_day_is_sorted_in_parts(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part has checks of its own; together they have the same findings, however often the day is built."""
    monkeypatch.setattr(state, "_SORTED_AT_ONCE", 45)
    take_many(lake)
    (counted,) = lake.state.rebuild_state([NOVEMBER.first_date.replace(day=2)])
    days = stored(lake)
    assert counted.findings == sum(day.height for day in days) == 98
    assert all(day.equals(day.sort("is_muted", "check_id", "status")) for day in days)
    checks = [set(day["check_id"]) for day in days]
    assert len(checks) == 3
    assert set.union(*checks) == {f"c{n}" for n in range(5)}
    assert sum(map(len, checks)) == 5


def test_the_plan_from_tallies_is_that_of_the_findings(lake: Lake) -> None:
    """Muted ones are counted by their status, too."""
    take_many(lake)
    keys = lake.period_end.load_tallies(EVERYTHING, NOVEMBER).select("provider", "check_id", "mapping_id").unique()
    relations = keys.filter(pl.col("check_id") != "c3").with_columns(requirement_id=pl.lit("A.1"), ordinal=pl.lit(0))
    frames = {"relations": relations.select(RELATIONS_SCHEMA.names()).cast(RELATIONS_SCHEMA)}
    for scope, is_related, wanted in product(SCOPES, (False, True), FILTERS):
        with period_end_cursor(lake.session, scope, NOVEMBER, frames) as (cursor, parameters):
            given = parameters | {"is_related": is_related}
            counted = wanted.keep(fetch_frame(cursor, "export_plan", given | {"is_of_muted": False}))
            assert counted.height
            assert load_plan(cursor, scope, given, wanted).rows() == counted.rows()


def test_pages_are_slices_of_the_whole(lake: Lake, tmp_path: Path) -> None:
    """With waivers, in each scope, for each filter."""
    take_many(lake)
    for number, (scope, wanted) in enumerate(product(SCOPES, FILTERS)):
        path, start, pages = tmp_path / f"{number}.parquet", None, []
        lake.findings_export.write_findings(scope, NOVEMBER, path=path, waivers=WAIVERS, wanted=wanted)
        while True:
            page = lake.findings_pages.load_page(
                scope,
                NOVEMBER,
                wanted=wanted,
                start=start,
                limit=13,
                relations=None,
                framework_id=None,
                waivers=WAIVERS,
            )
            pages.append(page.findings)
            start = page.next
            if start is None:
                break
        whole = pl.read_parquet(path).select(PAGE_COLUMNS)
        assert whole["waived"].any()
        assert pl.concat(pages).rows() == whole.rows()
        assert page.total == whole.height


def test_scanners_of_a_new_import_are_shown_at_once(lake: Lake) -> None:
    """A lake at a snapshot reads versions once; the newest one has those of new imports."""
    take(lake, "a", [seen(2, "c1", "r1", source_version="1")])

    def scanners(read: Lake) -> list[list[str]]:
        keys = read.period_end.load_tallies(EVERYTHING, NOVEMBER).select("provider", "check_id", "mapping_id").unique()
        relations = keys.with_columns(requirement_id=pl.lit("A.1"), ordinal=pl.lit(0))
        counted = read.related_findings.count_related(
            EVERYTHING, NOVEMBER, relations=relations, framework_id="soc2", waivers=WAIVERS_SCHEMA.to_frame()
        )
        return counted.checks["scanners"].to_list()

    with lake.at(lake.snapshot()) as before:
        old = scanners(before)
        take(lake, "b", [seen(3, "c1", "r1", source_version="2")])
        assert scanners(before) == old
        with lake.at(lake.snapshot()) as after:
            assert scanners(after) != old
            assert scanners(after) == scanners(lake)
