"""The request for a waiver: its body as people send it, and the value that is kept. The API's door and the CLI's."""

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
"""An acceptance that nobody looks at for three years is no longer a decision."""

_Name = Annotated[Line, Field(max_length=1000)]


class WaiverScopeBody(Strict):
    """Which failing findings are accepted: all that match every field given. A framework alone is too much."""

    framework: str | None = Field(default=None, examples=["soc2"])
    requirement: _Name | None = Field(default=None, examples=["CC6.1"], description="In any of its spellings")
    check: _Name | None = Field(default=None, examples=["s3_bucket_public_access"])
    account: _Name | None = Field(default=None, examples=["111122223333"])
    resource: _Name | None = Field(
        default=None,
        examples=["arn:aws:s3:::public-site-*"],
        description="A glob over the resource's uid: `*`, `?`, `[...]`; with regard to case",
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
    def _spelled(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or info.data.get("framework", "") == "":  # "": the framework itself was refused
            return value
        asked = info.data["framework"]
        where = [_frameworks(info)[asked]] if asked else list(_frameworks(info).values())
        found = {framework.requirement_by_spelling().get(value.casefold()) for framework in where} - {None}
        if len(found) > 1:
            raise refuse(f"{value!r} stands for different requirements; name the framework too")
        if not found:
            ids = [requirement.id for framework in where for requirement in framework.requirements]
            raise refuse(f"No requirement {value!r} of {asked or 'any framework'}{did_you_mean(value, ids)}")
        return found.pop()

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not any((self.requirement, self.check, self.account, self.resource)):
            raise refuse(
                "Name at least one of requirement, check, account and resource: a waiver is not for everything"
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
        alias="until", description="Exclusive; 23:59:59 stands for the end of its day. Three years at most"
    )

    @field_validator("reason")
    @classmethod
    def _said(cls, value: str) -> str:
        if not value.strip():
            raise refuse("Say why it is accepted: an auditor will read it")
        return value.strip()

    @field_validator("valid_until")
    @classmethod
    def _spans(cls, value: datetime, info: ValidationInfo) -> datetime:
        start = info.data.get("valid_from") or (info.context or {}).get("now")
        if "valid_from" in info.data and start is not None and value <= start:
            raise refuse("Must be after from, which is now unless given")
        if "valid_from" in info.data and start is not None and value - start > _LONGEST:
            raise refuse("A waiver holds for three years at most; renew it then")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRequest:
    """A checked request."""

    scope: WaiverScope
    reason: str
    valid: Period


def parse_waiver(body: Mapping[str, Any], *, now: datetime, frameworks: Mapping[str, Framework]) -> WaiverRequest:
    """The request that ``body`` makes. Raises RequestError whose details name every problem at once."""
    checked = validated(WaiverBody, body, context={"now": now, "frameworks": frameworks})
    return WaiverRequest(
        scope=WaiverScope(**checked.scope.model_dump()),
        reason=checked.reason,
        valid=Period.as_given(checked.valid_from or now, checked.valid_until),
    )


def _frameworks(info: ValidationInfo) -> Mapping[str, Framework]:
    if info.context is None:
        raise RuntimeError("a waiver is validated by parse_waiver, which says what is known")
    known: Mapping[str, Framework] = info.context["frameworks"]
    return known
