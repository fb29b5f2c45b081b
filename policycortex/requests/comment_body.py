"""The body of a comment on a requirement, for the API and the command line, and the checked value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import Field, ValidationInfo, field_validator

from policycortex.field_types import Line, Moment, Strict, Text, did_you_mean, refuse, without_outer_blanks
from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.requests.approval_body import ROLE_TEXT, Role, known_framework, known_frameworks, request_context
from policycortex.requests.parsing import validated

_LONGEST: Final = 4000
"""Characters of a comment."""


class CommentBody(Strict):
    """Body of ``POST /v1/comments``."""

    framework: str = Field(examples=["soc2"])
    requirement: Annotated[Line, Field(max_length=1000)] = Field(
        examples=["CC6.1"], description="In any accepted spelling"
    )
    text: Annotated[Text, Field(max_length=_LONGEST)] = Field(
        examples=["Sampled five of the twelve buckets; all are private."],
        description="Plain text; it cannot be changed later",
        json_schema_extra={"minLength": 1, "pattern": r"\S"},
    )
    as_of: Moment | None = Field(
        default=None,
        examples=["2026-10-31T23:59:59Z"],
        description="The time that the comment is about; 23:59:59 means the end of its day. Reports whose period has it"
        " show the comment; absent: now, for an auditor at most the end of the grant's period",
    )
    role: Role = Field(default=None, description=ROLE_TEXT, examples=["Lead auditor"])

    @field_validator("framework")
    @classmethod
    def _known(cls, value: str, info: ValidationInfo) -> str:
        return known_framework(value, info)

    @field_validator("requirement")
    @classmethod
    def _requirement(cls, value: str, info: ValidationInfo) -> str:
        if "framework" not in info.data:  # it was refused
            return value
        framework = known_frameworks(info)[info.data["framework"]]
        found = framework.requirement_by_spelling().get(value.casefold())
        if found is None:
            ids = [requirement.id for requirement in framework.requirements]
            raise refuse(f"No requirement {value!r} of {framework.id}{did_you_mean(value, ids)}")
        return found

    @field_validator("text")
    @classmethod
    def _text(cls, value: str) -> str:
        return without_outer_blanks(value)

    @field_validator("as_of")
    @classmethod
    def _past(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        if value is not None and value > (info.context or {})["now"]:
            raise refuse("Must not be in the future")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRequest:
    """A checked comment."""

    framework: str
    requirement: str
    """Canonical id."""
    text: str
    as_of: datetime | None
    """UTC; None: not given."""
    role: str | None


def parse_comment(
    body: Mapping[str, Any],
    *,
    now: datetime,
    frameworks: Mapping[str, Framework],
    model: type[CommentBody] = CommentBody,
) -> CommentRequest:
    """The comment in ``body``, a ``model``. Raises RequestError whose details name every problem at once."""
    checked = validated(model, body, context=request_context(frameworks, now))
    return CommentRequest(
        framework=checked.framework,
        requirement=checked.requirement,
        text=checked.text,
        as_of=None if checked.as_of is None else min(_end_of_day(checked.as_of), now),
        role=checked.role,
    )


def _end_of_day(moment: datetime) -> datetime:
    """As periods read their ends."""
    return Period.as_given(moment - timedelta(days=1), moment).end
