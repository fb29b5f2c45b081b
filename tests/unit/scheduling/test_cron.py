"""Cron expressions: which are accepted, what they mean, and why others are refused."""

import re
from datetime import date

import pytest

from policycortex.errors import RequestError
from policycortex.scheduling.cron import MACROS, parse_cron


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("R R * * *", "'R' is not valid"),
        ("* * * * * *", "has 6 fields"),
        ("0 9 1 *", "has 4 fields"),
        ("", "has 0 fields"),
        ("61 * * * *", "61 does not exist"),
        ("0 24 * * *", "24 does not exist"),
        ("0 0 0 * *", "0 does not exist"),
        ("0 0 30 2 *", "no month that it names has a day 30"),
        ("0 0 31 4,6,9,11 *", "no month that it names has a day 31"),
        ("0 0 * 13 *", "13 does not exist"),
        ("0 0 * * 8", "8 does not exist"),
        ("0 0 * FEBRUARY *", "'FEBRUARY' is not valid"),
        ("0 0 W * *", "'W' is not valid"),
        ("0 0 ? * *", "is not valid"),
        ("5/15 * * * *", "write 5-59/15"),
        ("*/0 * * * *", "step"),
        ("*/90 * * * *", "from 1 to 59"),
        ("*/x * * * *", "step"),
        ("0 0 10-5 * *", "ends before it begins"),
        ("0 0 1, * *", "is not valid"),
        ("-1 * * * *", "is not valid"),
        ("@reboot", "not a macro"),
        ("٠ * * * *", "ASCII"),
        ("0 " * 200, "256 characters"),
        ("99999999999 * * * *", "is not valid"),
    ],
)
def test_invalid_expressions_are_refused_with_a_reason(text: str, word: str) -> None:
    """The reason is in the message and in the detail of the field."""
    with pytest.raises(RequestError, match=re.escape(word)) as caught:
        parse_cron(text)
    assert caught.value.details[0].field == "schedule.cron"
    assert caught.value.details[0].message == str(caught.value)


def test_names_lists_ranges_and_steps_are_read() -> None:
    """``mon`` equals ``MON``, a range of names may end on Sunday, a step starts at its range's first value."""
    cron = parse_cron("  5-59/15,0  8-18/2 1,15 jan,JUL-sep  fri-SUN ")
    assert sorted(cron.minutes) == [0, 5, 20, 35, 50]
    assert sorted(cron.hours) == [8, 10, 12, 14, 16, 18]
    assert sorted(cron.days) == [1, 15]
    assert sorted(cron.months) == [1, 7, 8, 9]
    assert sorted(cron.weekdays) == [0, 5, 6]
    assert cron.text == "5-59/15,0 8-18/2 1,15 JAN,JUL-SEP FRI-SUN"
    assert cron.plain_text == "0,5,20,35,50 8,10,12,14,16,18 1,15 1,7,8,9 0,5,6"


def test_macros_stand_for_their_expressions() -> None:
    """``@daily`` is midnight; case does not matter."""
    for macro, text in MACROS.items():
        assert parse_cron(macro.upper()) == parse_cron(text)


def test_zero_and_seven_are_both_sunday() -> None:
    """29 November 2026 is a Sunday."""
    assert all(parse_cron(f"0 0 * * {n}").matches_date(date(2026, 11, 29)) for n in ("0", "7", "SUN"))


def test_two_restricted_day_fields_join_by_or() -> None:
    """1 January 2026 is a Thursday, 5 January the first Monday."""
    cron = parse_cron("0 9 1 * MON")
    assert [day for day in range(1, 32) if cron.matches_date(date(2026, 1, day))] == [1, 5, 12, 19, 26]
    only_day = parse_cron("0 9 1 * *")
    assert [day for day in range(1, 32) if only_day.matches_date(date(2026, 1, day))] == [1]


def test_29_february_is_a_date() -> None:
    """It exists in leap years only, and is accepted."""
    assert parse_cron("0 0 29 2 *").matches_date(date(2028, 2, 29))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("* * * * *", 1),
        ("*/15 * * * *", 15),
        ("0 9 * * *", 24 * 60),
        ("0 9,10 * * *", 60),
        ("0,59 0,23 * * *", 1),  # 23:59 and the next day's 00:00
        ("0,59 0,23 * * 1", 59),  # Mondays only: no neighbouring days
        ("0 0 1 1 *", 24 * 60),
        ("50 23 1 * 1", 24 * 60),
    ],
)
def test_the_shortest_interval_is_known(text: str, minutes: int) -> None:
    """Without clock changes; one time per day has an interval of at least a day."""
    assert parse_cron(text).shortest_interval_minutes == minutes
