"""Calendar rules of schedules in words: the last working day of a month, the second Tuesday, every two weeks.

Each rule is a cron expression with the day rules of ``day_rules``; only the weeks that are left out need more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Any, Final, Literal, assert_never

LAST: Final = "last"


class CalendarRule(StrEnum):
    """Values of ``rule``."""

    LAST_DAY = "last_day"
    FIRST_WORKING_DAY = "first_working_day"
    LAST_WORKING_DAY = "last_working_day"
    NTH_WEEKDAY = "nth_weekday"
    EVERY_N_WEEKS = "every_n_weeks"


class Weekday(StrEnum):
    """Days of the week; its first three letters name the day in cron."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """One rule and the local time at which it is due. Working days are Monday to Friday; holidays are not known."""

    rule: CalendarRule
    time: time
    months: tuple[int, ...] = ()
    """1 to 12, ascending; empty for all. Not with ``every_n_weeks``."""
    nth: int | Literal["last"] = 1
    """1 to 5, or ``last``; with ``nth_weekday``. Months without a fifth one are left out."""
    weekdays: tuple[Weekday, ...] = ()
    """One with ``nth_weekday``, at least one with ``every_n_weeks``."""
    weeks: int = 1
    """Runs in every week that is a multiple of this many after the first; with ``every_n_weeks``."""

    @property
    def cron_text(self) -> str:
        """The cron expression with the same days and time; with ``every_n_weeks`` those of every week."""
        days = [weekday.value[:3].upper() for weekday in self.weekdays]
        month_day, week_day = "*", "*"
        match self.rule:
            case CalendarRule.LAST_DAY:
                month_day = "L"
            case CalendarRule.FIRST_WORKING_DAY:
                month_day = "1W"
            case CalendarRule.LAST_WORKING_DAY:
                month_day = "LW"
            case CalendarRule.NTH_WEEKDAY:
                week_day = f"{days[0]}L" if self.nth == LAST else f"{days[0]}#{self.nth}"
            case CalendarRule.EVERY_N_WEEKS:
                week_day = ",".join(days)
            case _:
                assert_never(self.rule)
        months = ",".join(map(str, self.months)) or "*"
        return f"{self.time.minute} {self.time.hour} {month_day} {months} {week_day}"

    @property
    def words(self) -> str:
        """``last working day of each month at 09:00``."""
        if self.rule is CalendarRule.EVERY_N_WEEKS:
            every = "each week" if self.weeks == 1 else f"every {self.weeks} weeks"
            what = f"{', '.join(day.value.capitalize() for day in self.weekdays)} of {every}"
            return f"{what} at {self.time:%H:%M}"
        days = {rule: rule.value.replace("_", " ") for rule in CalendarRule}
        if self.rule is CalendarRule.NTH_WEEKDAY:
            days[self.rule] = f"{_ORDINALS[self.nth]} {self.weekdays[0].value.capitalize()}"
        of = f"months {', '.join(map(str, self.months))}" if self.months else "each month"
        return f"{days[self.rule]} of {of} at {self.time:%H:%M}"


_ORDINALS: Final[Mapping[int | str, str]] = {
    1: "first",
    2: "second",
    3: "third",
    4: "fourth",
    5: "fifth",
    LAST: "last",
}


def calendar_from_json(stored: Mapping[str, Any]) -> Calendar:
    """The value of a checked ``calendar`` object of a request."""
    weekday = [stored["weekday"]] if stored.get("weekday") is not None else stored.get("weekdays") or []
    return Calendar(
        rule=CalendarRule(stored["rule"]),
        time=time.fromisoformat(stored["time"]),
        months=tuple(sorted(set(stored.get("months") or ()))),
        nth=stored.get("nth") or 1,
        weekdays=tuple(sorted({Weekday(day) for day in weekday}, key=list(Weekday).index)),
        weeks=stored.get("weeks") or 1,
    )
