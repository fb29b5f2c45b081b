"""Rules for days of a month: last day, working days, Nth and last weekday, against an independent calculation."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policycortex.errors import RequestError
from policycortex.scheduling.cron import parse_cron
from policycortex.scheduling.ticks import next_runs

_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_YEARS = st.integers(1990, 2110)
_MONTHS = st.integers(1, 12)


def _days(year: int, month: int) -> list[date]:
    return [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]


def _due(expression: str, year: int, month: int) -> list[date]:
    cron = parse_cron(expression)
    return [day for day in _days(year, month) if cron.matches_date(day)]


@given(year=_YEARS, month=_MONTHS)
def test_the_last_day_and_the_last_working_day(year: int, month: int) -> None:
    """The latest of all days, and of those from Monday to Friday."""
    days = _days(year, month)
    assert _due("0 9 L * *", year, month) == [max(days)]
    assert _due("0 9 L-2 * *", year, month) == [days[-3]]
    assert _due("0 9 LW * *", year, month) == [max(day for day in days if day.weekday() < 5)]


@given(year=_YEARS, month=_MONTHS, number=st.integers(1, 31))
def test_the_nearest_working_day(year: int, month: int, number: int) -> None:
    """The one with the smallest distance in the month; none in a month without that day."""
    days = _days(year, month)
    working = [day for day in days if day.weekday() < 5]
    nearest = [min(working, key=lambda day: abs(day.day - number))] if number <= len(days) else []
    assert _due(f"0 9 {number}W * *", year, month) == nearest


@given(year=_YEARS, month=_MONTHS, weekday=st.integers(0, 6), number=st.integers(1, 5))
def test_the_nth_and_the_last_weekday(year: int, month: int, weekday: int, number: int) -> None:
    """By position among the month's days of that weekday; by name and by number."""
    same = [day for day in _days(year, month) if day.isoweekday() % 7 == weekday]
    for name in (_NAMES[weekday], str(weekday)):
        assert _due(f"0 9 * * {name}#{number}", year, month) == same[number - 1 : number]
        assert _due(f"0 9 * * {name}L", year, month) == same[-1:]


@given(year=_YEARS, month=_MONTHS, rule=st.sampled_from(["L", "L-5", "LW", "1W", "15W", "31W", "3,L"]))
def test_the_plain_text_names_every_possible_day(year: int, month: int, rule: str) -> None:
    """Dagster evaluates a schedule on more days than it is due, never on fewer."""
    cron = parse_cron(f"0 9 {rule} * *")
    plain = parse_cron(cron.plain_text)
    assert all(plain.matches_date(day) for day in _days(year, month) if cron.matches_date(day))


def test_previews_name_the_days() -> None:
    """Working days and Mondays of 2026, at 9:00 in New York through both changes of clocks."""
    zone, start = ZoneInfo("America/New_York"), datetime(2026, 1, 1, tzinfo=UTC)

    def dates(expression: str) -> list[str]:
        runs = [run.astimezone(zone) for run in next_runs(parse_cron(expression), zone, start, 5)]
        assert {run.hour for run in runs} == {9}
        return [f"{run:%m-%d}" for run in runs]

    assert dates("0 9 L * *") == ["01-31", "02-28", "03-31", "04-30", "05-31"]
    assert dates("0 9 LW * *") == ["01-30", "02-27", "03-31", "04-30", "05-29"]
    assert dates("0 9 * * MON#1") == ["01-05", "02-02", "03-02", "04-06", "05-04"]
    assert dates("0 9 * * 5L") == ["01-30", "02-27", "03-27", "04-24", "05-29"]
    assert dates("0 9 1W * *") == ["01-01", "02-02", "03-02", "04-01", "05-01"]


def test_a_rule_and_a_number_together_are_both_due() -> None:
    """The 15th and the last day; with both day fields restricted, either matches, as in cron."""
    assert [day.day for day in _due("0 9 15,L * *", 2026, 2)] == [15, 28]
    assert [day.day for day in _due("0 9 L * MON#1", 2026, 2)] == [2, 28]


def test_the_shortest_interval_counts_neighbouring_days() -> None:
    """The last day and the first are neighbours; the first Mondays are not."""
    assert parse_cron("0 9 1,L * *").shortest_interval_minutes == timedelta(days=1) / timedelta(minutes=1)


@pytest.mark.parametrize(
    "expression",
    [
        "0 9 L-31 * *",
        "0 9 32W * *",
        "0 9 W * *",
        "0 9 L, * *",
        "0 9 * * MON#6",
        "0 9 * * L",
        "0 9 * * MON#",
        "0 9 * * 8#1",
        "L 9 * * *",
        "0 9 L/2 * *",
        "0 9 31W 2 *",
    ],
)
def test_what_names_no_day_is_refused(expression: str) -> None:
    """With the field's name and what it accepts."""
    with pytest.raises(RequestError, match=r"day of|minute|never due"):
        parse_cron(expression)
