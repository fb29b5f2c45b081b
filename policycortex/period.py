"""Half-open periods of time, each in one time zone, and their resolution from a request.

This is the only module with calendar arithmetic. The current time is an argument.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import assert_never
from zoneinfo import ZoneInfo

from policycortex.names import DateRangeType

_LAST_SECOND = time(23, 59, 59)

FIRST_DAY = date(2020, 1, 1)
"""The oldest day with daily results; older findings are stored and assessed when a report needs them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """``[start, end)``; ``start < end`` always. The bounds are instants in UTC, the days are those of ``zone``."""

    start: datetime
    end: datetime
    zone: tzinfo = UTC
    """The zone in which days and months are cut and printed: an IANA zone, or a fixed offset."""

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.end.utcoffset() is None:
            raise ValueError(f"a period needs times with a zone, got {self.start} and {self.end}")
        if self.start >= self.end:
            raise ValueError(f"a period must end after it starts, got {self.start} to {self.end}")
        if zone_name(self.zone) == "UTC":
            object.__setattr__(self, "zone", UTC)  # one object for UTC, so that equal periods compare equal

    @classmethod
    def of_days(cls, first: date, last: date, zone: tzinfo = UTC) -> "Period":
        """Whole days of ``zone``, ``last`` included."""
        return cls(start=_midnight(first, zone), end=_midnight(last + timedelta(days=1), zone), zone=zone)

    @classmethod
    def of_month(cls, first: date, zone: tzinfo = UTC) -> "Period":
        """The whole month of ``first`` in ``zone``."""
        start = first.replace(day=1)
        return cls(start=_midnight(start, zone), end=_midnight(_months_before(start, -1), zone), zone=zone)

    @classmethod
    def as_given(cls, start: datetime, end: datetime, zone: tzinfo | None = None) -> "Period":
        """From a request's bounds: an end at 23:59:59 (with any fraction) means the end of that day.

        Without ``zone``, both bounds' common offset is the zone, else UTC.
        """
        zone = zone or _common_offset(start, end)
        if end.time().replace(microsecond=0) == _LAST_SECOND:
            end = end.replace(microsecond=0) + timedelta(seconds=1)
        return cls(start=start.astimezone(UTC), end=end.astimezone(UTC), zone=zone)

    @property
    def first_date(self) -> date:
        """Date of the first instant in the period's zone."""
        return self.start.astimezone(self.zone).date()

    @property
    def last_date(self) -> date:
        """Date of the last instant in the period's zone."""
        return (self.end - timedelta(microseconds=1)).astimezone(self.zone).date()

    @property
    def first_utc_date(self) -> date:
        """UTC date of the first instant. The lake keeps its daily partitions by UTC dates."""
        return self.start.astimezone(UTC).date()

    @property
    def last_utc_date(self) -> date:
        """UTC date of the last instant."""
        return (self.end.astimezone(UTC) - timedelta(microseconds=1)).date()

    @property
    def timezone(self) -> str:
        """The zone's name, as ``zone_name`` writes it."""
        return zone_name(self.zone)

    @property
    def is_whole_days(self) -> bool:
        """Whether the period starts and ends at the start of a day in its zone."""
        days = ((bound.astimezone(self.zone).date(), bound) for bound in (self.start, self.end))
        return all(_midnight(day, self.zone) == bound for day, bound in days)

    @property
    def partition_key(self) -> str:
        """Dagster's dynamic partition key, ``2026-01-01..2026-03-31``: days of the zone, both inclusive."""
        return f"{self.first_date.isoformat()}..{self.last_date.isoformat()}"

    def days(self) -> Iterator[date]:
        """Each date of the zone that the period touches, in order."""
        count = (self.last_date - self.first_date).days + 1
        return (self.first_date + timedelta(days=n) for n in range(count))

    def until(self, now: datetime) -> "Period | None":
        """The part of it up to the end of the zone's day of ``now``; None where it starts later."""
        end = _midnight(now.astimezone(self.zone).date() + timedelta(days=1), self.zone)
        if end <= self.start:
            return None
        return Period(start=self.start, end=min(self.end, end), zone=self.zone)

    def with_months_before(self, months: int) -> "Period":
        """Whole days: so many months up to the last day of this period, the last day included."""
        after = self.last_date + timedelta(days=1)
        month = _months_before(after.replace(day=1), months)
        first = month.replace(day=min(after.day, monthrange(month.year, month.month)[1]))
        return Period.of_days(first, self.last_date, self.zone)

    def previous(self) -> "Period":
        """The period before this one: as many whole months, else as many whole days of the zone, else as long."""
        first = self.first_date
        if months := _whole_months(self):
            return Period(start=_midnight(_months_before(first, months), self.zone), end=self.start, zone=self.zone)
        if self.is_whole_days:
            last = first - timedelta(days=1)
            return Period.of_days(last - (self.last_date - first), last, self.zone)
        return Period(start=self.start - (self.end - self.start), end=self.start, zone=self.zone)


def whole_months(first: date, last: date) -> tuple[date, ...]:
    """First days of the whole months within the days ``first`` to ``last``, both inclusive."""
    start = first if first.day == 1 else _months_before(first.replace(day=1), -1)
    months = []
    while Period.of_month(start).last_date <= last:
        months.append(start)
        start = _months_before(start, -1)
    return tuple(months)


def resolve_period(kind: DateRangeType, *, now: datetime, zone: ZoneInfo) -> Period:
    """The period that ``kind`` names at ``now``, with days that start at midnight in ``zone``.

    Periods "to date" end at the next midnight, so that they include today.
    """
    today = now.astimezone(zone).date()
    first, after = _local_bounds(kind, today)
    return Period(start=_midnight(first, zone), end=_midnight(after, zone), zone=zone)


def zone_name(zone: tzinfo) -> str:
    """``UTC``, ``America/New_York`` or ``UTC-04:00``; ``zone_of_name`` reads it."""
    return zone.key if isinstance(zone, ZoneInfo) else str(zone)


def zone_of_name(name: str) -> tzinfo:
    """The zone that ``zone_name`` wrote. Raises ValueError or ZoneInfoNotFoundError on other text."""
    if name == "UTC":
        return UTC
    if name.startswith("UTC"):
        return datetime.strptime(name[3:], "%z").tzinfo or UTC
    return ZoneInfo(name)


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


def _midnight(day: date, zone: tzinfo) -> datetime:
    """The first instant of ``day`` in ``zone``, in UTC. Where clocks skip midnight, the day starts when they jump."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def _months_before(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 - months
    return day.replace(year=index // 12, month=index % 12 + 1)


def _whole_months(period: Period) -> int:
    first, after = period.first_date, period.last_date + timedelta(days=1)
    if not period.is_whole_days or first.day != 1 or after.day != 1:
        return 0
    return (after.year - first.year) * 12 + after.month - first.month


def _common_offset(start: datetime, end: datetime) -> tzinfo:
    offset = start.utcoffset()
    return timezone(offset) if offset is not None and offset == end.utcoffset() else UTC
