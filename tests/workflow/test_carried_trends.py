"""Trends as last known: accounts and targets that are scanned on different days are all in each day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from policycortex.findings.model import Finding
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.forecasting.model import TooLittleHistory
from policycortex.scoring.trend import Granularity, TrendBucket
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.lake.scan_selection import LastKnown
from policycortex.workflow.analytics import load_forecast, load_trends
from policycortex.workflow.analytics_days import rebuild_analytics
from policycortex.workflow.analytics_query import AnalyticsQuery
from policycortex.workflow.assessed_period import judge_days, judge_period, read_days
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

MARCH = Period.of_days(date(2026, 3, 1), date(2026, 3, 31))
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
WHOLE = Scope(organization=ORGANIZATION)


def scan(day: date, account: str, passed: int, failed: int, *, hour: int = 6) -> list[Finding]:
    """One scan of an account: so many resources pass and fail."""
    statuses = ["PASS"] * passed + ["FAIL"] * failed
    return [
        finding(day, "c1", f"{account}-{number}", status, account=account, hour=hour)
        for number, status in enumerate(statuses)
    ]


def lake_of(folder: Path, files: list[list[Finding]], **more: int) -> Settings:
    """A lake of these files, its days built."""
    settings = Settings(home=folder / "home", **more)  # type: ignore[arg-type] # by field names
    with open_lake(settings) as lake:
        for found in files:
            import_findings(lake, found)
        lake.state.rebuild_state({each.observed_at.date() for found in files for each in found})
    return settings


def line(lake: Lake, period: Period = MARCH, now: datetime = NOW) -> tuple[TrendBucket, ...]:
    """The one daily line of all findings."""
    query = AnalyticsQuery(scope=WHOLE, period=period, framework=None, waivers=(), now=now)
    (series,) = load_trends(lake, query, granularity=Granularity.DAY, by=None, frameworks={}).series
    return series.buckets


@pytest.fixture(scope="module")
def staggered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Account a, 6 of 10, is scanned on even days, account b, 9 of 10, on odd ones, since February; nothing changes."""
    days = [date(2026, 2, 20) + timedelta(days=n) for n in range(40)]
    files = [scan(day, "a", 6, 4) if day.day % 2 == 0 else scan(day, "b", 9, 1) for day in days]
    settings = lake_of(tmp_path_factory.mktemp("staggered"), files)
    rebuild_analytics(settings, days[-4:], now=NOW)
    with open_lake(settings) as lake:
        yield lake


def test_accounts_scanned_on_different_days_give_one_constant_line(staggered: Lake) -> None:
    """15 of 20 on each day of March, the last equal to the month's own score; before, 60, 90, 60, 90."""
    found = line(staggered)
    assert {bucket.score_pct for bucket in found} == {75.0}
    assert len(found) == 31
    assert all(bucket.carried_from == bucket.first_date - timedelta(days=1) for bucket in found)
    assert {bucket.scanned_days for bucket in found} == {1}
    posture = judge_period(staggered, None, WHOLE, MARCH, waivers=(), now=NOW).posture
    assert posture.score.value_pct == 75


def test_a_report_has_the_same_days(staggered: Lake) -> None:
    """The daily postures of a report are those of the line; the oldest scan of each is of the day before."""
    readings = read_days(staggered, WHOLE, MARCH, waivers=(), now=NOW)
    assert {posture.score.value_pct for posture in judge_days(readings, None).values()} == {75}
    assert {day - days.oldest for day, days in readings.scanned.items()} == {timedelta(days=1)}


def test_stored_risk_and_causes_are_as_last_known_too(staggered: Lake) -> None:
    """Nothing changed between two days, although each has scans of one account only; the risk is of both."""
    period = Period.of_days(date(2026, 3, 29), date(2026, 3, 31))
    changes = staggered.analytics.load_changes(ORGANIZATION, None, period)
    assert changes.height > 0
    assert changes["findings"].sum() == 0
    kept = staggered.analytics.load_risk_history(ORGANIZATION, period, dimension="total", label="")
    assert kept["failed"].to_list() == [5, 5, 5]
    assert kept["value"].is_sorted()  # only ages grow


def test_a_forecast_is_computed_from_the_carried_line(staggered: Lake) -> None:
    """A constant history has its own value as the forecast, with a width that is not zero."""
    query = AnalyticsQuery(scope=WHOLE, period=MARCH, framework=None, waivers=(), now=NOW)
    found = load_forecast(staggered, query, horizon_days=7, target_pct=None).forecast
    assert not isinstance(found, TooLittleHistory)
    assert found.last_value_pct == 75


def test_a_scan_counts_for_35_days_and_then_no_longer(tmp_path: Path) -> None:
    """Scanned once, on 1 March: 35 days to 4 April have its score, none of them but the first a scan; then a gap."""
    settings = lake_of(tmp_path, [scan(date(2026, 3, 1), "a", 1, 1)])
    spring = Period.of_days(date(2026, 2, 27), date(2026, 4, 10))
    later = datetime(2026, 5, 1, tzinfo=UTC)
    with open_lake(settings) as lake:
        found = line(lake, spring, later)
        scored = [bucket.first_date for bucket in found if bucket.score_pct is not None]
        assert (scored[0], scored[-1], len(scored)) == (date(2026, 3, 1), date(2026, 4, 4), 35)
        assert sum(bucket.scanned_days for bucket in found) == 1
        today = line(lake, spring, datetime(2026, 3, 10, tzinfo=UTC))
        assert max(b.first_date for b in today if b.score_pct is not None) == date(2026, 3, 10)
    with open_lake(Settings(home=settings.home, trend_carry_days=1)) as lake:
        assert [b.first_date for b in line(lake, spring, later) if b.score_pct is not None] == [date(2026, 3, 1)]


def test_a_scan_across_midnight_is_one_day(tmp_path: Path) -> None:
    """c1 before and c2 after midnight: the 2nd is still as the scan before, the 3rd has the whole new scan."""

    def part(day: date, check: str, status: str, hour: int, uid: str) -> Finding:
        made = finding(day, check, "r", status, hour=hour)
        return msgspec.structs.replace(made, scan_uid=uid)

    first, second, third = (date(2026, 3, n) for n in (1, 2, 3))
    before = [part(first, "c1", "FAIL", 6, "one"), part(first, "c2", "FAIL", 6, "one")]
    across = [part(second, "c1", "PASS", 23, "two"), part(third, "c2", "PASS", 0, "two")]
    settings = lake_of(tmp_path, [before, across])
    with open_lake(settings) as lake:
        found = line(lake, Period.of_days(first, third))
        assert [(b.score_pct, b.scanned_days) for b in found] == [(0, 1), (0, 0), (100, 1)]


def test_days_are_cut_in_the_zone_of_the_period(tmp_path: Path) -> None:
    """A scan at 02:00 UTC on 5 March is of the 4th in New York."""
    settings = lake_of(tmp_path, [scan(date(2026, 3, 5), "a", 1, 0, hour=2)])
    with open_lake(settings) as lake:
        for zone, day in ((UTC, 5), (NEW_YORK, 4)):
            found = line(lake, Period.of_days(date(2026, 3, 1), date(2026, 3, 31), zone))
            assert [b.first_date.day for b in found if b.scanned_days] == [day]
        local = lake.analytics.load_local_days(
            ORGANIZATION, Period.of_days(MARCH.first_date, MARCH.last_date, NEW_YORK)
        )
        assert local == {date(2026, 3, 5): date(2026, 3, 4)}


def test_one_day_alone_is_the_day_of_the_line(staggered: Lake) -> None:
    """The posture that causes are computed from is that of the line, day by day."""
    for day in (date(2026, 3, 1), date(2026, 3, 17), date(2026, 3, 31)):
        tallies = staggered.period_end.load_tallies(WHOLE, LastKnown(day=day, before=MARCH.end))
        assert (tallies["passed"].sum(), tallies["failed"].sum()) == (15, 5)


def test_a_late_file_changes_the_days_on_which_it_counts(tmp_path: Path) -> None:
    """Account b of 3 March counts until it is scanned again on the 9th: the 5th and 7th have it, the 9th does not."""
    files = [scan(date(2026, 3, n), "a", 1, 1) for n in (1, 5, 7, 9)]
    settings = lake_of(tmp_path, [*files, scan(date(2026, 3, 9), "b", 2, 0), scan(date(2026, 3, 3), "b", 0, 2)])
    with open_lake(settings) as lake:
        days = lake.analytics.load_days_carried_to(ORGANIZATION, [date(2026, 3, 3)])
    assert days == (date(2026, 3, 5), date(2026, 3, 7))
