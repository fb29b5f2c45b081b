"""Periods: bounds as given, whole months, and the relative words of a request."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from policycortex.documents.locales import open_locale
from policycortex.names import DateRangeType
from policycortex.period import Period, resolve_period
from policycortex.requests.body import Known
from policycortex.requests.model import request_from_json, request_to_json
from policycortex.requests.parsing import parse_request

NEW_YORK = ZoneInfo("America/New_York")
OCTOBER = {"start": "2026-10-01T00:00:00+05:45", "end": "2026-10-31T23:59:59+05:45"}


def utc(text: str) -> datetime:
    """A UTC time from ISO text without zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_end_in_the_last_second_stands_for_the_whole_day() -> None:
    """The documentation's ``2024-01-31T23:59:59Z`` includes what was seen half a second later."""
    period = Period.as_given(utc("2024-01-01T00:00:00"), utc("2024-01-31T23:59:59"))
    assert period == Period.of_days(date(2024, 1, 1), date(2024, 1, 31))
    assert period.partition_key == "2024-01-01..2024-01-31"


def test_any_other_end_is_as_given_and_outside() -> None:
    """Half-open: an end at midnight belongs to the next period."""
    period = Period.as_given(utc("2024-01-01T00:00:00"), utc("2024-02-01T00:00:00"))
    assert period.last_date == date(2024, 1, 31)


def test_bounds_in_another_zone_are_the_same_instants() -> None:
    """+02:00 is taken at its word."""
    start = datetime.fromisoformat("2024-01-01T02:00:00+02:00")
    assert Period.as_given(start, utc("2024-01-02T00:00:00")).start == utc("2024-01-01T00:00:00")


@pytest.mark.parametrize("end", ["2024-01-01T00:00:00", "2023-12-31T00:00:00"])
def test_an_empty_or_reversed_period_is_refused(end: str) -> None:
    """A period holds at least an instant."""
    with pytest.raises(ValueError, match="must end after it starts"):
        Period(start=utc("2024-01-01T00:00:00"), end=utc(end))


@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        (date(2024, 3, 1), date(2024, 3, 31), (date(2024, 2, 1), date(2024, 2, 29))),
        (date(2024, 1, 1), date(2024, 3, 31), (date(2023, 10, 1), date(2023, 12, 31))),
        (date(2024, 3, 4), date(2024, 3, 10), (date(2024, 2, 26), date(2024, 3, 3))),
    ],
)
def test_the_period_before_tiles_with_this_one(first: date, last: date, before: tuple[date, date]) -> None:
    """Whole months step back whole months, other spans their own length."""
    assert Period.of_days(first, last).previous() == Period.of_days(*before)


# Thursday 2024-02-29, 20:00 in New York; in UTC it is already 1 March.
NOW = utc("2024-03-01T01:00:00")


@pytest.mark.parametrize(
    ("kind", "first", "after"),
    [
        (DateRangeType.YESTERDAY, "2024-02-28", "2024-02-29"),
        (DateRangeType.LAST_7_DAYS, "2024-02-22", "2024-02-29"),
        (DateRangeType.LAST_WEEK, "2024-02-19", "2024-02-26"),
        (DateRangeType.LAST_30_DAYS, "2024-01-30", "2024-02-29"),
        (DateRangeType.LAST_MONTH, "2024-01-01", "2024-02-01"),
        (DateRangeType.LAST_QUARTER, "2023-10-01", "2024-01-01"),
        (DateRangeType.LAST_YEAR, "2023-01-01", "2024-01-01"),
        (DateRangeType.MONTH_TO_DATE, "2024-02-01", "2024-03-01"),
        (DateRangeType.QUARTER_TO_DATE, "2024-01-01", "2024-03-01"),
        (DateRangeType.YEAR_TO_DATE, "2024-01-01", "2024-03-01"),
    ],
)
def test_relative_periods_are_cut_at_local_midnight(kind: DateRangeType, first: str, after: str) -> None:
    """The day is New York's, not UTC's."""
    local = [datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC) for text in (first, after)]
    assert resolve_period(kind, now=NOW, zone=NEW_YORK) == Period(start=local[0], end=local[1], zone=NEW_YORK)


def test_days_are_each_date_touched_in_order() -> None:
    """A period that ends at noon touches that day."""
    period = Period(start=utc("2024-02-28T12:00:00"), end=utc("2024-03-01T12:00:00"))
    assert list(period.days()) == [date(2024, 2, 28) + timedelta(days=n) for n in range(3)]


def test_a_month_of_new_york_is_labelled_as_its_own_month() -> None:
    """October there ends on 1 November at 04:00 UTC; the comparison is with September."""
    period = resolve_period(DateRangeType.LAST_MONTH, now=utc("2026-11-02T14:00:00"), zone=NEW_YORK)
    assert (period.first_date, period.last_date) == (date(2026, 10, 1), date(2026, 10, 31))
    assert period.last_utc_date == date(2026, 11, 1)
    assert (period.partition_key, period.timezone) == ("2026-10-01..2026-10-31", "America/New_York")
    assert (period.previous().first_date, period.previous().last_date) == (date(2026, 9, 1), date(2026, 9, 30))
    assert open_locale("en").days(period) == "1–31 October 2026"


def test_a_period_of_hours_is_labelled_with_its_times() -> None:
    """A date alone would promise whole days."""
    period = Period.as_given(utc("2026-10-01T09:30:00"), utc("2026-10-02T00:00:00"))
    assert open_locale("en").days(period) == "1 October 2026, 09:30 UTC – 2 October 2026, 00:00 UTC"


def test_a_date_range_in_a_zone_is_cut_and_printed_there() -> None:
    """``timezone`` may accompany ``date_range``; otherwise both bounds' common offset is the zone."""
    body = {"name": "October", "type": "compliance", "scope": {"timezone": "Asia/Kathmandu", "date_range": OCTOBER}}
    known, now = Known(frameworks=()), utc("2026-11-02T00:00:00")
    request = parse_request(body, organization="default", now=now, known=known)
    period = request.period
    assert (period.start, period.timezone) == (utc("2026-09-30T18:15:00"), "Asia/Kathmandu")
    assert open_locale("en").days(period) == "1–31 October 2026"
    assert open_locale("en", None, period.zone).moment(now) == "2 November 2026, 05:45 Asia/Kathmandu"
    assert request_from_json(request_to_json(request)).period == period


def test_months_before_a_period_end_with_its_last_day() -> None:
    """Whole days; a day that the month does not have is its last one."""
    for last, first in ((date(2026, 3, 31), date(2024, 10, 1)), (date(2026, 8, 30), date(2025, 2, 28))):
        found = Period.of_days(date(2026, 3, 1), last).with_months_before(18)
        assert (found.first_date, found.last_date) == (first, last)
