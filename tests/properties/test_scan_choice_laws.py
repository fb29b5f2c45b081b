"""Laws of what a newer scan replaces, over generated scans of several formats.

Each world is imported three times into one lake, each time for an organisation of its own: that is much cheaper than
three lakes per world.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.workflow.ingest import ingest_files
from tests.support.samples.scans import CHECKS, FORMATS, TARGETS, Result, Scan, ScanFormat, write_scan

NOVEMBER = Period.of_days(date(2026, 11, 1), date(2026, 11, 30))
NOW = datetime(2026, 12, 5, tzinfo=UTC)

World = tuple[ScanFormat, tuple[Scan, ...]]


@st.composite
def scans(draw: st.DrawFn, day: int) -> Scan:
    """A scan of some targets; each check has findings on some of two resources of each."""
    targets = tuple(sorted(draw(st.sets(st.sampled_from(TARGETS), min_size=1))))
    results = tuple(
        Result(target, check, f"{target}/{resource}", draw(st.booleans()), draw(st.integers(0, 19)))
        for target in targets
        for check in CHECKS
        for resource in ("r1", "r2")
        if draw(st.booleans())
    )
    return Scan(day, targets, results)


@st.composite
def worlds(draw: st.DrawFn, kind: ScanFormat) -> World:
    """Three scans on days that follow one another."""
    return kind, tuple(draw(scans(day)) for day in (24, 25, 26))


def imported(lake_settings: Settings, organization: str, files: Sequence[Path]) -> None:
    """Import the files in this order."""
    if files:
        ingest_files(lake_settings, files, organization=organization, now=NOW)


def counted(lake: Lake, organization: str, folder: Path) -> tuple[list[tuple[str, str, str]], list[tuple[object, ...]]]:
    """Check, resource and status of each finding that counts at the end of November; and the figures of each day."""
    scope = Scope(organization=organization)
    path = folder / f"{organization}.parquet"
    lake.findings_export.write_findings(scope, NOVEMBER, path=path)
    rows = pl.read_parquet(path).select("check_id", "resource_uid", "status").rows()
    days = lake.period_end.load_daily_tallies(scope, NOVEMBER).drop("mapping_id")
    return sorted(rows), sorted(days.rows())


def must_stay(world: World) -> set[tuple[str, str]]:
    """Check and target of failing findings whose target no later scan of the world looked at."""
    _, made = world
    return {
        (each.check, each.target)
        for number, scan in enumerate(made)
        for each in scan.results
        if each.fails and not any(each.target in later.targets for later in made[number + 1 :])
    }


@given(made=st.tuples(*(worlds(kind) for kind in FORMATS)))
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_neither_splitting_nor_order_matters_and_no_failing_finding_disappears(
    tmp_path_factory: object, made: tuple[World, ...]
) -> None:
    """One file per target gives the figures of one file per scan, on each day and in sum; so does any order."""
    folder = tmp_path_factory.mktemp("world")  # type: ignore[attr-defined] # pytest's
    lake_settings = Settings(home=folder / "home")
    for number, (kind, sequence) in enumerate(made):
        whole = [path for scan in sequence for path in write_scan(scan, kind, folder / str(number), is_split=False)]
        parts = [
            path
            for scan in sequence
            for path in write_scan(scan, kind, folder / f"{number}s" / str(number), is_split=True)
        ]
        imported(lake_settings, f"whole{number}", whole)
        imported(lake_settings, f"turned{number}", whole[::-1])
        imported(lake_settings, f"split{number}", parts[::-1])
    with open_lake(lake_settings) as lake:
        lake.state.rebuild_state(date(2026, 11, day) for day in (24, 25, 26))
        for number, world in enumerate(made):
            whole_counts = counted(lake, f"whole{number}", folder)
            assert counted(lake, f"turned{number}", folder) == whole_counts, world
            assert counted(lake, f"split{number}", folder) == whole_counts, world
            failing = {(check, resource) for check, resource, status in whole_counts[0] if status == "FAIL"}
            for check, target in must_stay(world):
                assert any(each == check and target in resource for each, resource in failing), (check, target, world)
