"""The plane of a chart of scores over days: its axes and where a day and a score are. No markup.

All lengths are in the units of the chart's own view box.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

_DAYS_IN_WEEKS: Final = 62
"""Longest chart that is marked by weeks."""
_MOST_STARTS: Final = 9
_DATE_WIDTH: Final = 46.0
"""What one date takes under the axis."""
_LEFT, _RIGHT, _TOP, _BELOW = 44.0, 12.0, 20.0, 24.0
"""Beside the plane: for the scores of the axis, the end of the line, its value, and the dates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A place on an axis, with the value that is written there."""

    position: float
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodMark:
    """A day whose date is written under the axis; ``is_start`` where a week or month begins, which gets a line."""

    x: float
    date: date
    is_start: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Days from left to right, percentages from bottom to top; the axis of scores is cut to what is shown."""

    width: float
    height: float
    first: date
    last: date
    low_pct: float
    """At the bottom; more than 0 where the axis is cut, which the chart must say."""
    high_pct: float
    step_pct: float

    @property
    def left(self) -> float:
        """Where the first day is."""
        return _LEFT

    @property
    def bottom(self) -> float:
        """Where the lowest score of the axis is."""
        return self.height - _BELOW

    @property
    def is_cut(self) -> bool:
        """Whether the axis does not begin at 0: then the chart says so, and no area is filled down to it."""
        return self.low_pct > 0

    @property
    def has_months(self) -> bool:
        """Whether months are marked instead of weeks."""
        return (self.last - self.first).days > _DAYS_IN_WEEKS

    def across(self, day: date) -> float:
        """The place of a day."""
        days = max((self.last - self.first).days, 1)
        return round(_LEFT + (self.width - _RIGHT - _LEFT) * (day - self.first).days / days, 1)

    def height_of(self, score: float) -> float:
        """The place of a score."""
        share = (score - self.low_pct) / (self.high_pct - self.low_pct)
        return round(self.bottom - (self.bottom - _TOP) * share, 1)

    def ticks(self) -> tuple[Tick, ...]:
        """The scores written beside the axis."""
        count = round((self.high_pct - self.low_pct) / self.step_pct) + 1
        values = [self.low_pct + self.step_pct * number for number in range(count)]
        return tuple(Tick(position=self.height_of(value), value=value) for value in values)

    def period_marks(self) -> tuple[PeriodMark, ...]:
        """Starts of weeks or months, without those whose dates would overlap, between the first and the last day."""
        days = [self.first + timedelta(days=n) for n in range(1, (self.last - self.first).days)]
        starts = [day for day in days if (day.day == 1 if self.has_months else day.weekday() == 0)]
        every = max(1, math.ceil(len(starts) / _MOST_STARTS))
        kept = [day for day in starts if not self.has_months or (day.year * 12 + day.month - 1) % every == 0]
        ends = [PeriodMark(x=self.across(day), date=day, is_start=False) for day in (self.first, self.last)]
        between = [PeriodMark(x=self.across(day), date=day, is_start=True) for day in kept]
        spaced = [mark for mark in between if ends[0].x + _DATE_WIDTH < mark.x < ends[1].x - _DATE_WIDTH]
        return (ends[0], *spaced, ends[1])


def plane_of(shown: Sequence[float], first: date, last: date, width: float = 640, height: float = 260) -> Plane:
    """The plane on which all scores of ``shown`` have a place: round steps, at most six, never beyond 0 and 100."""
    low, high = min(shown), max(shown)
    step = next((s for s in (1, 2, 5, 10, 20) if (high - low) <= 4 * s), 25)
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    if bottom == top:
        bottom, top = (bottom - step, top) if top == 100 else (bottom, top + step)
    return Plane(
        width=width,
        height=height,
        first=first,
        last=last,
        low_pct=float(max(bottom, 0)),
        high_pct=float(min(top, 100)),
        step_pct=float(step),
    )
