"""Parses cron expressions of five fields strictly: an ambiguous expression is refused.

The libraries accept more than users mean: croniter accepts ``R R * * *`` and six fields, cronsim treats ``*/2`` as no
restriction of the day. Therefore the grammar is our own: numbers, names, lists, ranges, steps, macros, and the rules
of ``day_rules`` such as ``L`` and ``MON#1``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Final

from policycortex.errors import Problem, RequestError
from policycortex.scheduling.day_rules import DayRule, DayRuleKind, parse_month_day_rule, parse_weekday_rule

MACROS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_MAX_LENGTH: Final = 256
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_DAYS_IN_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_RULES_OF: Final = {
    "day of month": ", L (last day), L-2, LW (last working day), 15W (nearest working day)",
    "day of week": ", MON#1 (first Monday), FRIL (last Friday)",
}
_DAY_MINUTES: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True, kw_only=True)  # no slots: the cached properties need a dict
class CronExpression:
    """The local minutes at which a schedule is due. No set is empty, unless the field has rules."""

    text: str
    """Five fields in upper case, separated by one space; macros are expanded."""
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday, 6 Saturday."""
    is_day_or_weekday: bool
    """Neither day field holds a plain ``*``: a date matches if one of them matches."""
    day_rules: frozenset[DayRule] = frozenset()
    weekday_rules: frozenset[DayRule] = frozenset()

    @property
    def plain_text(self) -> str:
        """The same as lists of numbers, which every cron reads alike: Dagster reads ``5-5`` as every day.

        Rules become all days that they can name, so that it may name more days than are due.
        """
        parts = self.text.split(" ")
        days = self.days.union(*(rule.possible_days for rule in self.day_rules))
        weekdays = self.weekdays.union(rule.weekday for rule in self.weekday_rules)
        sets = (self.minutes, self.hours, days, self.months, weekdays)
        return " ".join(
            "*" if "*" in part.split(",") else ",".join(map(str, sorted(values)))
            for part, values in zip(parts, sets, strict=True)
        )

    @property
    def is_every_hour(self) -> bool:
        """Every hour is named. Such a schedule follows real hours when clocks change."""
        return len(self.hours) == 24

    @cached_property
    def minutes_of_day(self) -> tuple[int, ...]:
        """Minutes after midnight of a matching day, ascending."""
        return tuple(hour * 60 + minute for hour in sorted(self.hours) for minute in sorted(self.minutes))

    def matches_date(self, day: date) -> bool:
        """Day of month OR day of week if neither is ``*``, as in cron and Dagster; else AND."""
        if day.month not in self.months:
            return False
        in_month = day.day in self.days or _is_named(self.day_rules, day)
        in_week = day.isoweekday() % 7 in self.weekdays or _is_named(self.weekday_rules, day)
        if self.is_day_or_weekday:
            return in_month or in_week
        return in_month and in_week

    @cached_property
    def shortest_interval_minutes(self) -> int:
        """Shortest time between two ticks, without clock changes."""
        times = self.minutes_of_day
        between = [later - earlier for earlier, later in pairwise(times)]
        overnight = times[0] + _DAY_MINUTES - times[-1]
        if self._has_neighbouring_days:
            between.append(overnight)
        return min(between, default=overnight)

    @cached_property
    def _has_neighbouring_days(self) -> bool:
        # four years contain all pairs of neighbouring dates that matter: month ends and the leap day
        days = (date.fromordinal(n) for n in range(date(2024, 1, 1).toordinal(), date(2028, 1, 2).toordinal()))
        return any(a and b for a, b in pairwise([self.matches_date(day) for day in days]))


def parse_cron(text: str, *, field: str = "schedule.cron") -> CronExpression:
    """The expression. Raises RequestError; its detail under ``field`` states the problem and a remedy."""
    parts = _split(text, field)
    day_rules, days_text = _split_rules(parts[2], parse_month_day_rule)
    weekday_rules, weekdays_text = _split_rules(parts[4], lambda term: parse_weekday_rule(term, _WEEKDAYS))
    texts = (parts[0], parts[1], days_text, parts[3], weekdays_text)
    sets = [_parse_field(terms, kind, field) for terms, kind in zip(texts, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = sets
    is_day_or_weekday = not any("*" in part.split(",") for part in (parts[2], parts[4]))
    expression = CronExpression(
        text=" ".join(parts),
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        is_day_or_weekday=is_day_or_weekday,
        day_rules=day_rules,
        weekday_rules=weekday_rules,
    )
    if not is_day_or_weekday:
        _check_is_ever_due(expression, field)
    return expression


def _split(text: str, field: str) -> list[str]:
    if len(text) > _MAX_LENGTH or not text.isascii():
        raise _refusal(field, "A cron expression is ASCII text of at most 256 characters")
    plain = text.strip()
    if plain.startswith("@"):
        if plain.lower() not in MACROS:
            raise _refusal(field, f"{plain!r} is not a macro; known macros: {', '.join(MACROS)}")
        plain = MACROS[plain.lower()]
    parts = plain.upper().split()
    if len(parts) != 5:
        raise _refusal(
            field,
            f"{text!r} has {len(parts)} fields; write five: minute, hour, day of month, month, day of week,"
            " such as 0 9 1 * *",
        )
    return parts


def _split_rules(part: str, parse: Callable[[str], DayRule | None]) -> tuple[frozenset[DayRule], str | None]:
    """The rules among the terms, and the other terms; None if there are only rules."""
    rules = {term: rule for term in part.split(",") if (rule := parse(term)) is not None}
    others = [term for term in part.split(",") if term not in rules]
    return frozenset(rules.values()), ",".join(others) if others else None


def _check_is_ever_due(cron: CronExpression, field: str) -> None:
    """Raises RequestError if every day it names is later than the last of its months."""
    if any(rule.kind is not DayRuleKind.NEAREST_WORKING_DAY for rule in cron.day_rules):
        return
    first = min(cron.days.union(rule.number for rule in cron.day_rules))
    if first > max(_DAYS_IN_MONTH[month - 1] for month in cron.months):
        raise _refusal(field, f"{cron.text!r} is never due: no month that it names has a day {first}")


def _is_named(rules: frozenset[DayRule], day: date) -> bool:
    return any(rule.day_in(day.year, day.month) == day.day for rule in rules)


def _parse_field(part: str | None, kind: _Field, field: str) -> frozenset[int]:
    if part is None:
        return frozenset()
    values: set[int] = set()
    for term in part.split(","):
        values |= _parse_term(term, kind, field)
    return frozenset(values)


def _parse_term(term: str, kind: _Field, field: str) -> set[int]:
    span, slash, step_text = term.partition("/")
    if span == "*":
        # weekday 7 is Sunday again; with a step, a star must not count it twice
        first, last = kind.first, kind.last - (kind.last == 7)
    elif "-" in span:
        first, last = _parse_range(span, kind, field)
    else:
        first = last = _parse_value(span, kind, field)
        if slash:
            raise _refusal(
                field, f"The {kind.name} {term!r} has a step but no range; write {first}-{kind.last}/{step_text}"
            )
    if not slash:
        return set(range(first, last + 1))
    step = int(step_text) if step_text.isdigit() else 0
    if not 0 < step <= max(last - first, 1):
        raise _refusal(field, f"The step of the {kind.name} {term!r} must be from 1 to {max(last - first, 1)}")
    return set(range(first, last + 1, step))


def _parse_range(span: str, kind: _Field, field: str) -> tuple[int, int]:
    start, end = span.split("-", maxsplit=1)
    first, last = _parse_value(start, kind, field), _parse_value(end, kind, field)
    if kind.names == _WEEKDAYS and end == "SUN" and first > 0:
        last = 7  # FRI-SUN ends on the Sunday that follows
    if last < first:
        raise _refusal(field, f"The {kind.name} {span!r} ends before it begins; write two ranges with a comma")
    return first, last


def _parse_value(text: str, kind: _Field, field: str) -> int:
    if text in kind.names:
        return kind.names.index(text) + kind.first
    if not text.isdigit() or len(text) > 4:
        names = f" or {kind.names[0]}-{kind.names[-1]}" if kind.names else ""
        raise _refusal(
            field,
            f"The {kind.name} {text!r} is not valid; use {kind.first}-{kind.last}{names}, *, lists, ranges, steps"
            f"{_RULES_OF.get(kind.name, '')}",
        )
    value = int(text)
    if not kind.first <= value <= kind.last:
        raise _refusal(field, f"The {kind.name} {value} does not exist; it must be from {kind.first} to {kind.last}")
    return value


def _refusal(field: str, message: str) -> RequestError:
    return RequestError(message, details=(Problem(field=field, message=message),))
