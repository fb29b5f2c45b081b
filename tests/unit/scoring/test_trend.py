"""Buckets of a trend, by hand."""

from datetime import date

import polars as pl
import pytest

from policycortex.period import Period
from policycortex.scoring.trend import HISTORY_SCHEMA, Granularity, TrendBucket, build_trend, split_period


def history(*rows: tuple[date, float, float], version: str = "1") -> pl.DataFrame:
    """One series ``all``."""
    found = [("all", *row, version, row[0], row[0]) for row in rows]
    return pl.DataFrame(found, schema=HISTORY_SCHEMA, orient="row")


def buckets(frame: pl.DataFrame, first: date, last: date, granularity: Granularity) -> tuple[TrendBucket, ...]:
    """Of the only series."""
    (series,) = build_trend(frame, Period.of_days(first, last), granularity)
    return series.buckets


def test_a_day_without_a_scan_is_a_gap_and_change_spans_it() -> None:
    """50, nothing, nothing assessed, 75: the change is 25, compared with the last score."""
    frame = history((date(2026, 3, 30), 1, 2), (date(2026, 4, 1), 0, 0), (date(2026, 4, 2), 3, 4))
    found = buckets(frame, date(2026, 3, 30), date(2026, 4, 2), Granularity.DAY)
    assert [b.score_pct for b in found] == [50, None, None, 75]
    assert [b.change_points for b in found] == [None, None, None, 25]
    assert [b.scanned_days for b in found] == [1, 0, 1, 1]
    assert [b.mark for b in found] == ["", "", "quarter", ""]


def test_carried_scans_are_marked_and_counted_apart() -> None:
    """One scan on the 2nd, carried to the 3rd; on the 4th another, beside a scan of the 2nd."""
    days = [date(2026, 11, n) for n in (2, 3, 4)]
    rows = [
        ("all", days[0], 1.0, 2.0, "1", days[0], days[0]),
        ("all", days[1], 1.0, 2.0, "1", days[0], days[0]),
        ("all", days[2], 2.0, 4.0, "1", days[2], days[0]),
    ]
    frame = pl.DataFrame(rows, schema=HISTORY_SCHEMA, orient="row")
    found = buckets(frame, days[0], days[2], Granularity.DAY)
    assert [(b.scanned_days, b.carried_from) for b in found] == [(1, None), (0, days[0]), (1, days[0])]
    (week,) = buckets(frame, days[0], days[2], Granularity.WEEK)
    assert (week.scanned_days, week.carried_from) == (2, None)


def test_a_week_has_the_score_of_its_last_scored_day() -> None:
    """Monday to Sunday; the last score, the lowest and the highest."""
    frame = history((date(2026, 11, 2), 1, 4), (date(2026, 11, 4), 4, 4), (date(2026, 11, 7), 1, 2))
    (whole, cut) = buckets(frame, date(2026, 11, 2), date(2026, 11, 10), Granularity.WEEK)
    assert (whole.first_date, whole.last_date, whole.is_partial) == (date(2026, 11, 2), date(2026, 11, 8), False)
    assert (whole.low_pct, whole.score_pct, whole.high_pct, whole.scored_on) == (25, 50, 100, date(2026, 11, 7))
    assert (cut.is_partial, cut.score_pct) == (True, None)


def test_a_new_framework_version_is_marked_in_its_first_bucket() -> None:
    """Not on the first bucket, not on the one after."""
    frame = pl.concat(
        [history((date(2026, 1, 5), 1, 2)), history((date(2026, 2, 5), 1, 2), (date(2026, 3, 5), 1, 2), version="2")]
    )
    found = buckets(frame, date(2026, 1, 1), date(2026, 3, 31), Granularity.MONTH)
    assert [b.is_new_version for b in found] == [False, True, False]
    assert [b.mark for b in found] == ["year", "", ""]


@pytest.mark.parametrize("granularity", Granularity)
def test_buckets_tile_the_period(granularity: Granularity) -> None:
    """Every day is in exactly one bucket; only the first and last are partial."""
    period = Period.of_days(date(2027, 12, 15), date(2028, 3, 14))
    spans = list(split_period(period, granularity))
    assert [n for first, last, _ in spans for n in range(first.toordinal(), last.toordinal() + 1)] == [
        day.toordinal() for day in period.days()
    ]
    assert not any(is_partial for _, _, is_partial in spans[1:-1])


def test_series_are_separate_and_days_outside_do_not_count() -> None:
    """Two accounts, one scanned before the period only."""
    rows = [
        ("b", date(2026, 1, 2), 1.0, 1.0, None, date(2026, 1, 2), date(2026, 1, 2)),
        ("a", date(2026, 1, 2), 0.0, 1.0, None, date(2026, 1, 2), date(2026, 1, 2)),
        ("c", date(2025, 1, 2), 1.0, 1.0, None, date(2025, 1, 2), date(2025, 1, 2)),
    ]
    frame = pl.DataFrame(rows, schema=HISTORY_SCHEMA, orient="row")
    found = build_trend(frame, Period.of_days(date(2026, 1, 1), date(2026, 1, 2)), Granularity.DAY)
    assert [(s.name, [b.score_pct for b in s.buckets]) for s in found] == [("a", [None, 0]), ("b", [None, 100])]
