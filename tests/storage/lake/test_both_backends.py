"""What the lake answers does not depend on where catalog and files are: SQLite and a folder, or Postgres and S3."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake.analytics import CHANGES_SCHEMA, RISK_SCHEMA
from policycortex.storage.lake.input_frames import RELATIONS_SCHEMA, WAIVERS_SCHEMA
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.lake.related_findings import RelatedCounts
from tests.support.backends import Backend, FleetBackend
from tests.support.samples.lake_files import EVERYTHING, NOVEMBER, ORGANIZATION, seen, take

DAYS = [date(2026, 11, day) for day in (2, 5, 9)]
WAIVERS = pl.DataFrame([("w1", None, None, "c2", None, "r*")], schema=WAIVERS_SCHEMA, orient="row")
STAGING = Scope(organization=ORGANIZATION, environments=("staging",))
OWNER = '{"owner":"ann"}'
RELATIONS = '{"SOC2":["cc_6_1","cc_6_2"]}'


def related(lake: Lake) -> RelatedCounts:
    """What is counted of a requirement that two checks are related to."""
    keys = lake.period_end.load_tallies(EVERYTHING, NOVEMBER).select("provider", "check_id", "mapping_id").unique()
    relations = keys.filter(pl.col("check_id").is_in(["c1", "c2"])).with_columns(requirement_id=pl.lit("A"))
    return lake.related_findings.count_related(
        EVERYTHING, NOVEMBER, relations=relations.with_columns(ordinal=1), framework_id="soc2", waivers=WAIVERS
    )


READS: dict[str, Callable[[Lake], pl.DataFrame]] = {
    "tallies": lambda lake: lake.period_end.load_tallies(EVERYTHING, NOVEMBER),
    "tallies of staging": lambda lake: lake.period_end.load_tallies(STAGING, NOVEMBER),
    "daily tallies": lambda lake: lake.period_end.load_daily_tallies(EVERYTHING, NOVEMBER),
    "daily tallies since": lambda lake: lake.period_end.load_daily_tallies(EVERYTHING, NOVEMBER, since=DAYS[-1]),
    "targets scanned before": lambda lake: lake.period_end.load_earlier_targets(
        EVERYTHING, Period.of_days(date(2026, 11, 12), date(2026, 11, 12))
    ),
    "mappings": lambda lake: lake.period_end.load_mappings(ORGANIZATION),
    "coverage": lambda lake: lake.period_end.load_scan_coverage(EVERYTHING, NOVEMBER),
    "check facts": lambda lake: lake.period_end.load_check_facts(EVERYTHING, NOVEMBER, ["c1", "c2"]),
    "risk items": lambda lake: lake.analytics.load_risk_items(EVERYTHING, NOVEMBER, waivers=WAIVERS),
    "risk items of a day": lambda lake: lake.analytics.load_risk_items(
        EVERYTHING, Period.of_days(DAYS[0], DAYS[1]), waivers=WAIVERS_SCHEMA.to_frame()
    ),
    "episodes": lambda lake: lake.analytics.load_episodes(EVERYTHING, NOVEMBER),
    "changes": lambda lake: lake.analytics.load_changes(ORGANIZATION, "soc2", NOVEMBER),
    "risk history": lambda lake: lake.analytics.load_risk_history(ORGANIZATION, NOVEMBER, dimension="total", label=""),
    "related checks": lambda lake: related(lake).checks,
    "related waivers": lambda lake: related(lake).waivers,
    "reconciliation": lambda lake: lake.reconciliation.load_reconciliation(DAYS),
    "import totals": lambda lake: lake.reconciliation.load_import_totals(),
}


@contextmanager
def filled(backend: Backend, home: Path) -> Iterator[tuple[Lake, str]]:
    """A lake with three scanned days, a late file and a day built twice; and its snapshot before the last import."""
    with open_lake(backend.settings(home)) as lake:
        take(lake, "a", [seen(2, relations=RELATIONS), seen(2, "c2"), seen(2, "c2", "x"), seen(2, "c3", status="PASS")])
        take(lake, "b", [seen(9, status="PASS"), seen(9, "c1", "y", tags=OWNER), seen(9, "c2")])
        take(lake, "staging", [seen(9, "c4", environment_tag="staging", account_id="s")])
        take(lake, "b", [seen(9, "c9")], organization="other")
        snapshot = lake.snapshot()
        take(
            lake,
            "late",
            [
                seen(5, "c2", status="PASS"),
                seen(5, "c3", is_muted=True),
                seen(5, "c1", is_exposed=True),
            ],
        )
        lake.state.rebuild_state(DAYS)
        lake.analytics.rebuild_ages(DAYS)
        change = (DAYS[0], "soc2", "reviewed", "fixed", 3, 3, -3, "7/3")
        risk = ("total", "", "3", 30.0, 20.0, 0.0, 5.0, 5.0, 1, 2, 27.5, 2.5, "plan", 40.0)
        for _ in range(2):
            lake.analytics.replace_day(
                ORGANIZATION,
                DAYS[1],
                changes=pl.DataFrame([change], schema=CHANGES_SCHEMA, orient="row"),
                risk=pl.DataFrame([risk], schema=RISK_SCHEMA, orient="row"),
            )
        yield lake, snapshot


@pytest.fixture
def lakes(empty_home: Path, fleet: FleetBackend, tmp_path: Path) -> Iterator[tuple[tuple[Lake, str], tuple[Lake, str]]]:
    """The same work in both."""
    folder = Backend(empty_home=empty_home)
    with filled(folder, tmp_path / "folder") as one, filled(fleet, tmp_path / "fleet") as other:
        yield one, other


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Its rows in an order of their own."""
    return frame.sort(frame.columns)


def test_every_read_gives_the_same_on_both(lakes: tuple[tuple[Lake, str], tuple[Lake, str]], tmp_path: Path) -> None:
    """Rows, columns and types of each read, none of them empty; changes; the export; and what a snapshot holds."""
    (folder, before), (fleet, before_there) = lakes
    for name, read in READS.items():
        found = in_order(read(folder))
        assert len(found), name
        assert found.equals(in_order(read(fleet))), name
    assert changed(folder, tmp_path).equals(changed(fleet, tmp_path))
    for found, frame_there in zip(exported(folder, tmp_path), exported(fleet, tmp_path), strict=True):
        assert len(found), found.columns
        assert in_order(found).equals(in_order(frame_there))
    with folder.at(before) as then, fleet.at(before_there) as then_there:
        found = in_order(then.period_end.load_tallies(EVERYTHING, NOVEMBER))
        assert found.equals(in_order(then_there.period_end.load_tallies(EVERYTHING, NOVEMBER)))
        assert not found.equals(in_order(folder.period_end.load_tallies(EVERYTHING, NOVEMBER)))


def changed(lake: Lake, folder: Path) -> pl.DataFrame:
    """Findings that differ between the first and the last day, with where they were found."""
    files = (folder / "first.parquet", folder / "last.parquet")
    for file, day in zip(files, (DAYS[0], DAYS[-1]), strict=True):
        lake.analytics.write_states(EVERYTHING, Period.of_days(day, day), path=file, waivers=WAIVERS)
    found = lake.analytics.load_changed_findings(*files)
    assert len(found.before)
    return in_order(pl.concat([found.before.with_columns(at=pl.lit(0)), found.after.with_columns(at=pl.lit(1))]))


def exported(lake: Lake, folder: Path) -> list[pl.DataFrame]:
    """The findings of a report whose framework relates two checks, and what is counted from them."""
    keys = lake.period_end.load_tallies(EVERYTHING, NOVEMBER).select("provider", "check_id", "mapping_id").unique()
    listed = pl.DataFrame({"check_id": ["c1", "c2"], "requirement_id": ["A", "B"], "ordinal": [1, 2]})
    path = folder / "findings.parquet"
    lake.findings_export.write_findings(
        EVERYTHING,
        NOVEMBER,
        path=path,
        relations=keys.join(listed, on="check_id").select(RELATIONS_SCHEMA.names()),
        framework_id="soc2",
        waivers=WAIVERS,
    )
    return [
        pl.read_parquet(path),
        lake.findings.load_dimensions(path),
        lake.findings.load_failing_checks(EVERYTHING, NOVEMBER, path),
        lake.findings.load_check_counts(path),
        lake.findings.load_owners(EVERYTHING, NOVEMBER, path),
        lake.findings.load_waived(EVERYTHING, NOVEMBER, WAIVERS),
        lake.findings.load_waiver_counts(path, WAIVERS, "soc2"),
    ]
