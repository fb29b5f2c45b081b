"""A lake of schema version 4 is judged anew: findings of other regions and repositories count again. See README.md."""

import io
import logging
import shutil
import tarfile
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl
import pytest
from click.testing import CliRunner

from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.settings import Settings
from policycortex.storage.lake import partition_spans
from policycortex.storage.lake import upgrade as upgrade_module
from policycortex.storage.lake.input_frames import WAIVERS_SCHEMA
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.lake.maintenance import load_snapshots
from policycortex.storage.lake.session import Cursor, Parameters, run
from policycortex.storage.lake.upgrade import upgrade
from policycortex_cli.app import app

HERE: Final = Path(__file__).parent
EVERYTHING: Final = Scope(organization="acme")
FIGURES: Final = ("framework_scores", "requirement_results", "changes", "risk")
NOVEMBER: Final = Period.of_days(date(2026, 11, 1), date(2026, 11, 30))


def figures(lake: Lake, period: Period = NOVEMBER) -> dict[str, tuple[int, int]]:
    """Passed and failed findings that count, by check."""
    sums = lake.period_end.load_tallies(EVERYTHING, period).group_by("check_id").agg(pl.col("passed", "failed").sum())
    return {check: (passed, failed) for check, passed, failed in sums.rows()}


def unpack(folder: Path) -> Settings:
    """A copy of the old lake."""
    with tarfile.open(HERE / "lake_4.tar.xz") as archive:
        archive.extractall(folder / "home", filter="data")
    return Settings(home=folder / "home")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradedLake:
    """The old lake after its first opening by today's code, and what was logged at that."""

    settings: Settings
    log: str


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> UpgradedLake:
    """One for all tests, which only read it; a test that changes it copies its home."""
    settings = unpack(tmp_path_factory.mktemp("upgraded"))
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    try:
        with open_lake(settings):
            return UpgradedLake(settings=settings, log=written.getvalue())
    finally:
        logging.getLogger().removeHandler(handler)


@pytest.fixture
def settings(upgraded: UpgradedLake) -> Settings:
    """Of the upgraded lake."""
    return upgraded.settings


def test_an_old_lake_is_judged_anew_and_the_log_says_what_changed(upgraded: UpgradedLake) -> None:
    """Both regions, both repositories and the whole export count; fixed findings of the linter do not."""
    with open_lake(upgraded.settings) as lake:
        assert figures(lake) == {"s3_bucket_default_encryption": (1, 1), "CKV_AWS_18": (1, 1), "S3.1": (1, 1)}
        day = Period.of_days(date(2026, 11, 25), date(2026, 11, 25))
        assert figures(lake, day)["S3.1"] == (1, 1)
        assert lake.state.load_stale_days(NOVEMBER.first_date, NOVEMBER.last_date) == ()
    assert "have 3 failing and 3 passing findings" in upgraded.log


def test_findings_get_their_targets_for_some_imports_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that writes many partitions needs memory for each; with one import in each the result is the same."""
    executed = Counter[str]()

    def counted(cursor: Cursor, name: str, parameters: Parameters | None = None) -> int:
        executed[name] += 1
        return run(cursor, name, parameters)

    monkeypatch.setattr(upgrade_module, "run", counted)
    monkeypatch.setattr(partition_spans, "PARTITIONS", 1)
    with open_lake(unpack(tmp_path)) as lake:
        assert figures(lake) == {"s3_bucket_default_encryption": (1, 1), "CKV_AWS_18": (1, 1), "S3.1": (1, 1)}
        with lake.session.cursor() as cursor:
            query = "SELECT count(*), count(scan_at), count(DISTINCT import_id) FROM lake.core.findings"
            findings, with_scan, imports = cursor.execute(query).fetchall()[0]
    assert findings == with_scan
    assert executed["upgrade_findings"] >= imports > 1


def test_an_old_snapshot_carries_no_scans_and_the_upgraded_lake_does(settings: Settings) -> None:
    """Days of reports made before version 8 had their own scans only; now each day has what was last known."""
    with open_lake(settings) as lake:
        everyday = lake.period_end.load_daily_tallies(EVERYTHING, NOVEMBER)
        assert everyday["observed_date"].max() == NOVEMBER.last_date
        assert lake.analytics.load_changes("acme", None, NOVEMBER).is_empty()
        with lake.at(str(_last_of_version_4(lake))) as old:
            own = old.period_end.load_daily_tallies(EVERYTHING, NOVEMBER)
            assert own.select((pl.col("oldest_on") == pl.col("observed_date")).all()).item()
            assert own["observed_date"].n_unique() < everyday["observed_date"].n_unique()


def test_a_snapshot_of_the_old_version_keeps_the_former_selection(settings: Settings) -> None:
    """Reports of that time are rendered again to the same bytes."""
    with open_lake(settings) as lake:
        newest_old = _last_of_version_4(lake)
        with lake.at(str(newest_old)) as old:
            assert figures(old)["s3_bucket_default_encryption"] == (1, 0)
            assert old.period_end.load_scans(EVERYTHING, NOVEMBER).is_empty()


def test_reports_of_the_old_version_are_compared_by_check_and_region(settings: Settings, tmp_path: Path) -> None:
    """At its snapshot no scan target is known, of findings and of what was looked at; no file looks filtered."""
    path = tmp_path / "states.parquet"
    waivers = pl.DataFrame(schema=WAIVERS_SCHEMA)
    with open_lake(settings) as lake, lake.at(str(_last_of_version_4(lake))) as old:
        covered = old.analytics.load_covered("acme", NOVEMBER)
        old.analytics.write_states(EVERYTHING, NOVEMBER, path=path, waivers=waivers)
        assert old.period_end.load_filtered_files(EVERYTHING, NOVEMBER).is_empty()
    states = pl.read_parquet(path)
    assert states["scan_target"].is_null().all()
    assert covered["scan_target"].is_null().all()
    places = ("source", "account_id", "region", "check_id")
    assert set(covered.select(places).rows()) == set(states.select(places).rows()) != set()


def test_a_new_scan_of_the_same_region_replaces_the_old_one(settings: Settings) -> None:
    """Targets of old and new findings are equal: each scan is named with its findings that count."""
    with open_lake(settings) as lake:
        scans = lake.period_end.load_scans(EVERYTHING, NOVEMBER).filter(pl.col("source") == "prowler")
    assert scans["targets"].to_list() == [["region=us-east-1"], ["region=eu-west-1"]]
    assert scans.select("findings", "findings_left_out").rows() == [(1, 0), (1, 0)]


def _last_of_version_4(lake: Lake) -> int:
    """The newest snapshot whose tables have no scan targets."""
    for number in reversed(load_snapshots(lake.session)):
        with lake.session.cursor() as cursor:
            rows = cursor.execute(f"FROM lake.core.scan_coverage AT (VERSION => {number}) LIMIT 0")
            if "scan_target" not in [column[0] for column in rows.description]:
                return number
    raise AssertionError("no snapshot of version 4")


def test_figures_that_an_upgrade_removes_are_computed_again(upgraded: UpgradedLake, tmp_path: Path) -> None:
    """No figure of the former selection stays, and the log says how the new ones come back."""
    settings = Settings(home=shutil.copytree(upgraded.settings.home, tmp_path / "home"))
    with open_lake(settings) as lake:
        days = lake.analytics.load_unbuilt_days()
    assert f"of {len(days)} days are computed again by the running service" in upgraded.log
    rescored = CliRunner().invoke(app, ["frameworks", "rescore", "--home", str(settings.home)])
    assert (rescored.exit_code, rescored.stdout) == (0, f"rescored {len(days)} days\n")
    with open_lake(settings) as lake:
        assert stored_figures(lake) == set(FIGURES)
        risk = lake.analytics.load_risk_history("acme", NOVEMBER, dimension="total", label="")
        assert tuple(risk["observed_date"]) == days
        assert lake.analytics.load_unbuilt_days() == ()
        upgrade(lake.session, 7)
        assert (stored_figures(lake), lake.analytics.load_unbuilt_days()) == (set(), days)
        upgrade(lake.session, 5)
        assert (stored_figures(lake), lake.analytics.load_unbuilt_days()) == (set(), days)


def stored_figures(lake: Lake) -> set[str]:
    """The tables of figures that have rows."""
    with lake.session.cursor() as cursor:
        return {name for name in FIGURES if cursor.execute(f"FROM lake.marts.{name} LIMIT 1").fetchall()}
