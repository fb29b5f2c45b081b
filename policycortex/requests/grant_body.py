"""The body of a request for a grant, and the checked value."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import Field, ValidationInfo, field_validator

from policycortex.field_types import Email, Line, Moment, Strict, Text, refuse, without_outer_blanks
from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.requests.approval_body import known_framework, request_context
from policycortex.requests.parsing import validated

LONGEST: Final = timedelta(days=366)
"""A grant for a longer time is made again, so that somebody decides on it."""


class GrantBody(Strict):
    """Body of ``POST /v1/grants``."""

    name: Annotated[Line, Field(min_length=1, max_length=200)] = Field(
        examples=["Grace Hopper, Example Audit LLP"], description="Who the auditor is; the audit log names the grant"
    )
    frameworks: Annotated[list[str], Field(min_length=1, max_length=20)] = Field(
        examples=[["soc2"]], description="Ids of the frameworks that may be seen"
    )
    start: Moment = Field(examples=["2026-10-01T00:00:00Z"], description="Of the period that may be seen; inclusive")
    end: Moment = Field(examples=["2026-10-31T23:59:59Z"], description="Exclusive; 23:59:59 means the end of its day")
    expires_at: Moment = Field(description="The grant ends by itself at this time, within 366 days")
    email: Email | None = Field(
        default=None, description="The auditor's address at the identity provider, which may then sign in without link"
    )
    note: Annotated[Text, Field(max_length=1000)] = Field(default="", description="Why, for the audit log's readers")

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return without_outer_blanks(value)

    @field_validator("frameworks")
    @classmethod
    def _frameworks(cls, value: list[str], info: ValidationInfo) -> list[str]:
        return [known_framework(each, info) for each in value]

    @field_validator("end")
    @classmethod
    def _end(cls, value: datetime, info: ValidationInfo) -> datetime:
        if "start" in info.data and value <= info.data["start"]:
            raise refuse("Must be after start")
        return value

    @field_validator("expires_at")
    @classmethod
    def _expires(cls, value: datetime, info: ValidationInfo) -> datetime:
        now: datetime = (info.context or {})["now"]
        if not now < value <= now + LONGEST:
            raise refuse("Must be in the future, and at most 366 days away")
        return value

    def period(self) -> Period:
        """What may be seen."""
        return Period.as_given(self.start, self.end)


def parse_grant(body: Mapping[str, Any], *, now: datetime, frameworks: Mapping[str, Framework]) -> GrantBody:
    """The checked body. Raises RequestError that names every problem."""
    return validated(GrantBody, body, context=request_context(frameworks, now))
