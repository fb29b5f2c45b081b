"""Daily data of ages, risk and comparison, built in any order of days."""

from datetime import date
from pathlib import Path

import msgspec
import polars as pl
import pytest

from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.ages import EPISODE_SCHEMA, oldest_failing, summarize_ages
from policycortex.scoring.changes_model import STATE_SCHEMA
from policycortex.scoring.risk_model import RISK_ITEM_SCHEMA
from policycortex.settings import Settings
from policycortex.storage.lake.analytics import CHANGES_SCHEMA, LOOKBACK_DAYS, RISK_SCHEMA
from policycortex.storage.lake.input_frames import WAIVERS_SCHEMA
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.lake.session import Cursor
from tests.support.backends import Backend
from tests.support.empty_homes import copy_home
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

D1, D2, D3 = date(2026, 1, 5), date(2026, 1, 7), date(2026, 1, 12)
EVERYTHING = Scope(organization=ORGANIZATION)
WHOLE = Period.of_days(D1, D3)
NO_WAIVERS = WAIVERS_SCHEMA.to_frame()


@pytest.fixture
def backend(empty_home: Path) -> Backend:
    """A folder; ``test_both_backends.py`` compares the results with those on Postgres and S3."""
    return Backend(empty_home=empty_home)


def build(lake: Lake, *days: date) -> None:
    """State and ages of these days."""
    lake.state.rebuild_state(days)
    lake.analytics.rebuild_ages(days)


def three_days(lake: Lake) -> None:
    """a always fails; b is fixed on the second day; c starts to fail there; d is missing on the third."""
    import_findings(
        lake, [finding(D1, r, "x", s) for r, s in (("a", "FAIL"), ("b", "FAIL"), ("c", "PASS"), ("d", "FAIL"))]
    )
    import_findings(
        lake, [finding(D2, r, "x", s) for r, s in (("a", "FAIL"), ("b", "PASS"), ("c", "FAIL"), ("d", "FAIL"))]
    )
    gone = finding(D3, "d", "y", "PASS")
    import_findings(lake, [gone, *(finding(D3, r, "x", s) for r, s in (("a", "FAIL"), ("b", "PASS"), ("c", "FAIL")))])


def ages(lake: Lake, day: date) -> dict[str, date]:
    """Check to the day it fails since, in the posture of one day."""
    items = lake.analytics.load_risk_items(EVERYTHING, Period.of_days(day, day), waivers=NO_WAIVERS)
    return dict(items.filter(pl.col("failed") > 0).select("check_id", "failing_since").iter_rows())


@pytest.mark.parametrize("order", [(D1, D2, D3), (D3, D2, D1), (D2, D1, D3)])
def test_ages_are_the_same_in_whatever_order_days_are_built(lake: Lake, order: tuple[date, ...]) -> None:
    """Each day alone, forwards, backwards and mixed: a day that changes rebuilds later ones."""
    three_days(lake)
    for day in order:
        lake.state.rebuild_state([day])
    for day in order:
        lake.analytics.rebuild_ages([day])
    assert ages(lake, D1) == {"a": D1, "b": D1, "d": D1}
    assert ages(lake, D2) == {"a": D1, "c": D2, "d": D1}
    assert ages(lake, D3) == {"a": D1, "c": D2}


def test_building_again_changes_nothing_and_stops_at_once(lake: Lake) -> None:
    """The day and the next do not change, so the third is not built."""
    three_days(lake)
    build(lake, D1, D2, D3)
    again = lake.analytics.rebuild_ages([D1])
    assert [(one.day, one.keys, one.is_changed) for one in again] == [(D1, 3, False), (D2, 3, False)]


def test_a_late_file_reaches_the_ages_after_it(lake: Lake) -> None:
    """Between the first and the second day a passes: it fails again since the second."""
    three_days(lake)
    build(lake, D1, D2, D3)
    late = date(2026, 1, 6)
    import_findings(lake, [finding(late, "a", "x", "PASS")])
    build(lake, late)
    assert ages(lake, D3) == {"a": D2, "c": D2}


def test_a_long_time_without_scans_starts_a_new_age(lake: Lake) -> None:
    """A quarter without a scan does not show that it kept failing."""
    near, far = (
        date.fromordinal(D1.toordinal() + LOOKBACK_DAYS),
        date.fromordinal(D1.toordinal() + 2 * LOOKBACK_DAYS + 1),
    )
    for day in (D1, near, far):
        import_findings(lake, [finding(day, "a")])
    build(lake, D1, near, far)
    assert ages(lake, near) == {"a": D1}
    assert ages(lake, far) == {"a": far}


def test_muting_for_one_scan_does_not_restart_the_age(lake: Lake) -> None:
    """Failing, muted, failing again: it fails since the first scan. Muting ends an episode without remediation."""
    for day, is_muted in ((D1, False), (D2, True), (D3, False)):
        import_findings(lake, [finding(day, "a", is_muted=is_muted)])
    build(lake, D1, D2, D3)
    assert ages(lake, D2) == {}
    assert ages(lake, D3) == {"a": D1}
    rows = lake.analytics.load_episodes(EVERYTHING, WHOLE).select(EPISODE_SCHEMA.names()).drop("severity").rows()
    assert rows == [(D1, D2, False, 1)]


def test_what_was_muted_at_first_fails_since_then(lake: Lake) -> None:
    """A new mute list shows an old failure: its age is the true one, and no episode ended."""
    import_findings(lake, [finding(D1, "a", is_muted=True)])
    import_findings(lake, [finding(D2, "a")])
    build(lake, D1, D2)
    assert ages(lake, D2) == {"a": D1}
    assert lake.analytics.load_episodes(EVERYTHING, WHOLE).is_empty()


@pytest.mark.parametrize("apart", [93, 184, 365])
def test_scans_a_quarter_or_a_year_apart_give_the_full_age(lake: Lake, apart: int) -> None:
    """It failed at both scans: the age is the whole time between them, and so is the time to remediate after it."""
    second, third = (date.fromordinal(D1.toordinal() + apart * number) for number in (1, 2))
    import_findings(lake, [finding(D1, "a")])
    import_findings(lake, [finding(second, "a"), finding(second, "b", status="PASS")])
    import_findings(lake, [finding(third, "a", status="PASS")])
    build(lake, D1, second, third)
    assert ages(lake, second) == {"a": D1}
    ended = lake.analytics.load_episodes(EVERYTHING, Period.of_days(D1, third))
    assert ended.select("check_id", "opened_on", "ended_on", "is_remediated").rows() == [("a", D1, third, True)]


def test_ages_are_minimums_where_no_scan_of_the_35_days_before_looked(lake: Lake) -> None:
    """High: failed in its first scan. Medium: passed 90 days before it failed. Low: passed 30 days before.

    On the 90th day the ages are at least 90, at least 0, and 0 to 30, which is exact enough.
    """
    month, quarter = (date.fromordinal(D1.toordinal() + days) for days in (60, 90))
    import_findings(lake, [finding(D1, "a", severity="high"), finding(D1, "b", status="PASS", severity="medium")])
    import_findings(lake, [finding(month, "c", status="PASS", severity="low")])
    failing = [
        finding(quarter, check, severity=worst) for check, worst in (("a", "high"), ("b", "medium"), ("c", "low"))
    ]
    import_findings(lake, failing)
    build(lake, D1, month, quarter)
    period = Period.of_days(quarter, quarter)
    items = lake.analytics.load_risk_items(EVERYTHING, period, waivers=NO_WAIVERS)
    minimums = lake.analytics.load_minimum_ages(ORGANIZATION, oldest_failing(items))
    assert minimums == {"high", "medium"}
    found = {each.severity: each for each in summarize_ages(items, as_of=quarter, minimums=minimums) if each.failing}
    assert [(name, each.oldest_days, each.is_minimum) for name, each in found.items()] == [
        ("high", 90, True),
        ("medium", 0, True),
        ("low", 0, False),
    ]


def test_a_lake_of_version_6_gets_its_ages_again(home_settings: Settings, empty_home: Path) -> None:
    """Opened by this version, the ages of all days are built again: what was muted for a scan has its full age."""
    copy_home(empty_home, home_settings.home)

    def as_version_6(cursor: Cursor) -> None:
        cursor.execute("UPDATE lake.core.schema_version SET version = 6")
        cursor.execute("DELETE FROM lake.core.failing_since WHERE is_muted")
        cursor.execute("UPDATE lake.core.failing_since SET failing_since = observed_date")

    with open_lake(home_settings) as old:
        for day, is_muted in ((D1, False), (D2, True), (D3, False)):
            import_findings(old, [finding(day, "a", is_muted=is_muted)])
        build(old, D1, D2, D3)
        old.session.write("make it a lake of version 6", as_version_6)
    with open_lake(home_settings) as opened:
        assert ages(opened, D3) == {"a": D1}


def test_days_without_ages_are_not_a_lower_risk(lake: Lake) -> None:
    """With state and without ages, every failing finding has the age of its day."""
    three_days(lake)
    lake.state.rebuild_state([D1, D2, D3])
    assert ages(lake, D3) == {"a": D3, "c": D3}


def test_episodes_distinguish_fixed_from_missing(lake: Lake) -> None:
    """b was fixed after 2 days, d was missing after 7; open findings are in the risk items."""
    three_days(lake)
    build(lake, D1, D2, D3)
    rows = lake.analytics.load_episodes(EVERYTHING, WHOLE).select(EPISODE_SCHEMA.names()).drop("severity").rows()
    assert sorted(rows) == [(D1, D2, True, 1), (D1, D3, False, 1)]


@pytest.mark.parametrize("last", [D1, D2, D3])
def test_risk_items_choose_the_scans_that_scores_choose(lake: Lake, last: date) -> None:
    """Partial scans, a second one on a day, muted findings: the same sums as the period-end tallies."""
    three_days(lake)
    import_findings(lake, [finding(D2, "a", "x", "PASS", hour=9), finding(D2, "m", "x", is_muted=True, hour=9)])
    import_findings(lake, [finding(D3, "a", "x", is_muted=True, hour=12), finding(D3, "b", "z", "MANUAL", hour=12)])
    build(lake, D1, D2, D3)
    period = Period.of_days(D1, last)
    items = lake.analytics.load_risk_items(EVERYTHING, period, waivers=NO_WAIVERS)
    tallies = lake.period_end.load_tallies(EVERYTHING, period)
    for name in ("passed", "failed"):
        expected = tallies.filter(pl.col(name) > 0).group_by("check_id").agg(pl.col(name).sum()).sort("check_id")
        found = items.filter(pl.col(name) > 0).group_by("check_id").agg(pl.col(name).sum()).sort("check_id")
        assert found.rows() == expected.rows(), name


def test_risk_items_are_of_the_period_end_posture_in_scope(lake: Lake) -> None:
    """Passing and failing without muted ones; filters apply after the selection of scans; columns of the risk score."""
    three_days(lake)
    import_findings(
        lake, [finding(D3, "m", "x", is_muted=True), finding(D3, "s", "x", environment="staging", account="other")]
    )
    build(lake, D1, D2, D3)
    items = lake.analytics.load_risk_items(EVERYTHING, WHOLE, waivers=NO_WAIVERS)
    assert items.schema == RISK_ITEM_SCHEMA
    assert items["title"].to_list() == items["check_id"].to_list()
    assert (items["passed"].sum(), items["failed"].sum()) == (2, 3)
    staging = Scope(organization=ORGANIZATION, environments=("staging",))
    assert lake.analytics.load_risk_items(staging, WHOLE, waivers=NO_WAIVERS)["check_id"].to_list() == ["s"]


def test_exposure_and_the_first_failing_resource_are_kept(lake: Lake) -> None:
    """The scanner's category with each group of findings, null without one; of two failing resources the first."""
    found = [finding(D1, "a", "x2"), finding(D1, "a", "x1"), finding(D1, "a", "x0", "PASS")]
    category = [msgspec.structs.replace(each, is_exposed=True) for each in found]
    import_findings(lake, [*category, finding(D1, "b", "y")])
    build(lake, D1)
    nowhere = pl.DataFrame([("w1", None, None, None, None, "nowhere")], schema=WAIVERS_SCHEMA, orient="row")
    for waivers in (NO_WAIVERS, nowhere):
        items = lake.analytics.load_risk_items(EVERYTHING, WHOLE, waivers=waivers).filter(pl.col("failed") > 0)
        named = items.select("check_id", "is_exposed", "resource_uid", "failed").sort("check_id").rows()
        assert named == [("a", True, "x1", 2), ("b", None, "y", 1)]


def test_waived_findings_leave_the_risk(lake: Lake) -> None:
    """By glob; a waiver for one requirement counts only when the finding has no other."""
    import_findings(lake, [finding(D1, "a", "x1"), finding(D1, "a", "x2"), finding(D1, "b", "x1")])
    build(lake, D1)
    everywhere = pl.DataFrame([("w1", None, None, None, None, "x1")], schema=WAIVERS_SCHEMA, orient="row")
    left = lake.analytics.load_risk_items(EVERYTHING, WHOLE, waivers=everywhere)
    elsewhere = everywhere.with_columns(resource_glob=pl.lit("nowhere"))
    unwaived = lake.analytics.load_risk_items(EVERYTHING, WHOLE, waivers=NO_WAIVERS)
    assert lake.analytics.load_risk_items(EVERYTHING, WHOLE, waivers=elsewhere).equals(unwaived)
    assert unwaived["failed"].sum() == 3
    assert left.filter(pl.col("failed") > 0).select("check_id", "failed").rows() == [("a", 1)]


def test_two_dates_are_compared_by_changed_keys(lake: Lake, tmp_path: Path) -> None:
    """a is equal on both and only counted; b and c are returned with all their findings."""
    three_days(lake)
    build(lake, D1, D2, D3)
    for day in (D1, D2):
        period = Period.of_days(day, day)
        lake.analytics.write_states(EVERYTHING, period, path=tmp_path / f"{day}.parquet", waivers=NO_WAIVERS)
    files = (tmp_path / f"{D1}.parquet", tmp_path / f"{D2}.parquet")
    changed = lake.analytics.load_changed_findings(*files)
    assert changed.before.schema == changed.after.schema == STATE_SCHEMA
    assert sorted(changed.before.select("check_id", "status").rows()) == [("b", "FAIL"), ("c", "PASS")]
    assert sorted(changed.after.select("check_id", "status").rows()) == [("b", "PASS"), ("c", "FAIL")]
    assert sorted(changed.same.select("check_id", "passed", "failed").rows()) == [("a", 0, 1), ("d", 0, 1)]
    assert lake.analytics.count_same_keys(*files, one_sided=None, relations=None) == 2
    only_a = changed.same.filter(pl.col("check_id") == "a")
    assert lake.analytics.count_same_keys(*files, one_sided=None, relations=only_a) == 1
    findings = lake.analytics.load_changed_findings(*files, one_sided=only_a)
    assert findings.before["check_id"].unique().sort().to_list() == ["a", "b", "c"]
    assert [path.name for path in sorted(tmp_path.glob("*.parquet*"))] == [f"{D1}.parquet", f"{D2}.parquet"]


def test_a_day_of_changes_and_risk_is_replaced_whole(lake: Lake) -> None:
    """Written twice, read once; other days and frameworks stay."""
    changes = pl.DataFrame(
        [(D1, "soc2", "reviewed", "fixed", 3, 3, -3, "7/3"), (D1, None, "reviewed", "fixed", 4, 4, -4, None)],
        schema=CHANGES_SCHEMA,
        orient="row",
    )
    row = ("total", "", "3", 30.0, 20.0, 0.0, 5.0, 5.0, 1, 2, 27.5, 2.5, "plan", 40.0)
    risk = pl.DataFrame([row], schema=RISK_SCHEMA, orient="row")
    for _ in range(2):
        lake.analytics.replace_day(ORGANIZATION, D2, changes=changes, risk=risk)
    lake.analytics.replace_day(ORGANIZATION, D3, changes=CHANGES_SCHEMA.to_frame(), risk=RISK_SCHEMA.to_frame())
    kept = lake.analytics.load_changes(ORGANIZATION, "soc2", WHOLE)
    assert kept.rows() == [(D2, D1, "fixed", 3, 3, -3, "7/3")]
    assert lake.analytics.load_changes(ORGANIZATION, None, WHOLE)["findings"].to_list() == [4]
    history = lake.analytics.load_risk_history(ORGANIZATION, WHOLE, dimension="total", label="")
    assert history.select("observed_date", "value").rows() == [(D2, 30.0)]
