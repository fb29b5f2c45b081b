"""Laws of ticks: two years of minutes in twelve zones against an independent walk, and how spans tile.

The oracle shares nothing with the product: Polars shows each UTC minute on the zone's wall clock with its own
time-zone database, and the rule is applied to that list of wall times.
"""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policycortex.scheduling.cron import CronExpression, parse_cron
from policycortex.scheduling.ticks import ticks_between

ZONES = (
    "UTC", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo", "America/St_Johns", "Europe/London",
    "Africa/Casablanca", "Asia/Kathmandu", "Asia/Tehran", "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Apia",
)  # fmt: skip
"""Both hemispheres, half hours, changes at midnight and at 00:01, Ramadan, a skipped day."""

START, END = datetime(2011, 1, 1, tzinfo=UTC), datetime(2013, 1, 1, tzinfo=UTC)
"""Holds Apia's lost 30 December 2011, Casablanca's double changes of 2012, St. John's changes at one past midnight."""

AWKWARD = (
    "30 1 * * *", "30 2 * * *", "0 0 * * *", "1 0 * * *", "45 23 * * *", "15 2 * * *", "*/20 1-3 * * *", "0 2 * * 0",
    "*/30 * * * *", "15 * * * *", "45 * * * *", "0 9 30 * *", "0 9 1 * 1", "59 23 31 12 *", "0 0 29 2 *",
)  # fmt: skip


def _random_field(chance: random.Random, first: int, last: int) -> str:
    kind = chance.randrange(4)
    low, high = sorted((chance.randint(first, last), chance.randint(first, last)))
    return ("*", str(low), f"{low}-{high}", f"{low},{high}")[kind]


def _random_crons(chance: random.Random, count: int) -> list[CronExpression]:
    crons = [parse_cron(text) for text in AWKWARD]
    while len(crons) < count:
        parts = [_random_field(chance, *limits) for limits in ((0, 59), (0, 4), (1, 28), (1, 12), (0, 6))]
        crons.append(parse_cron(" ".join(parts)))
    return crons


def minutes_of(zone: str) -> pl.DataFrame:
    """Each minute of the two years: ``at`` in UTC epoch minutes, ``wall`` in epoch minutes of the wall clock."""
    instants = pl.datetime_range(START, END, "1m", closed="left", time_zone="UTC", eager=True)
    wall = instants.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    frame = pl.DataFrame({"at": instants.dt.epoch("s") // 60, "wall": wall.dt.epoch("s") // 60})
    return _with_words(frame.with_columns(is_last=pl.col("wall").is_last_distinct()), pl.col("wall"))


def _with_words(frame: pl.DataFrame, wall: pl.Expr) -> pl.DataFrame:
    """The wall minute taken apart into the five words of cron."""
    moment = pl.from_epoch(wall * 60)
    return frame.with_columns(
        minute=moment.dt.minute(),
        hour=moment.dt.hour(),
        day=moment.dt.day(),
        month=moment.dt.month(),
        weekday=moment.dt.weekday() % 7,
    )


def _matches(cron: CronExpression) -> pl.Expr:
    """The expression on those words, written out again from the manual of cron."""
    in_month, in_week = _any("day", cron.days), _any("weekday", cron.weekdays)
    day_field, week_field = cron.text.split(" ")[2], cron.text.split(" ")[4]
    date = (in_month | in_week) if day_field != "*" and week_field != "*" else (in_month & in_week)
    return _any("minute", cron.minutes) & _any("hour", cron.hours) & _any("month", cron.months) & date


def _any(column: str, values: frozenset[int]) -> pl.Expr:
    return pl.col(column).is_in(pl.Series(sorted(values), dtype=pl.Int8))


def lost_minutes(minutes: pl.DataFrame) -> pl.DataFrame:
    """Each wall minute that was never shown, in words, with its ``gap`` and the instant ``at`` that follows it."""
    jumps = minutes.with_columns(before=pl.col("wall").shift(1)).filter(pl.col("wall") > pl.col("before") + 1)
    lost = jumps.select("at", gap=pl.col("wall") - pl.col("before") - 1, wall=pl.int_ranges("before", "wall"))
    each = (
        lost.explode("wall", empty_as_null=True)
        .group_by("at", maintain_order=True)
        .agg(pl.col("gap").first(), pl.col("wall").slice(1))
        .explode("wall", empty_as_null=True)
    )
    return _with_words(each, pl.col("wall"))


def expected_ticks(text: str, minutes: pl.DataFrame, lost: pl.DataFrame) -> list[int]:
    """Ticks in UTC epoch minutes, ascending, by the rule applied to the lists of minutes."""
    cron = parse_cron(text)
    shown = minutes.filter(_matches(cron))
    swallowed = lost.filter(_matches(cron))
    if cron.is_every_hour:
        swallowed = _with_words(swallowed, pl.col("wall") + pl.col("gap")).filter(~_matches(cron))
    else:
        shown = shown.filter("is_last")
    return sorted({*shown["at"].to_list(), *swallowed["at"].to_list()})


@pytest.mark.parametrize("zone", ZONES)
def test_two_years_of_minutes_have_no_tick_missing_and_none_double(zone: str) -> None:
    """Some 200 schedules over the zones: each zone takes the awkward ones and its own random ones."""
    minutes = minutes_of(zone)
    lost = lost_minutes(minutes)
    for cron in _random_crons(random.Random(zone), 17):  # noqa: S311 - test data
        ticks = list(ticks_between(cron, ZoneInfo(zone), START - timedelta(minutes=1), END - timedelta(minutes=1)))
        assert [int(tick.timestamp()) // 60 for tick in ticks] == expected_ticks(cron.text, minutes, lost), (
            cron.text,
            zone,
        )


@settings(deadline=None)
@given(
    cron=st.sampled_from([parse_cron(text) for text in AWKWARD]),
    zone=st.sampled_from(ZONES),
    cuts=st.lists(st.datetimes(datetime(2011, 9, 1), datetime(2012, 5, 1)), min_size=2, max_size=6, unique=True),  # noqa: DTZ001
)
def test_spans_tile(cron: CronExpression, zone: str, cuts: list[datetime]) -> None:
    """However a span is cut, its parts hold the ticks of the whole: looking often or rarely is the same."""
    place, moments = ZoneInfo(zone), sorted(cut.replace(tzinfo=UTC) for cut in cuts)
    moments = [moments[0], *(m for m in moments[1:] if m - moments[0] < timedelta(days=40))]
    parts = [tick for a, b in pairwise(moments) for tick in ticks_between(cron, place, a, b)]
    assert parts == list(ticks_between(cron, place, moments[0], moments[-1]))
    assert parts == sorted(set(parts))
