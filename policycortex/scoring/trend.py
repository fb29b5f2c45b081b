"""Daily scores by day, week or month: gaps stay gaps; older scans, and buckets not to be compared, are marked.

A bucket has the score of its last scored day, and the lowest and highest score. It has no average of days, because no
report of any day shows that number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final, assert_never

import polars as pl

from policycortex.period import Period
from policycortex.scoring.rounding import percent_of, rounded_change

HISTORY_SCHEMA: Final = pl.Schema(
    {
        "series": pl.String,
        "date": pl.Date,
        "numerator": pl.Float64,
        "denominator": pl.Float64,
        "framework_version": pl.String,
        "newest_on": pl.Date,
        "oldest_on": pl.Date,
    }
)
"""Grain: one series (a framework, section, provider, environment or account) as last known on one day of a zone.

A denominator of 0 means scanned, but nothing assessed. ``framework_version`` is null without a framework.
``newest_on`` and ``oldest_on``: days of the newest and oldest scan that counts; before ``date`` where they are carried.
"""


class Granularity(StrEnum):
    """The length of a bucket. Weeks start on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendBucket:
    """One day, week or month of a series. Every bucket of the period is present, in order."""

    first_date: date
    last_date: date
    """Its last day within the period."""
    is_partial: bool
    """The period begins or ends within it: it cannot be compared with whole buckets."""
    score_pct: float | None
    """The score of its last scored day; None is a gap: no scan counts any more, or nothing assessed."""
    scored_on: date | None
    low_pct: float | None
    high_pct: float | None
    numerator: float
    denominator: float
    scanned_days: int
    """Days with a scan; on the others the newest earlier scans count."""
    oldest_scan_on: date | None
    """Day of the oldest scan that counts in its score."""
    change_points: float | None
    """Its score minus that of the latest earlier bucket with one, both as rounded to two digits; None for the first one
    and for gaps."""
    is_new_version: bool
    """The framework's version differs from that bucket's: findings are not the only cause of the change."""
    mark: str
    """The longest of ``year``, ``quarter``, ``month`` (for days and weeks) that begins in it; "" for none."""

    @property
    def carried_from(self) -> date | None:
        """Day of the oldest scan in its score, where that is before the bucket."""
        oldest = self.oldest_scan_on
        return oldest if oldest is not None and oldest < self.first_date else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendSeries:
    """One line of a chart."""

    name: str
    buckets: tuple[TrendBucket, ...]


def build_trend(history: pl.DataFrame, period: Period, granularity: Granularity) -> tuple[TrendSeries, ...]:
    """Return every series of ``history`` (HISTORY_SCHEMA) over all buckets of ``period``, sorted by name."""
    days = (period.first_date, period.last_date)
    inside = history.filter(pl.col("date").is_between(*days)).sort("series", "date")
    spans = tuple(split_period(period, granularity))
    parts = inside.partition_by("series", as_dict=True, maintain_order=True)
    return tuple(
        TrendSeries(name=str(name), buckets=tuple(_buckets(rows.rows(named=True), spans, granularity)))
        for (name,), rows in sorted(parts.items())
    )


def split_period(period: Period, granularity: Granularity) -> Iterator[tuple[date, date, bool]]:
    """Yield first day, last day and ``is_partial`` of every bucket; together they are the days of the period."""
    day = period.first_date
    while day <= period.last_date:
        first, last = _whole(day, granularity)
        end = min(last, period.last_date)
        yield day, end, day > first or end < last
        day = end + timedelta(days=1)


def _whole(day: date, granularity: Granularity) -> tuple[date, date]:
    match granularity:
        case Granularity.DAY:
            return day, day
        case Granularity.WEEK:
            monday = day - timedelta(days=day.weekday())
            return monday, monday + timedelta(days=6)
        case Granularity.MONTH:
            return day.replace(day=1), (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    assert_never(granularity)


def _buckets(
    rows: Sequence[dict[str, Any]], spans: Sequence[tuple[date, date, bool]], granularity: Granularity
) -> Iterator[TrendBucket]:
    before: tuple[float, str | None] | None = None
    for first, last, is_partial in spans:
        days = [row for row in rows if first <= row["date"] <= last]
        bucket = _bucket(days, before, first=first, last=last, is_partial=is_partial, granularity=granularity)
        if bucket.score_pct is not None:
            before = (bucket.score_pct, _scored(days)[-1]["framework_version"])
        yield bucket


def _bucket(
    days: Sequence[dict[str, Any]],
    before: tuple[float, str | None] | None,
    *,
    first: date,
    last: date,
    is_partial: bool,
    granularity: Granularity,
) -> TrendBucket:
    scored = _scored(days)
    scores = [pct for row in scored if (pct := percent_of(row["numerator"], row["denominator"])) is not None]
    last_scored = scored[-1] if scored else None
    return TrendBucket(
        first_date=first,
        last_date=last,
        is_partial=is_partial,
        score_pct=scores[-1] if scores else None,
        scored_on=last_scored["date"] if last_scored else None,
        low_pct=min(scores, default=None),
        high_pct=max(scores, default=None),
        numerator=last_scored["numerator"] if last_scored else 0.0,
        denominator=last_scored["denominator"] if last_scored else 0.0,
        scanned_days=sum(row["newest_on"] == row["date"] for row in days),
        oldest_scan_on=last_scored["oldest_on"] if last_scored else None,
        change_points=rounded_change(before[0], scores[-1], 2) if scores and before else None,
        is_new_version=bool(last_scored and before and last_scored["framework_version"] != before[1]),
        mark=_mark(first, last, granularity),
    )


def _scored(days: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in days if row["denominator"]]


def _mark(first: date, last: date, granularity: Granularity) -> str:
    """Return the mark of the month that begins within the bucket: year for January, quarter for every third month."""
    begins = first if first.day == 1 else last.replace(day=1)
    if begins < first:
        return ""
    if begins.month == 1:
        return "year"
    if begins.month % 3 == 1:
        return "quarter"
    return "" if granularity is Granularity.MONTH else "month"
