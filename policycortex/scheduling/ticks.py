"""Ticks: the instants at which a cron expression is due in a time zone, through every change of its clocks.

Each wall-clock time that the expression names is due once:

- a time that a change leaves out (spring) is due right after the change; several left out together are due once;
- a time that comes twice (autumn) is due the second time, as Dagster has it;
- an expression for every hour keeps real hours instead: it is due whenever the clock shows its minutes, twice in a
  repeated hour, and a time left out is made up for only if the minutes shown after the change don't do so.

Dagster's own iterator agrees except for changes that are not whole hours (Lord Howe) or cross the date line (Apia),
where it drifts or fires twice; croniter and cronsim run an overlap twice or lose a gap. So the calculation is ours.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from policycortex.scheduling.cron import CronExpression

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_NONE: Final = timedelta(0)
_HORIZON: Final = timedelta(days=366 * 40)  # 29 February on a Sunday is the rarest: once in 28 years, 40 around 2100


@dataclass(frozen=True, slots=True)
class _Stretch:
    """``[start, end)`` in UTC, at most a day, with one offset; ``gap`` is how far clocks jump ahead at its end."""

    start: datetime
    end: datetime
    offset: timedelta
    gap: timedelta
    once_until: datetime
    """From here to the end, wall times are shown again after the coming change; past the end where none is."""


def ticks_after(cron: CronExpression, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Ticks later than ``after``, ascending, in UTC, for the next 40 years."""
    beginning = _whole_minute_after(after)
    gap = _change_at(zone, beginning)
    if gap > _NONE and _makes_up(cron, beginning + _offset(zone, beginning - _MINUTE), gap):
        last: datetime | None = beginning
        yield beginning
    else:
        last = None
    for stretch in _stretches(zone, beginning, beginning + _HORIZON):
        for tick in _ticks_of(cron, stretch):
            if last is None or tick > last:
                last = tick
                yield tick


def ticks_between(cron: CronExpression, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """Ticks in ``(after, until]``, ascending, in UTC."""
    for tick in ticks_after(cron, zone, after):
        if tick > until:
            return
        yield tick


def next_runs(cron: CronExpression, zone: ZoneInfo, after: datetime, count: int) -> tuple[datetime, ...]:
    """The ``count`` ticks that come next, in UTC; fewer only past the horizon."""
    return tuple(islice(ticks_after(cron, zone, after), count))


def _ticks_of(cron: CronExpression, stretch: _Stretch) -> Iterator[datetime]:
    end = stretch.end if cron.is_every_hour else min(stretch.end, stretch.once_until)
    for wall in _walls(cron, stretch.start + stretch.offset, end + stretch.offset):
        yield wall - stretch.offset
    if stretch.gap and _makes_up(cron, stretch.end + stretch.offset, stretch.gap):
        yield stretch.end


def _makes_up(cron: CronExpression, first_lost: datetime, gap: timedelta) -> bool:
    """Whether a gap that begins at wall time ``first_lost`` swallows a time that nothing else makes up for."""
    lost = _walls(cron, first_lost, first_lost + gap)
    if not cron.is_every_hour:
        return next(lost, None) is not None
    shown = set(_walls(cron, first_lost + gap, first_lost + 2 * gap))
    return any(wall + gap not in shown for wall in lost)


def _walls(cron: CronExpression, start: datetime, end: datetime) -> Iterator[datetime]:
    """Wall-clock times in ``[start, end)`` that the expression names; carried as UTC, so that arithmetic is plain."""
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end:
        if cron.matches_date(day.date()):
            times = cron.minutes_of_day
            first = bisect_left(times, (start - day) / _MINUTE) if start > day else 0
            for minute in times[first:]:
                wall = day + minute * _MINUTE
                if wall >= end:
                    return
                yield wall
        day += _DAY


def _stretches(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[_Stretch]:
    offset = _offset(zone, start)
    while start < end:
        # a day further than the stretch: its last hours may already be those that the coming change shows again
        stop, change = _next_change(zone, start, start + 2 * _DAY)
        until = min(start + _DAY, stop)
        gap = max(change, _NONE) if until == stop else _NONE
        yield _Stretch(start, until, offset, gap, stop + min(change, _NONE))
        start, offset = until, offset + change if until == stop else offset


def _next_change(zone: ZoneInfo, after: datetime, until: datetime) -> tuple[datetime, timedelta]:
    """When clocks change in ``(after, until]``, and by how much; ``until`` and nothing when they don't."""
    offset = _offset(zone, after)
    if _offset(zone, until) == offset:
        return until, _NONE
    moment = _moment_of_change(zone, after, until)
    return moment, _offset(zone, moment) - offset


def _moment_of_change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first whole minute in ``(before, after]`` with another offset than ``before``."""
    offset, low, high = _offset(zone, before), 0, int((after - before) / _MINUTE)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, before + middle * _MINUTE) == offset:
            low = middle
        else:
            high = middle
    return before + high * _MINUTE


def _change_at(zone: ZoneInfo, moment: datetime) -> timedelta:
    return _offset(zone, moment) - _offset(zone, moment - _MINUTE)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or _NONE


def _whole_minute_after(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
