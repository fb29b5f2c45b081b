"""Ticks with clock changes: gaps, overlaps, half hours and the date line."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from policycortex.scheduling.cron import parse_cron
from policycortex.scheduling.ticks import next_runs, ticks_between

NEW_YORK = "America/New_York"


def _local(cron: str, zone: str, after: str, count: int) -> list[str]:
    """Ticks as local times with offset, minutes only."""
    place = ZoneInfo(zone)
    runs = next_runs(parse_cron(cron), place, datetime.fromisoformat(after).replace(tzinfo=place), count)
    return [run.astimezone(place).strftime("%m-%dT%H:%M%z") for run in runs]


def test_the_documented_schedule_keeps_nine_in_the_morning() -> None:
    """The 1st at 9:00 New York: 14:00 UTC in winter, 13:00 in summer."""
    runs = next_runs(parse_cron("0 9 1 * *"), ZoneInfo(NEW_YORK), datetime(2026, 2, 15, tzinfo=UTC), 3)
    assert [run.isoformat() for run in runs] == [
        "2026-03-01T14:00:00+00:00", "2026-04-01T13:00:00+00:00", "2026-05-01T13:00:00+00:00",
    ]  # fmt: skip


def test_a_gap_runs_once_right_after_it() -> None:
    """On 8 March 2026 New York's clocks are set from 2:00 to 3:00."""
    assert _local("30 2 * * *", NEW_YORK, "2026-03-07T12:00", 2) == ["03-08T03:00-0400", "03-09T02:30-0400"]
    assert _local("15,45 2 * * *", NEW_YORK, "2026-03-07T12:00", 2) == ["03-08T03:00-0400", "03-09T02:15-0400"]


def test_a_gap_that_ends_on_a_tick_of_its_own_runs_once() -> None:
    """2:00 is skipped, 3:00 is due anyway."""
    assert _local("0 2-3 * * *", NEW_YORK, "2026-03-07T12:00", 2) == ["03-08T03:00-0400", "03-09T02:00-0400"]


def test_an_overlap_runs_once() -> None:
    """On 1 November 2026 New York shows 1:30 twice; the second counts."""
    assert _local("30 1 * * *", NEW_YORK, "2026-10-31T12:00", 2) == ["11-01T01:30-0500", "11-02T01:30-0500"]


def test_hourly_schedules_keep_real_hours() -> None:
    """One tick per real hour."""
    assert _local("0 * * * *", NEW_YORK, "2026-10-31T23:30", 4) == [
        "11-01T00:00-0400", "11-01T01:00-0400", "11-01T01:00-0500", "11-01T02:00-0500",
    ]  # fmt: skip
    assert _local("30 * * * *", NEW_YORK, "2026-03-08T00:45", 2) == ["03-08T01:30-0500", "03-08T03:30-0400"]


def test_a_gap_of_half_an_hour_is_due_after_it() -> None:
    """Lord Howe changes from 2:00 to 2:30: 2:15 is due at 2:30, also for the hourly schedule."""
    assert _local("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", 1) == ["10-04T02:30+1100"]
    assert _local("15 * * * *", "Australia/Lord_Howe", "2026-10-04T01:00", 3) == [
        "10-04T01:15+1030", "10-04T02:30+1100", "10-04T03:15+1100",
    ]  # fmt: skip


def test_a_skipped_day_is_due_once_right_after() -> None:
    """Apia had no 30 December 2011; a schedule for the 30th is due when the 31st begins, a daily one once."""
    assert _local("0 9 30 * *", "Pacific/Apia", "2011-12-01T00:00", 2) == ["12-31T00:00+1400", "01-30T09:00+1400"]
    assert _local("0 0 * * *", "Pacific/Apia", "2011-12-28T12:00", 2) == ["12-29T00:00-1000", "12-31T00:00+1400"]


def test_a_skipped_midnight_is_due_at_one() -> None:
    """São Paulo's clocks changed at midnight until 2018."""
    assert _local("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00", 2) == ["11-04T01:00-0200", "11-05T00:00-0200"]


def test_a_range_that_begins_before_the_end_of_a_gap_has_its_tick() -> None:
    """The minute at which the gap ends may be the first of the range."""
    end_of_gap = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
    zone, cron = ZoneInfo(NEW_YORK), parse_cron("30 2 * * *")
    assert next_runs(cron, zone, datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC), 1) == (end_of_gap,)
    assert next_runs(cron, zone, end_of_gap, 1) == (datetime(2026, 3, 9, 6, 30, tzinfo=UTC),)


def test_bounds_leave_out_the_first_and_hold_the_last() -> None:
    """``(after, until]``: adjoining ranges have each tick once."""
    cron, zone = parse_cron("0 * * * *"), ZoneInfo("UTC")
    one, two, three = (datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (1, 2, 3))
    assert list(ticks_between(cron, zone, one, three)) == [two, three]


def test_an_expression_that_is_never_due_again_ends() -> None:
    """The search ends after 40 years: 29 February 2096 is followed by 2104."""
    assert len(next_runs(parse_cron("0 0 29 2 *"), ZoneInfo("UTC"), datetime(2026, 1, 1, tzinfo=UTC), 50)) == 10


@pytest.mark.parametrize("second", [0, 1, 59])
def test_ticks_are_whole_minutes(second: int) -> None:
    """Seconds of the given moment do not matter, and its own minute is over."""
    moment = datetime(2026, 1, 1, 9, 0, second, tzinfo=UTC)
    assert next_runs(parse_cron("* * * * *"), ZoneInfo("UTC"), moment, 1) == (datetime(2026, 1, 1, 9, 1, tzinfo=UTC),)
