"""The body of a request for a backfill, and the checked value."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from policycortex.field_types import Strict, did_you_mean, refuse
from policycortex.period import FIRST_DAY
from policycortex.requests.parsing import validated


def _parse_day(value: object) -> date:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else _refuse_day(value)
    except ValueError:
        return _refuse_day(value)


def _refuse_day(value: object) -> date:
    raise refuse(f"Must be a day as YYYY-MM-DD, got {value!r}")


Day = Annotated[date, BeforeValidator(_parse_day), WithJsonSchema({"type": "string", "format": "date"})]


class BackfillBody(Strict):
    """Body of ``POST /v1/backfills``."""

    start: Day = Field(description="First UTC day", examples=["2024-01-01"])
    end: Day = Field(description="Last UTC day, included", examples=["2024-12-31"])
    frameworks: list[str] = Field(
        default=[],
        max_length=50,
        examples=[["soc2", "hipaa"]],
        description="Also make the monthly reports of each whole closed month for these frameworks of the organisation",
    )

    @field_validator("start")
    @classmethod
    def _within(cls, value: date, info: ValidationInfo) -> date:
        if value < FIRST_DAY:
            raise refuse(f"Must not be before {FIRST_DAY}")
        if value > _given(info)["today"]:
            raise refuse("Must not be in the future")
        return value

    @field_validator("end")
    @classmethod
    def _after_start(cls, value: date, info: ValidationInfo) -> date:
        if value > _given(info)["today"]:
            raise refuse("Must not be in the future")
        if "start" in info.data and value < info.data["start"]:
            raise refuse("Must not be before the start")
        return value

    @field_validator("frameworks")
    @classmethod
    def _known(cls, values: list[str], info: ValidationInfo) -> list[str]:
        known: Collection[str] = _given(info)["frameworks"]
        for value in values:
            if value not in known:
                hint = did_you_mean(value, known) or f"; known are {', '.join(known)}"
                raise refuse(f"No framework {value!r}{hint}")
        return list(dict.fromkeys(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRequest:
    """Days to recalculate, both included, and the frameworks of the monthly reports."""

    start: date
    end: date
    frameworks: tuple[str, ...]


def parse_backfill(body: Mapping[str, Any], *, today: date, frameworks: Collection[str]) -> BackfillRequest:
    """The request in ``body``. Raises RequestError whose details name every problem at once."""
    checked = validated(BackfillBody, body, context={"today": today, "frameworks": frameworks})
    return BackfillRequest(start=checked.start, end=checked.end, frameworks=tuple(checked.frameworks))


def _given(info: ValidationInfo) -> Mapping[str, Any]:
    given: Mapping[str, Any] = info.context or {}
    return given
