"""Names of periods and of reports: ``2026-Q3``, ``soc2 audit``. Partition keys of Dagster, and what people type.

Nothing is read or written here. What a key asks for is made by ``policycortex.workflow.period_reports``.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from policycortex.errors import Problem, RequestError
from policycortex.names import ANY_FRAMEWORK, DEFAULT_ORGANIZATION, DateRangeType, ReportType
from policycortex.period import Period, resolve_period, whole_months, zone_name, zone_of_name
from policycortex.requests.model import ReportRequest
from policycortex.scope import Scope, TagFilter

_YEAR: Final = re.compile(r"(\d{4})")
_QUARTER: Final = re.compile(r"(\d{4})-Q([1-4])")
_MONTH: Final = re.compile(r"(\d{4}-\d\d)")
_DAYS: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?")
_FORMS: Final = (
    "2026, 2026-Q3, 2026-07, 2026-07-31 or 2026-07-01..2026-09-30, with a time zone after a space if not UTC"
)
_LONGEST_LIMITS: Final = 60
_UNNAMED: Final = {"environments", "cloud_providers", "accounts"}


class Split(StrEnum):
    """How a period is cut into several reports."""

    NONE = "none"
    MONTH = "month"
    QUARTER = "quarter"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportKind:
    """Which report: of whose findings, for which framework, for which purpose."""

    organization: str
    framework: str | None
    """Several have a plus between them, ``soc2+hipaa``; None: all findings."""
    type: ReportType

    @property
    def key(self) -> str:
        """``soc2 audit``, or ``soc2 audit acme`` for an organisation that is not the default one."""
        words = [self.framework or ANY_FRAMEWORK, self.type.value]
        return " ".join(words + ([self.organization] if self.organization != DEFAULT_ORGANIZATION else []))


def kind_of_key(key: str) -> ReportKind:
    """The kind that ``ReportKind.key`` wrote, or that a person typed. Raises RequestError on other text."""
    framework, _, rest = key.strip().partition(" ")
    word, _, organization = rest.partition(" ")
    if word not in list(ReportType):
        known = ", ".join(ReportType)
        raise _refused("report", f"{key!r} is no kind of report: write a framework and a type ({known}), as soc2 audit")
    return ReportKind(
        organization=organization or DEFAULT_ORGANIZATION,
        framework=None if framework == ANY_FRAMEWORK else framework,
        type=ReportType(word),
    )


def period_of_key(key: str) -> Period:
    """The period that a key or a person names: ``2026-Q3``, ``2026-07 Europe/Berlin``. Raises RequestError."""
    days, _, zone_text = key.strip().partition(" ")
    if not any(form.fullmatch(days) for form in (_QUARTER, _MONTH, _YEAR, _DAYS)):
        raise _refused("period", f"{key!r} is no period: write {_FORMS}")
    try:
        zone = zone_of_name(zone_text or "UTC")
        if found := _QUARTER.fullmatch(days):
            last_month = date(int(found[1]), 3 * int(found[2]), 1)
            return Period.of_days(
                last_month.replace(month=last_month.month - 2), Period.of_month(last_month).last_date, zone
            )
        if found := _MONTH.fullmatch(days):
            return Period.of_month(date.fromisoformat(f"{found[1]}-01"), zone)
        if found := _YEAR.fullmatch(days):
            return Period.of_days(date(int(found[1]), 1, 1), date(int(found[1]), 12, 31), zone)
        first, _, last = days.partition("..")
        return Period.of_days(date.fromisoformat(first), date.fromisoformat(last or first), zone)
    except (ValueError, ZoneInfoNotFoundError, OverflowError) as error:
        raise _refused("period", f"{key!r} is no period: {error.args[0]}") from None


def period_of_words(words: str, *, now: datetime, zone: str = "UTC") -> Period:
    """The same, and words relative to ``now``, such as ``last_quarter``. ``zone`` is used where the text has none."""
    if words not in list(DateRangeType):
        return period_of_key(words if zone == "UTC" or " " in words.strip() else f"{words} {zone}")
    try:
        return resolve_period(DateRangeType(words), now=now, zone=ZoneInfo(zone))
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise _refused("timezone", f"{zone!r} is no time zone: {error}") from None


def key_of_period(period: Period) -> str:
    """The shortest name of whole days: year, quarter, month, or both days; the zone follows where it is not UTC."""
    first, last = period.first_date, period.last_date
    months = whole_months(first, last)
    key = f"{first}..{last}" if first != last else f"{first}"
    if months and months[0] == first and Period.of_month(months[-1]).last_date == last:
        match len(months), first.month:
            case 12, 1:
                key = f"{first.year}"
            case 3, 1 | 4 | 7 | 10:
                key = f"{first.year}-Q{(first.month + 2) // 3}"
            case 1, _:
                key = f"{first:%Y-%m}"
    return key if period.timezone == "UTC" else f"{key} {period.timezone}"


def split_period(period: Period, split: Split) -> Iterator[Period]:
    """The period itself, or its whole months or whole calendar quarters, in order."""
    if split is Split.NONE:
        yield period
        return
    months = whole_months(period.first_date, period.last_date)
    length = 1 if split is Split.MONTH else 3
    starts = [n for n, month in enumerate(months) if (month.month - 1) % length == 0 and n + length <= len(months)]
    for n in starts:
        yield Period.of_days(months[n], Period.of_month(months[n + length - 1]).last_date, period.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodParts:
    """The periods of reports that a person asks for with one text, and what of it is in none of them."""

    parts: tuple[Period, ...]
    left_out: tuple[str, ...]
    """Days and the reason, for the log."""


def parts_of_words(words: str, split: Split, *, now: datetime, zone: str = "UTC") -> PeriodParts:
    """The period of ``words``, cut as ``split`` says; parts that have not begun are left out.

    Raises RequestError for text that is no period, and where nothing remains.
    """
    period = period_of_words(words, now=now, zone=zone)
    whole = tuple(split_period(period, split))
    begun = tuple(part for part in whole if part.start < now or split is Split.NONE)
    if not begun:
        reason = "has not begun" if whole else f"has no whole {split}"
        raise _refused("periods", f"{words!r} {reason}, so no report can be made of it")
    return PeriodParts(parts=begun, left_out=tuple(_left_out(period, whole, begun, split)))


def _left_out(period: Period, whole: Sequence[Period], begun: Sequence[Period], split: Split) -> Iterator[str]:
    day, first, last = timedelta(days=1), whole[0].first_date, whole[-1].last_date
    if first > period.first_date:
        yield f"{period.first_date} to {first - day} is no whole {split}"
    if last < period.last_date:
        yield f"{last + day} to {period.last_date} is no whole {split}"
    if len(begun) < len(whole):
        yield f"{whole[len(begun)].first_date} to {last} has not begun"


def partition_key_of(request: ReportRequest) -> str:
    """Dagster's partition of a requested report: ``2026-07-01..2026-09-30 soc2 audit``, then what limits it.

    Two reports share a key only if organisation, period, framework, type and scope are the same: the newest is shown.
    """
    period, scope = request.period, request.scope
    kind = ReportKind(organization=scope.organization, framework=request.framework, type=request.type)
    times = "" if period.is_whole_days else f"{period.start:%H:%M:%S}..{period.end:%H:%M:%S}"
    zone = "" if period.zone == UTC else zone_name(period.zone)
    return " ".join(part for part in (period.partition_key, times, zone, kind.key, _limits(scope)) if part)


def _limits(scope: Scope) -> str:
    """The values of all filters; a digest in place of long lists."""
    values = {field.name: getattr(scope, field.name) for field in fields(scope) if field.name != "organization"}
    set_values = {name: value for name, value in values.items() if value}
    text = "+".join(_words(set_values))
    text = re.sub(r"[|\x00-\x1f]|\.\.\.", "_", text)
    if len(text) <= _LONGEST_LIMITS:
        return text
    return f"scope-{hashlib.sha256(repr(sorted(set_values.items())).encode()).hexdigest()[:12]}"


def _words(values: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """Each value; with the name of its filter where that is not one of the first three, whose keys exist already."""
    for name, given in values.items():
        for value in given:
            if isinstance(value, TagFilter):
                yield f"tag {value.key}={','.join(value.values)}"
            else:
                yield value if name in _UNNAMED else f"{name}={value}"


def _refused(field: str, message: str) -> RequestError:
    return RequestError(message, details=(Problem(field=field, message=message),))
