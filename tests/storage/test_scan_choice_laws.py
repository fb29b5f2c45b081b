"""Laws of what a newer scan replaces, over generated scans of every format.

Each world is imported twice into one lake, each time for an organisation of its own: that is much cheaper than two
lakes per world.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycortex.findings.scan_targets import TargetHints
from policycortex.findings.series_names import series_of_file
from policycortex.findings.sources import detect_parser
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from tests.support.found_files import find_sources
from tests.support.samples.scan_formats import FORMATS
from tests.support.samples.scans import CHECKS, TARGETS, Result, Scan, ScanFormat, write_scan

NOVEMBER = Period.of_days(date(2026, 11, 1), date(2026, 11, 30))
NOW = datetime(2026, 12, 5, tzinfo=UTC)

_FORMATS_PER_EXAMPLE = 5
"""Each run of the tests tries other ones; an example of all formats takes minutes."""

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


def imported(lake: Lake, organization: str, files: Sequence[Path]) -> None:
    """Import the files in this order, as ``ingest_files`` does."""
    for path in files:
        [source] = find_sources([path])
        format_name, parser = detect_parser(source)
        hints = TargetHints(series=series_of_file(path.absolute().parent.parts[1:], path.name))
        lake.imports.import_source(
            source, parser, format_name=format_name, organization=organization, imported_at=NOW, hints=hints
        )


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


@given(made=st.permutations(FORMATS).flatmap(lambda kinds: st.tuples(*map(worlds, kinds[:_FORMATS_PER_EXAMPLE]))))
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_neither_splitting_nor_order_matters_and_no_failing_finding_disappears(
    tmp_path_factory: object, made: tuple[World, ...]
) -> None:
    """One file per target, oldest first, and one per scan, newest first, give the same figures: each day and in sum."""
    folder = tmp_path_factory.mktemp("world")  # type: ignore[attr-defined] # pytest's
    with open_lake(Settings(home=folder / "home")) as lake:
        for number, (kind, sequence) in enumerate(made):
            whole = [path for scan in sequence for path in write_scan(scan, kind, folder / str(number), is_split=False)]
            parts = [
                path
                for scan in sequence
                for path in write_scan(scan, kind, folder / f"{number}s" / str(number), is_split=True)
            ]
            imported(lake, f"turned{number}", whole[::-1])
            imported(lake, f"split{number}", parts)
        lake.state.rebuild_state(date(2026, 11, day) for day in (24, 25, 26))
        for number, world in enumerate(made):
            split_counts = counted(lake, f"split{number}", folder)
            assert counted(lake, f"turned{number}", folder) == split_counts, world
            failing = {(check, resource) for check, resource, status in split_counts[0] if status == "FAIL"}
            for check, target in must_stay(world):
                assert any(each == check and target in resource for each, resource in failing), (check, target, world)


FIRST = Scan(24, TARGETS[:2], tuple(Result(target, CHECKS[0], f"{target}/r1", True) for target in TARGETS[:2]))
SECOND = Scan(25, TARGETS[1:2], (Result(TARGETS[1], CHECKS[0], f"{TARGETS[1]}/r1", False),))


def test_a_failing_finding_of_a_target_that_was_not_scanned_again_stays(
    tmp_path: Path,
) -> None:
    """Two targets fail on the 24th, one of them passes on the 25th: one failing finding counts, however the first scan
    is split and whatever the order of the files. ``pytest -s`` prints the table of all figures.
    """
    with open_lake(Settings(home=tmp_path / "home")) as lake:
        rows = []
        for number, kind in enumerate(FORMATS):
            for word, order, is_split in (("whole", "oldest first", False), ("one per target", "newest first", True)):
                first, second = (
                    write_scan(scan, kind, tmp_path / f"{number}{is_split}", is_split=is_split)
                    for scan in (FIRST, SECOND)
                )
                rows.append((kind, word, order, f"{number}-{is_split}"))
                imported(lake, rows[-1][-1], (*second, *first[::-1]) if is_split else (*first, *second))
        lake.state.rebuild_state(date(2026, 11, day) for day in (24, 25))
        figures = {}
        for kind, word, order, organization in rows:
            sums = lake.period_end.load_tallies(Scope(organization=organization), NOVEMBER).select("passed", "failed")
            figures[kind.name, kind.targets, word, order] = sums.sum().row(0)
    for (name, targets, files_of_scan, order), (passed, failed) in figures.items():
        print(f"{name:24} {targets:13} {files_of_scan:14} {order:12} {passed} passed, {failed} failed")
    expected = {kind.name: (int(kind.lists_passed), 1) for kind in FORMATS}
    assert {key: value for key, value in figures.items() if value != expected[key[0]]} == {}
