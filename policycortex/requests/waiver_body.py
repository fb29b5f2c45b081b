"""The body of a request for a waiver, for the API and the command line, and the checked value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from policycortex.field_types import Line, Moment, Strict, Text, did_you_mean, refuse
from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.requests.parsing import validated
from policycortex.scoring.waivers import WaiverScope

_LONGEST: Final = timedelta(days=3 * 366)
"""Accepted findings must be reviewed at least every three years."""

_Name = Annotated[Line, Field(max_length=1000)]


class WaiverScopeBody(Strict):
    """Which failing findings are accepted: all that match every given field. A framework alone is not enough."""

    framework: str | None = Field(default=None, examples=["soc2"])
    requirement: _Name | None = Field(default=None, examples=["CC6.1"], description="In any accepted spelling")
    check: _Name | None = Field(default=None, examples=["s3_bucket_public_access"])
    account: _Name | None = Field(default=None, examples=["111122223333"])
    resource: _Name | None = Field(
        default=None,
        examples=["arn:aws:s3:::public-site-*"],
        description="A case-sensitive glob over the resource's uid: `*`, `?`, `[...]`",
    )

    @field_validator("framework")
    @classmethod
    def _known(cls, value: str | None, info: ValidationInfo) -> str | None:
        known = _frameworks(info)
        if value is not None and value not in known:
            raise refuse(f"Unknown framework {value!r}{did_you_mean(value, known) or '; GET /v1/frameworks lists all'}")
        return value

    @field_validator("requirement")
    @classmethod
    def _requirement(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or info.data.get("framework", "") == "":  # "": the framework itself was refused
            return value
        framework_id = info.data["framework"]
        searched = [_frameworks(info)[framework_id]] if framework_id else list(_frameworks(info).values())
        found = {framework.requirement_by_spelling().get(value.casefold()) for framework in searched} - {None}
        if len(found) > 1:
            raise refuse(f"{value!r} names different requirements; add the framework")
        if not found:
            ids = [requirement.id for framework in searched for requirement in framework.requirements]
            raise refuse(f"No requirement {value!r} of {framework_id or 'any framework'}{did_you_mean(value, ids)}")
        return found.pop()

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not any((self.requirement, self.check, self.account, self.resource)):
            raise refuse(
                "Name at least one of requirement, check, account and resource: a waiver cannot cover everything"
            )
        return self


class WaiverBody(Strict):
    """Body of ``POST /v1/waivers``."""

    model_config = ConfigDict(populate_by_name=False)

    scope: WaiverScopeBody
    reason: Text = Field(
        max_length=2000,
        examples=["The site is public on purpose; reviewed with the data owner"],
        json_schema_extra={"minLength": 1, "pattern": r"\S"},
    )
    valid_from: Moment | None = Field(default=None, alias="from", description="Inclusive; now unless given")
    valid_until: Moment = Field(
        alias="until", description="Exclusive; 23:59:59 means the end of its day. Three years at most"
    )

    @field_validator("reason")
    @classmethod
    def _reason(cls, value: str) -> str:
        if not value.strip():
            raise refuse("Give the reason: auditors read it")
        return value.strip()

    @field_validator("valid_until")
    @classmethod
    def _spans(cls, value: datetime, info: ValidationInfo) -> datetime:
        start = info.data.get("valid_from") or (info.context or {}).get("now")
        if "valid_from" in info.data and start is not None and value <= start:
            raise refuse("Must be after from, which is now unless given")
        if "valid_from" in info.data and start is not None and value - start > _LONGEST:
            raise refuse("A waiver is valid for three years at most; renew it then")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRequest:
    """A checked request."""

    scope: WaiverScope
    reason: str
    valid: Period


def parse_waiver(body: Mapping[str, Any], *, now: datetime, frameworks: Mapping[str, Framework]) -> WaiverRequest:
    """The request in ``body``. Raises RequestError whose details name every problem at once."""
    checked = validated(WaiverBody, body, context={"now": now, "frameworks": frameworks})
    return WaiverRequest(
        scope=WaiverScope(**checked.scope.model_dump()),
        reason=checked.reason,
        valid=Period.as_given(checked.valid_from or now, checked.valid_until),
    )


def _frameworks(info: ValidationInfo) -> Mapping[str, Framework]:
    if info.context is None:
        raise RuntimeError("validation needs a context; use parse_waiver")
    known: Mapping[str, Framework] = info.context["frameworks"]
    return known
