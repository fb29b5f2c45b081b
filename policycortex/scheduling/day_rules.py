"""Days of a month that numbers cannot name: the last day, the last working day, the second Tuesday.

Written as in Quartz and other schedulers: ``L``, ``L-2``, ``LW`` and ``15W`` in the day of month, ``MON#1`` and
``FRIL`` in the day of week. Working days are Monday to Friday; holidays are not known.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, assert_never

_MONTH_DAY: Final = re.compile(r"L(?:-(?P<before>[1-9]|[12]\d|30))?|(?P<near>[1-9]|[12]\d|3[01])W|(?P<work>LW)")
_SATURDAY: Final = 6
_SUNDAY: Final = 0
_WEEK: Final = 7


class DayRuleKind(StrEnum):
    """Kinds of rules."""

    LAST = "last"
    LAST_WORKING_DAY = "last_working_day"
    NEAREST_WORKING_DAY = "nearest_working_day"
    NTH_WEEKDAY = "nth_weekday"
    LAST_WEEKDAY = "last_weekday"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRule:
    """A rule that names at most one day of each month."""

    kind: DayRuleKind
    number: int = 0
    """LAST: days before the last. NEAREST_WORKING_DAY: the day. NTH_WEEKDAY: 1 to 5."""
    weekday: int = 0
    """0 is Sunday, 6 Saturday."""

    def day_in(self, year: int, month: int) -> int | None:
        """The day of that month; None if the month has none, such as no fifth Monday or no 31st."""
        last = monthrange(year, month)[1]
        match self.kind:
            case DayRuleKind.LAST:
                day = last - self.number
            case DayRuleKind.LAST_WORKING_DAY:
                day = _nearest_working_day(year, month, last, last)
            case DayRuleKind.NEAREST_WORKING_DAY:
                day = _nearest_working_day(year, month, self.number, last) if self.number <= last else 0
            case DayRuleKind.NTH_WEEKDAY:
                first = 1 + (self.weekday - _weekday(year, month, 1)) % _WEEK
                day = first + (self.number - 1) * _WEEK
            case DayRuleKind.LAST_WEEKDAY:
                day = last - (_weekday(year, month, last) - self.weekday) % _WEEK
            case _:
                assert_never(self.kind)
        return day if 1 <= day <= last else None

    @property
    def possible_days(self) -> range:
        """Days of a month that the rule can name."""
        match self.kind:
            case DayRuleKind.LAST:
                return range(max(28 - self.number, 1), 32 - self.number)
            case DayRuleKind.LAST_WORKING_DAY:
                return range(26, 32)
            case DayRuleKind.NEAREST_WORKING_DAY:
                return range(max(self.number - 2, 1), min(self.number + 3, 32))
            case DayRuleKind.NTH_WEEKDAY:
                return range(self.number * _WEEK - 6, min(self.number * _WEEK, 31) + 1)
            case DayRuleKind.LAST_WEEKDAY:
                return range(22, 32)
        assert_never(self.kind)


def parse_month_day_rule(term: str) -> DayRule | None:
    """``L``, ``L-2``, ``LW`` or ``15W``; None for anything else."""
    found = re.fullmatch(_MONTH_DAY, term)
    if found is None:
        return None
    if found["work"]:
        return DayRule(kind=DayRuleKind.LAST_WORKING_DAY)
    if found["near"]:
        return DayRule(kind=DayRuleKind.NEAREST_WORKING_DAY, number=int(found["near"]))
    return DayRule(kind=DayRuleKind.LAST, number=int(found["before"] or 0))


def parse_weekday_rule(term: str, names: tuple[str, ...]) -> DayRule | None:
    """``MON#1``, ``1#1``, ``FRIL`` or ``5L``; None for anything else. ``names`` begin with Sunday's."""
    day_text, hash_sign, number_text = term.partition("#")
    if hash_sign and number_text in {"1", "2", "3", "4", "5"}:
        weekday = _weekday_of(day_text, names)
        return (
            DayRule(kind=DayRuleKind.NTH_WEEKDAY, number=int(number_text), weekday=weekday)
            if weekday is not None
            else None
        )
    weekday = _weekday_of(term.removesuffix("L"), names) if term.endswith("L") else None
    return DayRule(kind=DayRuleKind.LAST_WEEKDAY, weekday=weekday) if weekday is not None else None


def _weekday_of(text: str, names: tuple[str, ...]) -> int | None:
    if text in names:
        return names.index(text)
    return int(text) % _WEEK if len(text) == 1 and text in "01234567" else None


def _nearest_working_day(year: int, month: int, day: int, last: int) -> int:
    """Within the month: a Saturday's is Friday, a Sunday's Monday, unless that is in another month."""
    weekday = _weekday(year, month, day)
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == _SUNDAY:
        return day + 1 if day < last else day - 2
    return day


def _weekday(year: int, month: int, day: int) -> int:
    return date(year, month, day).isoweekday() % _WEEK
