"""Ages compared with the SLA, and Kaplan-Meier compared with manual and simulated results."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.stats import CensoredData, ecdf

from policycortex.scoring.ages import (
    EPISODE_SCHEMA,
    RemediationTime,
    estimate_remediation,
    oldest_failing,
    open_episodes,
    summarize_ages,
)

START = date(2026, 1, 1)


def episodes(*rows: tuple[int, bool, int], severity: str = "high") -> pl.DataFrame:
    """Durations in days, whether remediated, how many findings."""
    dated = [(severity, START, START + timedelta(days=days), done, count) for days, done, count in rows]
    return pl.DataFrame(dated, schema=EPISODE_SCHEMA, orient="row")


def whole(frame: pl.DataFrame) -> RemediationTime:
    """All severities together."""
    return estimate_remediation(frame)[0]


def test_ages_count_findings_and_the_sla() -> None:
    """Three high findings of 10 days and one of 40: one is past 30 days; the median is 10, the oldest 40."""
    today = START + timedelta(days=40)
    rows = [("high", START + timedelta(days=30), 3), ("high", START, 1), ("low", None, 2), ("medium", START, 0)]
    items = pl.DataFrame(
        rows, schema={"severity": pl.String, "failing_since": pl.Date, "failed": pl.Int64}, orient="row"
    )
    by_severity = {summary.severity: summary for summary in summarize_ages(items, as_of=today)}
    assert list(by_severity) == ["critical", "high", "medium", "low", "informational"]
    high = by_severity["high"]
    assert (high.failing, high.overdue, high.median_days, high.p90_days, high.oldest_days) == (4, 1, 10, 40, 40)
    assert (by_severity["low"].failing, by_severity["low"].oldest_days) == (2, 0)
    assert (by_severity["medium"].failing, by_severity["medium"].median_days) == (0, None)


def test_the_oldest_of_each_severity_and_ages_that_are_minimums() -> None:
    """Two high findings share the first day; the one without an age is none of them."""
    rows = [
        ("high", START, "a", "c1", 1),
        ("high", START, "b", "c1", 2),
        ("high", START + timedelta(days=1), "a", "c2", 1),
        ("low", None, "a", "c3", 1),
        ("medium", START, "a", "c4", 0),
    ]
    names = ["severity", "failing_since", "account_id", "check_id", "failed"]
    items = pl.DataFrame(rows, schema=names, orient="row")
    assert sorted(oldest_failing(items).rows()) == [("high", START, "a", "c1"), ("high", START, "b", "c1")]
    found = summarize_ages(items, as_of=START + timedelta(days=2), minimums={"high"})
    assert [summary.severity for summary in found if summary.is_minimum] == ["high"]


def test_the_time_to_remediate_by_hand() -> None:
    """Remediated after 2, 4 and 10 days, one still open after 6.

    Open share: 3/4 from day 2, 1/2 from day 4, and 1/2 * (1 - 1/1) = 0 from day 10. The area under it is
    2 * 1 + 2 * 3/4 + 6 * 1/2 = 6.5; leaving the open one out would say 5.33, counting it as done 5.5.
    """
    found = whole(episodes((2, True, 1), (4, True, 1), (6, False, 1), (10, True, 1)))
    assert (found.findings, found.remediated, found.median_days) == (4, 3, 4)
    assert found.mean_days == pytest.approx(6.5)
    assert not found.is_restricted


def test_nothing_remediated_has_no_median_and_a_restricted_mean() -> None:
    """Two findings are open for 8 days: no more is known."""
    found = whole(episodes((8, False, 2)))
    assert (found.median_days, found.mean_days, found.horizon_days, found.is_restricted) == (None, 8, 8, True)


def test_no_episodes_are_no_numbers() -> None:
    """Not 0 days."""
    assert estimate_remediation(EPISODE_SCHEMA.to_frame()) == (whole(EPISODE_SCHEMA.to_frame()),)
    assert whole(EPISODE_SCHEMA.to_frame()).mean_days is None


def test_the_share_within_the_sla_needs_observation_for_that_long() -> None:
    """High has 30 days: one of two done by day 30; observed for only 20 days, the share is unknown."""
    long = estimate_remediation(episodes((30, True, 1), (40, False, 1)))[1]
    assert (long.severity, long.within_sla_share) == ("high", 0.5)
    short = estimate_remediation(episodes((10, True, 1), (20, False, 1)))[1]
    assert short.within_sla_share is None


def test_the_estimate_is_that_of_scipy() -> None:
    """Random durations, half of them censored: the same median, and the same share within the SLA."""
    random = np.random.default_rng(4)
    lasted, done = random.integers(0, 60, 300), random.random(300) < 0.5
    survival = ecdf(CensoredData.right_censored(lasted.astype(float), ~done)).sf
    found = estimate_remediation(episodes(*zip(lasted.tolist(), done.tolist(), [1] * 300, strict=True)))[1]
    assert found.within_sla_share == pytest.approx(1 - float(survival.evaluate(np.array([30.0]))[0]))
    assert found.median_days == survival.quantiles[np.nonzero(survival.probabilities <= 0.5)[0][0]]


def test_a_period_observes_older_findings_only_from_their_age_on() -> None:
    """Exponential with mean 20 days, begun over 200 days, observed in the last 40: the estimate finds the median.

    Counting the older ones from their first day would hide those that ended before the period, and say too much.
    """
    random = np.random.default_rng(8)
    opened, lasted = random.integers(0, 200, 6000), np.ceil(random.exponential(20, 6000)).astype(int)
    ended, watched = np.minimum(opened + lasted, 200), START + timedelta(days=160)
    rows = [
        ("high", START + timedelta(days=int(o)), START + timedelta(days=int(e)), bool(o + n <= 200), 1)
        for o, n, e in zip(opened, lasted, ended, strict=True)
        if e >= 160
    ]
    frame = pl.DataFrame(rows, schema=EPISODE_SCHEMA, orient="row")
    assert estimate_remediation(frame, watched_from=watched)[0].median_days == pytest.approx(20 * np.log(2), abs=1.5)
    assert (whole(frame).median_days or 0) > 20


def test_censoring_is_no_bias() -> None:
    """Exponential with mean 20 days, a third censored at random: the estimate finds the median of 13.9 days."""
    random = np.random.default_rng(11)
    true, watched = random.exponential(20, 4000), random.uniform(5, 80, 4000)
    rows = [(int(np.ceil(min(t, w))), bool(t <= w), 1) for t, w in zip(true, watched, strict=True)]
    found = whole(episodes(*rows))
    assert found.remediated < 3600
    assert found.median_days == pytest.approx(20 * np.log(2), abs=1.5)
    naive_mean = np.mean([days for days, done, _ in rows if done])
    assert naive_mean < 17
    assert found.mean_days == pytest.approx(20, abs=2)


def test_what_still_fails_is_censored_when_last_seen() -> None:
    """With the first day of failure; today without a last scan, never after today; passing groups are excluded."""
    today, seen = START + timedelta(days=4), START + timedelta(days=2)
    rows = [
        ("high", START, seen, 3),
        ("low", None, None, 2),
        ("medium", START, today + timedelta(days=9), 1),
        ("low", START, seen, 0),
    ]
    schema = {"severity": pl.String, "failing_since": pl.Date, "last_seen_on": pl.Date, "failed": pl.Int64}
    items = pl.DataFrame(rows, schema=schema, orient="row")
    assert open_episodes(items, as_of=today).rows() == [
        ("high", START, seen, False, 3),
        ("low", today, today, False, 2),
        ("medium", START, today, False, 1),
    ]
