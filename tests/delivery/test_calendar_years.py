"""Two years of a simulated service with calendar rules: the stored ticks are those of an independent calculation.

The oracle finds the days with a list of all dates, and the minutes with Polars (``tests.properties.test_scheduling``).
"""

import random
from collections.abc import Mapping
from contextlib import closing
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from policycortex.storage.registry import open_registry
from policycortex.workflow.scheduling import claim_due_ticks, create_schedule
from tests.properties.test_scheduling import END, START, lost_minutes, minutes_of
from tests.support.ledger import MONTHLY, settings_of

_ZONES = ("America/Sao_Paulo", "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Apia")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RULES: tuple[dict[str, Any], ...] = (
    {"rule": "last_day"},
    {"rule": "last_day", "months": [12, 3]},
    {"rule": "first_working_day"},
    {"rule": "last_working_day"},
    {"rule": "nth_weekday", "nth": 2, "weekday": "sunday"},
    {"rule": "nth_weekday", "nth": 5, "weekday": "friday"},
    {"rule": "nth_weekday", "nth": "last", "weekday": "sunday", "months": [3, 9, 10]},
    {"rule": "every_n_weeks", "weeks": 1, "weekdays": ["sunday"]},
    {"rule": "every_n_weeks", "weeks": 2, "weekdays": ["monday", "friday"]},
    {"rule": "every_n_weeks", "weeks": 3, "weekdays": ["saturday"]},
)
_MINUTE = timedelta(minutes=1)
_ALL_DAYS = [date(2010, 12, 1) + timedelta(days=n) for n in range(800)]


def _is_due(calendar: Mapping[str, Any], day: date, first: date) -> bool:
    """The rule by looking at the whole month, or by counting days from the Monday of the first week."""
    if calendar["rule"] == "every_n_weeks":
        monday = next(d for n in range(7) if (d := first - timedelta(days=n)).weekday() == 0)
        week = (day - monday).days // 7
        return _WEEKDAYS[day.weekday()] in calendar["weekdays"] and week % calendar["weeks"] == 0
    if day.month not in calendar.get("months", range(1, 13)):
        return False
    month = [other for other in _ALL_DAYS if (other.year, other.month) == (day.year, day.month)]
    working = [other for other in month if other.weekday() < 5]
    match calendar["rule"]:
        case "last_day":
            return day == month[-1]
        case "first_working_day":
            return day == working[0]
        case "last_working_day":
            return day == working[-1]
    same = [other for other in month if _WEEKDAYS[other.weekday()] == calendar["weekday"]]
    wanted = same[-1:] if calendar["nth"] == "last" else same[calendar["nth"] - 1 : calendar["nth"]]
    return [day] == wanted


def _expected(timing: Mapping[str, Any], minutes: pl.DataFrame, lost: pl.DataFrame) -> list[int]:
    """Ticks in UTC epoch minutes: the minute of each day where it is shown last, or after the gap that skips it."""
    first, last = date.fromisoformat(timing["start_date"]), date.fromisoformat(timing["end_date"])
    days = [day for day in _ALL_DAYS if first <= day <= last and _is_due(timing["calendar"], day, first)]
    hour, minute = map(int, timing["calendar"]["time"].split(":"))
    is_due = pl.from_epoch(pl.col("wall") * 60).dt.date().is_in(days)
    is_due &= (pl.col("hour") == hour) & (pl.col("minute") == minute)
    shown = minutes.filter(is_due & pl.col("is_last"))["at"].to_list()
    return sorted({*shown, *lost.filter(is_due)["at"].to_list()})


def test_two_years_of_calendar_rules_have_each_tick_once(tmp_path: Path) -> None:
    """Forty schedules in four zones, at night where clocks change, each between two days of the two years."""
    chance = random.Random(2012)  # noqa: S311 - test data
    settings, timings = settings_of(tmp_path), {}
    with closing(open_registry(settings)) as registry:
        for zone in _ZONES:
            for rule in _RULES:
                start = date(2011, 1, 1) + timedelta(days=chance.randrange(60))
                timing = {
                    "calendar": rule | {"time": f"{chance.randrange(4):02}:{chance.randrange(60):02}"},
                    "timezone": zone,
                    "start_date": start.isoformat(),
                    "end_date": (start + timedelta(days=chance.randrange(500, 660))).isoformat(),
                    "misfire": "skip",
                    "grace_seconds": 0,
                }
                body = deepcopy(MONTHLY) | {"delivery": {}, "schedule": timing}
                before = START - timedelta(days=2)
                made = create_schedule(settings, registry, body, organization="default", created_by=None, now=before)
                timings[made.id] = timing
        now = START - timedelta(days=2)
        while now < END - _MINUTE:
            now = min(now + _MINUTE * int(10 ** chance.uniform(3.5, 4.8)), END - _MINUTE)
            claim_due_ticks(settings, now=now)
        ticks = {
            schedule_id: sorted(int(row.tick.timestamp()) // 60 for row in rows)
            for schedule_id in timings
            for rows, _ in (registry.schedules.list_ticks(schedule_id, limit=10_000),)
        }
        assert all(registry.schedules.find_schedule(schedule_id).next_tick_at is None for schedule_id in timings)
    for zone in _ZONES:
        whole = minutes_of(zone)
        lost, night = lost_minutes(whole), whole.filter(pl.col("hour") < 4)
        for schedule_id, timing in timings.items():
            if timing["timezone"] == zone:
                assert ticks[schedule_id] == _expected(timing, night, lost), timing
    assert sum(map(len, ticks.values())) > 800
