"""Laws of periods in every IANA zone: whole local months, months that follow each other, days that tile."""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from itertools import product
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from policycortex.names import DateRangeType
from policycortex.period import Period, resolve_period, zone_name, zone_of_name

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
MOMENTS = st.integers(0, 33 * 366 * 86_400).map(
    lambda seconds: datetime(2012, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
TILED = (DateRangeType.LAST_MONTH, DateRangeType.LAST_QUARTER, DateRangeType.LAST_YEAR)


def fixed(minutes: int) -> tzinfo:
    """A fixed offset."""
    return timezone(timedelta(minutes=minutes))


def assert_whole_months(period: Period) -> None:
    """It starts on a first day, ends on a last one, and both are local midnights."""
    assert period.is_whole_days
    assert period.first_date.day == 1
    assert (period.last_date + timedelta(days=1)).day == 1


def test_the_last_month_is_one_local_month_and_the_one_before_precedes_it() -> None:
    """In months of fifteen years, at the first and the last minute of a local day, in every zone there is."""
    for place, index in product(map(ZoneInfo, ZONES), range(2020 * 12, 2035 * 12, 5)):
        local = datetime(index // 12, index % 12 + 1, 1, tzinfo=place)
        for now in (local.astimezone(UTC), local.astimezone(UTC) - timedelta(minutes=1)):
            period = resolve_period(DateRangeType.LAST_MONTH, now=now, zone=place)
            before = period.previous()
            assert_whole_months(period)
            assert_whole_months(before)
            assert period.first_date.replace(day=1) == period.last_date.replace(day=1)
            assert before.end == period.start
            assert before.first_date == (period.first_date - timedelta(days=1)).replace(day=1)


@given(zone=st.sampled_from(ZONES), now=MOMENTS, kind=st.sampled_from(DateRangeType))
def test_a_relative_period_is_whole_local_days_and_the_one_before_meets_it(
    zone: str, now: datetime, kind: DateRangeType
) -> None:
    """As many days where it is not whole months; as many months else. Both have the zone."""
    period = resolve_period(kind, now=now, zone=ZoneInfo(zone))
    before = period.previous()
    assert period.is_whole_days
    assert before.is_whole_days
    assert before.end == period.start
    assert before.timezone == period.timezone
    assert before.last_date == period.first_date - timedelta(days=1)
    if kind in TILED:
        assert_whole_months(before)
    assert period.partition_key == f"{period.first_date}..{period.last_date}"


@given(zone=st.sampled_from(ZONES), first=st.dates(date(2012, 1, 1), date(2045, 1, 1)), days=st.integers(1, 400))
def test_days_tile_a_period(zone: str, first: date, days: int) -> None:
    """Each local day starts where the one before ends, from the period's start to its end."""
    last = first + timedelta(days=days - 1)
    whole = Period.of_days(first, last, ZoneInfo(zone))
    tiles = [Period.of_days(day, day, ZoneInfo(zone)) for day in whole.days()]
    assert [tile.end for tile in tiles[:-1]] == [tile.start for tile in tiles[1:]]
    assert (tiles[0].start, tiles[-1].end, len(tiles)) == (whole.start, whole.end, days)


@given(offset=st.integers(-14 * 60, 14 * 60))
def test_bounds_with_one_offset_are_printed_in_it(offset: int) -> None:
    """A month given at -04:00 is that month, with the documented last second as with the next midnight."""
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    suffix = f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    start, end = (datetime.fromisoformat(f"{day}{suffix}") for day in ("2026-10-01T00:00:00", "2026-10-31T23:59:59"))
    period = Period.as_given(start, end)
    assert (period.first_date, period.last_date) == (date(2026, 10, 1), date(2026, 10, 31))
    assert period.previous().first_date == date(2026, 9, 1)
    assert Period.as_given(start, datetime.fromisoformat(f"2026-11-01T00:00:00{suffix}")) == period


@given(place=st.one_of(st.sampled_from(ZONES).map(ZoneInfo), st.integers(-840, 840).map(fixed)))
def test_a_zone_is_read_from_its_name(place: tzinfo) -> None:
    """Stored requests name their zone: an IANA zone or an offset."""
    moment = datetime(2026, 7, 1, 12, tzinfo=UTC)
    again = zone_of_name(zone_name(place))
    assert moment.astimezone(again).utcoffset() == moment.astimezone(place).utcoffset()
