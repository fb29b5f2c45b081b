"""Trends, risk and forecasts over a real lake: what the API answers, built as the product builds it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.changes_model import Cause
from policycortex.scoring.forecasting.model import Forecast, TooLittleHistory
from policycortex.scoring.likely import NoLikelyFailures
from policycortex.scoring.risk_model import RiskWeights
from policycortex.scoring.trend import Granularity
from policycortex.scoring.waivers import Waiver, WaiverScope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.workflow.analytics import load_forecast, load_risk, load_trends
from policycortex.workflow.analytics_days import rebuild_analytics
from policycortex.workflow.analytics_query import AnalyticsQuery
from policycortex.workflow.posture import rebuild_days
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

FIRST = date(2026, 1, 1)
DAYS = 20
NOW = datetime(2026, 1, 21, tzinfo=UTC)
PERIOD = Period.of_days(FIRST, FIRST + timedelta(days=DAYS - 1))
TINY = Framework(
    id="tiny",
    name="Tiny",
    version="1",
    requirements=(
        Requirement(id="R1", title="One", section="North"),
        Requirement(id="R2", title="Two", section="South"),
    ),
    crosswalk=Crosswalk(version="1", relations={("aws", "c1"): ("R1",), ("aws", "c2"): ("R2",)}),
)


def waiver(*, until: datetime, resource: str = "c1-19", framework: str | None = None) -> Waiver:
    """Approved before all else."""
    early = datetime(2025, 12, 1, tzinfo=UTC)
    return Waiver(
        id="w1",
        organization=ORGANIZATION,
        scope=WaiverScope(framework=framework, resource=resource),
        reason="planned",
        valid_from=early,
        valid_until=until,
        requested_by="a",
        requested_at=early,
        approved_by="b",
        approved_at=early,
    )


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """20 days: of c1's 20 resources one more passes each day; c2 has one passing in staging; c3 belongs to nothing."""
    settings = Settings(home=tmp_path_factory.mktemp("history") / "home")
    days = [FIRST + timedelta(days=n) for n in range(DAYS)]
    found = []
    for number, day in enumerate(days):
        found += [finding(day, "c1", f"c1-{r:02}", "PASS" if r < number else "FAIL") for r in range(20)]
        found += [
            finding(day, "c2", "c2-0", "PASS", environment="staging", account="other"),
            finding(day, "c3", "x"),
        ]
    with open_lake(settings) as lake:
        import_findings(lake, found)
    rebuild_days(settings, days)
    rebuild_analytics(settings, days, now=NOW)
    with open_lake(settings) as lake:
        yield lake


def question(
    *waivers: Waiver, framework: Framework | None = TINY, environments: tuple[str, ...] = ()
) -> AnalyticsQuery:
    """Of the whole organisation unless environments are named."""
    query = Scope(organization=ORGANIZATION, environments=environments)
    return AnalyticsQuery(scope=query, period=PERIOD, framework=framework, waivers=waivers, now=NOW)


def test_a_line_of_scores_with_causes_that_add_up(history: Lake) -> None:
    """1 of 21 passes on the first day, 20 of 21 on the last: 19 are fixed, day by day and in all."""
    trends = load_trends(history, question(), granularity=Granularity.DAY, by=None, frameworks={})
    (line,) = trends.series
    assert [round(b.score_pct or 0, 6) for b in line.buckets] == [round(100 * (n + 1) / 21, 6) for n in range(DAYS)]
    assert trends.change is not None
    shares = {share.cause: share for share in trends.change.change.shares}
    assert shares[Cause.FIXED].findings == 19
    assert shares[Cause.FIXED].points == trends.change.change.points == Fraction(1900, 21)


def test_remediation_times_of_a_framework_count_its_findings_alone(history: Lake) -> None:
    """19 findings of c1 were remediated, one a day, and one is open; c3, which belongs to nothing, is open in all."""
    own, every = (
        load_risk(history, question(framework=one), weights=RiskWeights(), frameworks={}, top=1).remediation[0]
        for one in (TINY, None)
    )
    assert (own.findings, own.remediated) == (20, 19)
    assert (every.findings, every.remediated) == (21, 19)
    other = replace(TINY, crosswalk=Crosswalk(version="1", relations={("aws", "c2"): ("R2",)}))
    none = load_risk(history, question(framework=other), weights=RiskWeights(), frameworks={}, top=1).remediation[0]
    assert (none.findings, none.remediated, none.mean_days) == (0, 0, None)


def test_lines_by_place_and_part_are_the_same_findings(history: Lake) -> None:
    """Section, environment, account, provider, framework: each line with its own numerator and denominator."""

    def last(by: str) -> dict[str, tuple[float, float]]:
        trends = load_trends(history, question(), granularity=Granularity.MONTH, by=by, frameworks={"tiny": TINY})
        return {line.name: (line.buckets[-1].numerator, line.buckets[-1].denominator) for line in trends.series}

    assert last("section") == {"North": (19, 20), "South": (1, 1)}
    assert last("environment") == {"production": (19, 20), "staging": (1, 1)}
    assert last("account") == {"acc": (19, 20), "other": (1, 1)}
    assert last("provider") == {"aws": (20, 21)}
    assert last("framework") == {"tiny": (20, 21)}


def test_daily_causes_of_all_findings_add_up_to_the_whole_change(history: Lake) -> None:
    """Kept per day as exact fractions; their sum over the days is the change from the first to the last."""
    trends = load_trends(history, question(framework=None), granularity=Granularity.WEEK, by=None, frameworks={})
    assert trends.change is not None
    assert sum((cause.points or Fraction() for cause in trends.causes), Fraction()) == trends.change.change.points
    assert {cause.cause for cause in trends.causes if cause.findings} == {Cause.FIXED}


def test_a_waiver_moves_the_line_only_while_it_held(history: Lake) -> None:
    """c1-19 is accepted until the 11th: 1 of 20 on the first day, 20 of 21 on the last, and by environment alike."""
    query = question(waiver(until=datetime(2026, 1, 11, tzinfo=UTC)))
    (line,) = load_trends(history, query, granularity=Granularity.DAY, by=None, frameworks={}).series
    assert [b.denominator for b in line.buckets] == [20] * 10 + [21] * 10
    by_place = load_trends(history, query, granularity=Granularity.DAY, by="environment", frameworks={}).series
    assert {one.name: [b.denominator for b in one.buckets][::19] for one in by_place} == {
        "production": [19, 20],
        "staging": [1, 1],
    }


def test_a_change_over_a_waivers_end_names_the_waiver(history: Lake) -> None:
    """In the framework it is given for, too: fixed, and one finding back by its end."""
    for framework in (None, "tiny"):
        query = question(waiver(until=datetime(2026, 1, 11, tzinfo=UTC), framework=framework))
        change = load_trends(history, query, granularity=Granularity.DAY, by=None, frameworks={}).change
        assert change is not None
        counts = {share.cause: share.findings for share in change.change.shares if share.findings}
        assert counts == {Cause.FIXED: 19, Cause.WAIVERS: 1}
        assert sum((share.points or Fraction() for share in change.change.shares), Fraction()) == change.change.points


def test_a_filtered_scope_has_its_own_change(history: Lake) -> None:
    """Staging never changed; its lines and causes cover staging alone."""
    query = question(environments=("staging",))
    trends = load_trends(history, query, granularity=Granularity.DAY, by=None, frameworks={})
    assert {b.score_pct for b in trends.series[0].buckets} == {100}
    assert trends.change is not None
    assert trends.change.change.points == 0
    assert trends.causes == ()


def test_risk_of_the_last_day_with_ages_and_mending(history: Lake) -> None:
    """c1-19 and c3's x fail since the first day; 19 were mended, one a day."""
    answer = load_risk(history, question(framework=None), weights=RiskWeights(), frameworks={"tiny": TINY}, top=1)
    assert (answer.risk.total.failed, answer.risk.total.assessed) == (2, 22)
    assert answer.risk.top_of == 2
    high = next(age for age in answer.ages if age.severity == "high")
    assert (high.failing, high.oldest_days, high.overdue) == (2, 19, 0)
    whole = answer.remediation[0]
    assert (whole.findings, whole.remediated, whole.is_restricted) == (21, 19, True)
    assert [each.day for each in answer.history] == list(PERIOD.days())
    assert (answer.history[-1].value, answer.history[-1].version) == (answer.risk.total.value, "3")
    assert answer.history[-1].band == answer.risk.total.band
    places = {(g.dimension, g.label): g.score.failed for g in answer.risk.groups}
    assert places["framework", "tiny"] == 1
    assert places["environment", "staging"] == 0


def test_a_waived_finding_is_no_risk(history: Lake) -> None:
    """As long as the waiver holds."""
    query = question(waiver(until=datetime(2026, 3, 1, tzinfo=UTC)), framework=None)
    assert load_risk(history, query, weights=RiskWeights(), frameworks={}, top=5).risk.total.failed == 1


def test_a_forecast_knows_the_end_of_a_waiver(history: Lake) -> None:
    """Rising by a finding a day to 20 of 20; on the 30th the accepted one counts again: 20 of 21."""
    query = question(waiver(until=datetime(2026, 1, 30, tzinfo=UTC)))
    answer = load_forecast(history, query, horizon_days=14, target_pct=None)
    assert isinstance(answer.forecast, Forecast)
    (step,) = answer.forecast.known_steps
    assert step.day == date(2026, 1, 30)
    assert step.points == pytest.approx(100 * 20 / 21 - 100)
    assert isinstance(answer.likely, NoLikelyFailures)


def test_too_little_history_is_reported(history: Lake) -> None:
    """A week is no history."""
    query = replace(question(), period=Period.of_days(FIRST - timedelta(days=90), FIRST + timedelta(days=6)))
    answer = load_forecast(history, query, horizon_days=14, target_pct=90)
    assert isinstance(answer.forecast, TooLittleHistory)
    nobody = replace(query, scope=Scope(organization="nobody"))
    empty = load_trends(history, nobody, granularity=Granularity.DAY, by=None, frameworks={})
    assert (empty.series, empty.change, empty.causes) == ((), None, ())
    assert load_risk(history, nobody, weights=RiskWeights(), frameworks={}, top=5).risk.total.value is None
    assert load_forecast(history, nobody, horizon_days=7, target_pct=None).forecast == TooLittleHistory(
        days=0, points=0
    )


def test_a_day_that_is_built_again_is_the_same(history: Lake, tmp_path: Path) -> None:
    """Risk and causes of a day are replaced, not added to."""
    assert tmp_path.exists()
    before = history.analytics.load_changes(ORGANIZATION, "soc2", PERIOD)
    rebuild_analytics(history.session.settings, [FIRST + timedelta(days=4)], now=NOW)
    with open_lake(history.session.settings) as lake:
        after = lake.analytics.load_changes(ORGANIZATION, "soc2", PERIOD)
        assert after.equals(before)
        assert after["observed_date"].n_unique() == DAYS - 1
        history_rows = lake.analytics.load_risk_history(ORGANIZATION, PERIOD, dimension="total", label="")
        assert history_rows.select(pl.len()).item() == DAYS
