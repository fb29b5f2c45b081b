"""The trend of a report and its score are of the same scan targets: the last day of the line equals the headline."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportDocument
from policycortex.findings.model import Finding
from policycortex.names import ReportFormat, ReportType
from policycortex.period import Period
from policycortex.rendering.artifacts import render_artifact
from policycortex.reports.sections.forecast import FORECAST
from policycortex.reports.sections.methodology import COVERAGE, EARLIER
from policycortex.reports.sections.trend import CAUSES, SPAN
from policycortex.requests.model import ReportRequest
from policycortex.scope import Scope
from policycortex.scoring.risk_model import RiskWeights
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.workflow.assessed_period import judge_days, judge_period, read_days
from policycortex.workflow.reports import compose_from_lake
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

WEEK = Period.of_days(date(2026, 6, 15), date(2026, 6, 21))
WHOLE = Scope(organization=ORGANIZATION)
LATER = datetime(2026, 9, 1, tzinfo=UTC)


def scan(day: date, account: str, passed: int, failed: int, check: str = "c1") -> list[Finding]:
    """One scan of an account: so many resources pass and fail."""
    statuses = ["PASS"] * passed + ["FAIL"] * failed
    found = [finding(day, check, f"{account}-{n}", status, account=account) for n, status in enumerate(statuses)]
    return [msgspec.structs.replace(each, scan_uid=f"{account}-{day}") for each in found]


def lake_of(folder: Path, *files: Iterable[Finding]) -> Settings:
    """A home with these scans in one file, its days built."""
    settings = Settings(home=folder / "home")
    with open_lake(settings) as lake:
        import_findings(lake, [each for found in files for each in found])
        days = {each.observed_at.date() for found in files for each in found}
        lake.state.rebuild_state(days)
    return settings


def report_of(
    lake: Lake, folder: Path, period: Period, type_: ReportType = ReportType.TREND, now: datetime = LATER
) -> ReportDocument:
    """The report of all findings over ``period``."""
    request = ReportRequest(
        name="Trend",
        type=type_,
        framework=None,
        description="",
        scope=WHOLE,
        period=period,
        scope_as_given={},
        formats=(ReportFormat.HTML,),
    )
    return compose_from_lake(
        lake,
        request,
        None,
        waivers=(),
        report_id="rpt_1",
        folder=folder,
        now=now,
        weights=RiskWeights(),
        locale=open_locale("en"),
    )


def scores(document: ReportDocument) -> Mapping[date, float | None]:
    """The line."""
    return {point.date: point.compliance_score for point in document.trend}


def test_an_account_last_scanned_before_the_period_is_in_neither(tmp_path: Path) -> None:
    """Account a (6 of 10) is scanned daily, b (9 of 10) a week before: score and each day 60, not 75 on the line.

    Scan coverage, the JSON key and the trend of the page name b, and nothing of it counts.
    """
    daily = [scan(date(2026, 6, day), "a", 6, 4) for day in range(10, 22)]
    settings = lake_of(tmp_path, *daily, scan(date(2026, 6, 8), "b", 9, 1))
    with open_lake(settings) as lake:
        document = report_of(lake, tmp_path, WEEK)
    assert document.summary.compliance_score == 60
    assert scores(document) == dict.fromkeys(WEEK.days(), 60.0)
    assert [(row.account_id, row.last_scan_at.date()) for row in EARLIER.of(document)] == [("b", date(2026, 6, 8))]
    assert [row.account_id for row in COVERAGE.of(document)] == ["a"]
    page = render_artifact(document, ReportFormat.HTML, tmp_path).path.read_text()
    assert "One scan target was last scanned before the period. It counts neither here nor in the score." in page
    assert "Last scanned before the period" in page


def test_an_account_scanned_again_in_the_period_counts_on_its_first_days(tmp_path: Path) -> None:
    """Account b, scanned on 8 and on 19 June, is in every day of the week: 15 of 20, and none is named as earlier."""
    daily = [scan(date(2026, 6, day), "a", 6, 4) for day in range(10, 22)]
    settings = lake_of(tmp_path, *daily, *(scan(date(2026, 6, day), "b", 9, 1) for day in (8, 19)))
    with open_lake(settings) as lake:
        document = report_of(lake, tmp_path, WEEK)
    assert document.summary.compliance_score == 75
    assert scores(document) == dict.fromkeys(WEEK.days(), 75.0)
    assert EARLIER.of(document) == ()


def test_a_check_that_a_newer_scanner_no_longer_has_is_in_neither(tmp_path: Path) -> None:
    """Check c2 was looked at on 14 June only: the line of the week after it has c1 alone, as the score."""
    before = [*scan(date(2026, 6, 14), "a", 6, 4), *scan(date(2026, 6, 14), "a", 0, 10, "c2")]
    settings = lake_of(tmp_path, before, scan(date(2026, 6, 18), "a", 6, 4))
    with open_lake(settings) as lake:
        document = report_of(lake, tmp_path, WEEK)
    assert document.summary.compliance_score == 60
    assert scores(document) == dict.fromkeys(WEEK.days(), 60.0)


def test_causes_over_the_line_are_of_the_same_targets(tmp_path: Path) -> None:
    """Nothing scanned in the week before: causes from the first to the last day, without account b of May.

    On 15 June account a counts as on 1 June, 6 of 10; on the 21st as on the 20th, 8 of 10.
    """
    early = [scan(date(2026, 6, 1), "a", 6, 4), scan(date(2026, 5, 28), "b", 0, 10)]
    settings = lake_of(tmp_path, *early, scan(date(2026, 6, 20), "a", 8, 2))
    with open_lake(settings) as lake:
        document = report_of(lake, tmp_path, WEEK)
    line = scores(document)
    assert (line[WEEK.first_date], line[WEEK.last_date], document.summary.compliance_score) == (60, 80, 80)
    span = SPAN.of(document)
    assert span is not None
    assert (span.first, span.last) == (WEEK.first_date, WEEK.last_date)
    assert [(row.findings, row.points) for row in CAUSES.of(document)] == [(2, 20.0)]


def test_a_forecast_of_a_report_begins_at_its_score(tmp_path: Path) -> None:
    """Account b left a week before: the last value that the forecast continues is the report's 60, not 75."""
    daily = [scan(date(2026, 6, 21) - timedelta(days=2 * n), "a", 6, 4) for n in range(15)]
    settings = lake_of(tmp_path, *daily, *(scan(date(2026, 6, day), "b", 9, 1) for day in (3, 9)))
    with open_lake(settings) as lake:
        document = report_of(lake, tmp_path, WEEK)
    assert document.summary.compliance_score == 60
    found = FORECAST.of(document)
    assert found is not None
    assert found.points[0].compliance_score == 60


def test_the_last_day_equals_the_score_in_periods_of_up_to_35_days(tmp_path: Path) -> None:
    """Accounts scanned every 5, 6, 15 and 40 days, each with its own share: the last point is always the headline."""
    last = date(2026, 6, 21)
    files = [
        scan(last - timedelta(days=n), account, passed, 10 - passed)
        for account, passed, every, since in (("a", 6, 5, 0), ("b", 9, 6, 3), ("c", 2, 15, 8), ("d", 5, 40, 36))
        for n in range(since, 50, every)
    ]
    settings = lake_of(tmp_path, *files)
    with open_lake(settings) as lake:
        for days in (1, 7, 31, 35):
            period = Period.of_days(last - timedelta(days=days - 1), last)
            posture = judge_period(lake, None, WHOLE, period, waivers=(), now=LATER).posture
            readings = read_days(lake, WHOLE, period, waivers=(), now=LATER, since=period.first_date)
            assert judge_days(readings, None)[last].score.value_pct == posture.score.value_pct


def test_a_long_period_says_that_an_old_scan_counts_in_its_score_alone(tmp_path: Path) -> None:
    """A quarter: b was scanned on 2 April only. It counts in the score, 75, and no longer on the last day, 60.

    The report says that they differ, and why: the known limit of periods longer than the days that a scan counts.
    """
    quarter = Period.of_days(date(2026, 4, 1), date(2026, 6, 30))
    weekly = [scan(quarter.first_date + timedelta(days=7 * n), "a", 6, 4) for n in range(13)]
    settings = lake_of(tmp_path, *weekly, scan(date(2026, 4, 2), "b", 9, 1))
    with open_lake(settings) as lake:
        document = report_of(lake, tmp_path, quarter)
    assert (document.summary.compliance_score, document.trend[-1].compliance_score) == (75, 60)
    page = render_artifact(document, ReportFormat.HTML, tmp_path).path.read_text()
    assert "The last day has 60.0%, the report 75.0%" in page
