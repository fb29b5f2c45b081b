"""Ticks: the instants at which a cron expression is due in a time zone, with all its clock changes.

Each local time that the expression names is due once:

- A time that a change skips (spring) is due right after the change; several skipped together are due once.
- A time that occurs twice (autumn) is due the second time, as in Dagster.
- An expression for every hour follows real hours instead: it is due whenever the clock shows its minutes, twice in a
  repeated hour. A skipped time is due after the change only if no minute shown after the change replaces it.

Dagster's own iterator agrees except for changes that are not whole hours (Lord Howe) or cross the date line (Apia),
where it drifts or fires twice; croniter and cronsim run an overlap twice or lose a gap. Therefore we calculate ticks
ourselves.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Final, Protocol
from zoneinfo import ZoneInfo

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_NONE: Final = timedelta(0)
_HORIZON: Final = timedelta(days=366 * 40)  # 29 February on a Sunday comes every 28 years, around 2100 after 40


class DueTimes(Protocol):
    """Local days and minutes at which something is due; a ``CronExpression`` is one."""

    @property
    def is_every_hour(self) -> bool:
        """Every hour is named: it follows real hours when clocks change."""

    @property
    def minutes_of_day(self) -> tuple[int, ...]:
        """Minutes after midnight of a matching day, ascending."""

    def matches_date(self, day: date, /) -> bool:
        """Whether it is due on that day."""


@dataclass(frozen=True, slots=True)
class _Span:
    """``[start, end)`` in UTC, at most a day, with one offset; ``gap`` is how far clocks are set forward at its end."""

    start: datetime
    end: datetime
    offset: timedelta
    gap: timedelta
    once_until: datetime
    """From here to the end, local times occur again after the next change; later than the end if none do."""


def ticks_after(
    times: DueTimes, zone: ZoneInfo, after: datetime, *, until: datetime | None = None
) -> Iterator[datetime]:
    """Ticks later than ``after``, ascending, in UTC, for the next 40 years, or before ``until`` if that is earlier."""
    beginning = _whole_minute_after(after)
    end = min(beginning + _HORIZON, until) if until is not None else beginning + _HORIZON
    if end <= beginning:
        return
    gap = _change_at(zone, beginning)
    if gap > _NONE and _needs_makeup(times, beginning + _offset(zone, beginning - _MINUTE), gap):
        last: datetime | None = beginning
        yield beginning
    else:
        last = None
    for span in _spans(zone, beginning, end):
        for tick in _ticks_of(times, span):
            if last is None or tick > last:
                last = tick
                yield tick


def ticks_between(times: DueTimes, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """Ticks in ``(after, until]``, ascending, in UTC."""
    for tick in ticks_after(times, zone, after):
        if tick > until:
            return
        yield tick


def next_runs(times: DueTimes, zone: ZoneInfo, after: datetime, count: int) -> tuple[datetime, ...]:
    """The next ``count`` ticks, in UTC; fewer only if the next is more than 40 years away."""
    return tuple(islice(ticks_after(times, zone, after), count))


def _ticks_of(times: DueTimes, span: _Span) -> Iterator[datetime]:
    end = span.end if times.is_every_hour else min(span.end, span.once_until)
    for wall in _local_times(times, span.start + span.offset, end + span.offset):
        yield wall - span.offset
    if span.gap and _needs_makeup(times, span.end + span.offset, span.gap):
        yield span.end


def _needs_makeup(times: DueTimes, first_skipped: datetime, gap: timedelta) -> bool:
    """Whether a gap that begins at local time ``first_skipped`` skips a time that no later minute replaces."""
    skipped = _local_times(times, first_skipped, first_skipped + gap)
    if not times.is_every_hour:
        return next(skipped, None) is not None
    shown = set(_local_times(times, first_skipped + gap, first_skipped + 2 * gap))
    return any(wall + gap not in shown for wall in skipped)


def _local_times(times: DueTimes, start: datetime, end: datetime) -> Iterator[datetime]:
    """Local times in ``[start, end)`` that the expression names, as UTC values, so that arithmetic ignores the zone."""
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end:
        if times.matches_date(day.date()):
            minutes = times.minutes_of_day
            first = bisect_left(minutes, (start - day) / _MINUTE) if start > day else 0
            for minute in minutes[first:]:
                wall = day + minute * _MINUTE
                if wall >= end:
                    return
                yield wall
        day += _DAY


def _spans(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[_Span]:
    offset = _offset(zone, start)
    while start < end:
        # a day further than the span, because its last hours may occur again after the next change
        stop, change = _next_change(zone, start, start + 2 * _DAY)
        until = min(start + _DAY, stop)
        gap = max(change, _NONE) if until == stop else _NONE
        yield _Span(start, until, offset, gap, stop + min(change, _NONE))
        start, offset = until, offset + change if until == stop else offset


def _next_change(zone: ZoneInfo, after: datetime, until: datetime) -> tuple[datetime, timedelta]:
    """When clocks change in ``(after, until]``, and by how much; ``until`` and zero if they do not."""
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
