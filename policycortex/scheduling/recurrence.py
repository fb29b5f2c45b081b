"""When a schedule is due: its cron expression, limited to every nth week and to its first and last day."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from policycortex.scheduling.calendar_rules import calendar_from_json
from policycortex.scheduling.cron import CronExpression, parse_cron
from policycortex.scheduling.ticks import ticks_after

_WEEK: Final = 7
_LATEST_END: Final = timedelta(days=2)
"""Local days begin and end at most this long before or after those of UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """The local minutes at which a schedule is due."""

    cron: CronExpression
    zone: ZoneInfo
    weeks: int = 1
    """Due only in weeks, from Monday to Sunday, that are a multiple of this many after the week of ``first_date``."""
    first_date: date | None = None
    """The first local day on which it may be due; None: any. Needed when ``weeks`` is not 1."""
    last_date: date | None = None
    """The last local day on which it may be due; None: any."""
    words: str = ""
    """Its calendar rule in words; "" for a cron expression."""

    @property
    def is_every_hour(self) -> bool:
        """As ``CronExpression.is_every_hour``."""
        return self.cron.is_every_hour

    @property
    def minutes_of_day(self) -> tuple[int, ...]:
        """As ``CronExpression.minutes_of_day``."""
        return self.cron.minutes_of_day

    def matches_date(self, day: date) -> bool:
        """Whether it is due on that local day."""
        if self.first_date is not None and day < self.first_date:
            return False
        if self.last_date is not None and day > self.last_date:
            return False
        return self._is_in_week(day) and self.cron.matches_date(day)

    def ticks_after(self, after: datetime) -> Iterator[datetime]:
        """Ticks later than ``after``, ascending, in UTC; they end with ``last_date``, and after 40 years at most."""
        if self.first_date is not None:
            # no tick of the first day is earlier in any zone, so nothing before it is searched
            after = max(after, _midnight(self.first_date) - _LATEST_END)
        until = _midnight(self.last_date) + timedelta(days=1) + _LATEST_END if self.last_date is not None else None
        return ticks_after(self, self.zone, after, until=until)

    def ticks_between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Ticks in ``(after, until]``, ascending, in UTC."""
        for tick in self.ticks_after(after):
            if tick > until:
                return
            yield tick

    def next_runs(self, after: datetime, count: int) -> tuple[datetime, ...]:
        """The next ``count`` ticks, in UTC; fewer if it ends before."""
        return tuple(islice(self.ticks_after(after), count))

    @property
    def description(self) -> str:
        """``last working day of each month at 09:00, Europe/Berlin, from 2026-12-01, until 2027-11-30``."""
        first = f", from {self.first_date}" if self.first_date is not None else ""
        last = f", until {self.last_date}" if self.last_date is not None else ""
        return f"{self.words or self.cron.text}, {self.zone.key}{first}{last}"

    def _is_in_week(self, day: date) -> bool:
        if self.weeks == 1 or self.first_date is None:
            return True
        return (_monday(day) - _monday(self.first_date)).days // _WEEK % self.weeks == 0


def recurrence_of(cron: str, timezone: str, stored: Mapping[str, Any]) -> Recurrence:
    """The recurrence of a schedule's row: its columns, and the ``schedule`` object of its body."""
    calendar = calendar_from_json(stored["calendar"]) if stored.get("calendar") is not None else None
    return Recurrence(
        cron=parse_cron(cron),
        zone=ZoneInfo(timezone),
        weeks=calendar.weeks if calendar is not None else 1,
        first_date=_date(stored.get("start_date")),
        last_date=_date(stored.get("end_date")),
        words=calendar.words if calendar is not None else "",
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text is not None else None
