"""The ``schedule`` object of a schedule: a cron expression or a calendar rule, in a zone, between two days."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from policycortex.errors import RequestError
from policycortex.field_types import Strict, ZoneName, refuse, zone_of
from policycortex.requests.body import one_of
from policycortex.scheduling.calendar_rules import CalendarRule, Weekday, calendar_from_json
from policycortex.scheduling.cron import parse_cron
from policycortex.scheduling.misfire import DEFAULT_GRACE, DEFAULT_POLICY, MisfirePolicy
from policycortex.scheduling.recurrence import Recurrence, recurrence_of

_LONGEST_GRACE: Final = int(timedelta(days=31).total_seconds())
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_DATE: Final = re.compile(r"2\d{3}-\d\d-\d\d", re.ASCII)
_FIELDS: Final = {
    CalendarRule.LAST_DAY: ("months",),
    CalendarRule.FIRST_WORKING_DAY: ("months",),
    CalendarRule.LAST_WORKING_DAY: ("months",),
    CalendarRule.NTH_WEEKDAY: ("months", "nth", "weekday"),
    CalendarRule.EVERY_N_WEEKS: ("weeks", "weekdays"),
}
"""Fields that go with each rule, besides ``time``; all but ``months`` are needed."""


def _check_time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise refuse("Must be a time of day from 00:00 to 23:59, such as 09:00")
    return value


def _check_date(value: str) -> str:
    if not _DATE.fullmatch(value):
        raise refuse("Must be a date, such as 2026-12-31")
    try:
        date.fromisoformat(value)
    except ValueError as error:
        raise refuse(f"Is not a real date ({error})") from None
    return value


_Time = Annotated[str, AfterValidator(_check_time)]
_Date = Annotated[str, AfterValidator(_check_date), Field(json_schema_extra={"format": "date"})]


class CalendarBody(Strict):
    """A rule in words instead of a cron expression. Working days are Monday to Friday; holidays are not known."""

    rule: CalendarRule = Field(examples=["last_working_day"])
    time: _Time = Field(examples=["09:00"], description="Time of day in the schedule's time zone")
    months: list[Annotated[int, Field(ge=1, le=12)]] | None = Field(
        default=None, min_length=1, max_length=12, description="Only these months, 1 to 12; by default all"
    )
    nth: Annotated[int, Field(ge=1, le=5)] | Literal["last"] | None = Field(
        default=None, description="For nth_weekday: 1 to 5 or last; months without a fifth one are left out"
    )
    weekday: Weekday | None = Field(default=None, description="For nth_weekday")
    weekdays: list[Weekday] | None = Field(default=None, min_length=1, max_length=7, description="For every_n_weeks")
    weeks: Annotated[int, Field(ge=1, le=52)] | None = Field(
        default=None, description="For every_n_weeks: 2 is every other week, counted from the week of start_date"
    )

    @field_validator("rule", mode="before")
    @classmethod
    def _rule(cls, value: object) -> object:
        return one_of(CalendarRule, value)

    @field_validator("weekday", mode="before")
    @classmethod
    def _weekday(cls, value: object) -> object:
        return None if value is None else one_of(Weekday, value)

    @field_validator("weekdays", mode="before")
    @classmethod
    def _weekdays(cls, value: object) -> object:
        return [one_of(Weekday, day) for day in value] if isinstance(value, list) else value

    @model_validator(mode="after")
    def _fields_fit(self) -> "CalendarBody":
        fitting = _FIELDS[self.rule]
        given = {name for name in ("months", "nth", "weekday", "weekdays", "weeks") if getattr(self, name) is not None}
        missing = [name for name in fitting if name not in given and name != "months"]
        if missing:
            raise refuse(f"{self.rule.value} needs {' and '.join(missing)}")
        if other := sorted(given.difference(fitting)):
            raise refuse(f"{' and '.join(other)} cannot be used with {self.rule.value}; omit it")
        return self


class TimingBody(Strict):
    """When the schedule runs: a cron expression of five fields or a calendar rule, in an IANA time zone."""

    cron: str | None = Field(default=None, max_length=256, examples=["0 9 1 * *"])
    calendar: CalendarBody | None = Field(default=None, description="Instead of cron")
    timezone: ZoneName = Field(default="UTC", examples=["America/New_York"])
    start_date: _Date | None = Field(
        default=None, examples=["2026-12-01"], description="First day on which it may run, in its time zone"
    )
    end_date: _Date | None = Field(
        default=None, examples=["2027-11-30"], description="Last day on which it may run, in its time zone"
    )
    misfire: MisfirePolicy = Field(default=DEFAULT_POLICY, description="How ticks missed in a downtime are handled")
    grace_seconds: int = Field(
        default=int(DEFAULT_GRACE.total_seconds()),
        ge=0,
        le=_LONGEST_GRACE,
        description="With misfire skip, a tick that is late by less still runs",
    )

    @field_validator("cron")
    @classmethod
    def _cron(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        try:
            cron = parse_cron(value)
        except RequestError as error:
            raise refuse(str(error)) from None
        least = info.context["min_interval_seconds"] if info.context is not None else 0
        if cron.shortest_interval_minutes * 60 < least:
            raise refuse(
                f"Runs every {cron.shortest_interval_minutes} minutes at times; the minimum here is {least / 60:g}"
            )
        return value

    @field_validator("end_date")
    @classmethod
    def _ends_after_start(cls, value: str | None, info: ValidationInfo) -> str | None:
        start = info.data.get("start_date")
        if value is not None and start is not None and value < start:
            raise refuse(f"Must not be before start_date, {start}")
        return value

    @field_validator("misfire", mode="before")
    @classmethod
    def _misfire(cls, value: object) -> object:
        return one_of(MisfirePolicy, value)

    @model_validator(mode="after")
    def _one_rule(self) -> "TimingBody":
        if (self.cron is None) == (self.calendar is None):
            raise refuse("Give either cron, such as 0 9 1 * *, or calendar")
        return self


def recurrence_in(checked: TimingBody, given: dict[str, Any], now: datetime) -> tuple[Recurrence, dict[str, Any]]:
    """The recurrence, and the object to store: as given, with macros expanded and the first week of every nth.

    Weeks are counted from the week of ``now`` if no start is given.
    """
    stored = dict(given)
    if checked.calendar is None:
        cron = parse_cron(checked.cron or "").text
        if (checked.cron or "").lstrip().startswith("@"):
            stored["cron"] = cron
    else:
        cron = calendar_from_json(stored["calendar"]).cron_text
        if checked.calendar.weeks is not None and checked.start_date is None:
            stored["start_date"] = now.astimezone(zone_of(checked.timezone)).date().isoformat()
    return recurrence_of(cron, checked.timezone, stored), stored
