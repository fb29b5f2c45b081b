"""Half-open periods of UTC time, and their resolution from a request. The current time is an argument."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from policycortex.names import DateRangeType

_LAST_SECOND = time(23, 59, 59)

FIRST_DAY = date(2020, 1, 1)
"""The oldest day with daily results; older findings are stored and assessed when a report needs them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """``[start, end)`` in UTC; ``start < end`` always."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.end.utcoffset() is None:
            raise ValueError(f"a period needs times with a zone, got {self.start} and {self.end}")
        if self.start >= self.end:
            raise ValueError(f"a period must end after it starts, got {self.start} to {self.end}")

    @classmethod
    def of_days(cls, first: date, last: date) -> "Period":
        """Whole UTC days, ``last`` included."""
        return cls(start=_midnight(first), end=_midnight(last + timedelta(days=1)))

    @classmethod
    def of_month(cls, first: date) -> "Period":
        """The whole UTC month of ``first``."""
        start = first.replace(day=1)
        return cls(start=_midnight(start), end=_midnight(_months_before(start, -1)))

    @classmethod
    def as_given(cls, start: datetime, end: datetime) -> "Period":
        """From a request's bounds: an end at 23:59:59 (with any fraction) means the end of that day."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if end.time().replace(microsecond=0) == _LAST_SECOND:
            end = _midnight(end.date() + timedelta(days=1))
        return cls(start=start, end=end)

    @property
    def first_date(self) -> date:
        """UTC date of the first instant."""
        return self.start.astimezone(UTC).date()

    @property
    def last_date(self) -> date:
        """UTC date of the last instant in the period."""
        return (self.end.astimezone(UTC) - timedelta(microseconds=1)).date()

    @property
    def partition_key(self) -> str:
        """Dagster's dynamic partition key, ``2026-01-01..2026-03-31``; both days inclusive."""
        return f"{self.first_date.isoformat()}..{self.last_date.isoformat()}"

    def days(self) -> Iterator[date]:
        """Each UTC date touched, in order."""
        count = (self.last_date - self.first_date).days + 1
        return (self.first_date + timedelta(days=n) for n in range(count))

    def previous(self) -> "Period":
        """The period of the same length before this one; for whole months, the same number of months."""
        months = _whole_months(self)
        if months:
            return Period(start=_add_months(self.start, -months), end=self.start)
        return Period(start=self.start - (self.end - self.start), end=self.start)


def whole_months(first: date, last: date) -> tuple[date, ...]:
    """First days of the whole months within the days ``first`` to ``last``, both inclusive."""
    start = first if first.day == 1 else _months_before(first.replace(day=1), -1)
    months = []
    while (month := Period.of_month(start)).last_date <= last:
        months.append(start)
        start = month.end.date()
    return tuple(months)


def resolve_period(kind: DateRangeType, *, now: datetime, zone: ZoneInfo) -> Period:
    """The period that ``kind`` names at ``now``, with days that start at midnight in ``zone``.

    Periods "to date" end at the next midnight, so that they include today.
    """
    today = now.astimezone(zone).date()
    first, after = _local_bounds(kind, today)
    return Period(start=_local_midnight(first, zone), end=_local_midnight(after, zone))


def _local_bounds(kind: DateRangeType, today: date) -> tuple[date, date]:
    tomorrow, month = today + timedelta(days=1), today.replace(day=1)
    quarter = month.replace(month=(today.month - 1) // 3 * 3 + 1)
    monday = today - timedelta(days=today.weekday())
    match kind:
        case DateRangeType.YESTERDAY:
            return today - timedelta(days=1), today
        case DateRangeType.LAST_7_DAYS:
            return today - timedelta(days=7), today
        case DateRangeType.LAST_WEEK:
            return monday - timedelta(days=7), monday
        case DateRangeType.LAST_30_DAYS:
            return today - timedelta(days=30), today
        case DateRangeType.LAST_MONTH:
            return (month - timedelta(days=1)).replace(day=1), month
        case DateRangeType.LAST_QUARTER:
            return _months_before(quarter, 3), quarter
        case DateRangeType.LAST_YEAR:
            return date(today.year - 1, 1, 1), date(today.year, 1, 1)
        case DateRangeType.MONTH_TO_DATE:
            return month, tomorrow
        case DateRangeType.QUARTER_TO_DATE:
            return quarter, tomorrow
        case DateRangeType.YEAR_TO_DATE:
            return date(today.year, 1, 1), tomorrow
    assert_never(kind)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def _local_midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def _months_before(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 - months
    return day.replace(year=index // 12, month=index % 12 + 1)


def _whole_months(period: Period) -> int:
    start, end = period.start, period.end
    if (start.day, start.time()) != (1, time.min) or (end.day, end.time()) != (1, time.min):
        return 0
    return (end.year - start.year) * 12 + end.month - start.month


def _add_months(moment: datetime, months: int) -> datetime:
    return datetime.combine(_months_before(moment.date(), -months), moment.timetz())
