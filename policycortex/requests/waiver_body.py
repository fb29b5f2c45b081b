"""The body of a request for a waiver, for the API and the command line, and the checked value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from policycortex.field_types import Line, Strict, did_you_mean, refuse
from policycortex.frameworks.model import Framework
from policycortex.names import Severity
from policycortex.period import Period
from policycortex.requests.approval_body import ApprovalBody, known_framework, known_frameworks, request_context
from policycortex.requests.body import one_of
from policycortex.requests.parsing import validated
from policycortex.scoring.waivers import WaiverKind, WaiverScope

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
        return None if value is None else known_framework(value, info)

    @field_validator("requirement")
    @classmethod
    def _requirement(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or info.data.get("framework", "") == "":  # "": the framework itself was refused
            return value
        framework_id = info.data["framework"]
        searched = [known_frameworks(info)[framework_id]] if framework_id else list(known_frameworks(info).values())
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


class WaiverBody(ApprovalBody):
    """Body of ``POST /v1/waivers``."""

    scope: WaiverScopeBody
    kind: WaiverKind = Field(
        default=WaiverKind.OPERATIONAL_REQUIREMENT,
        description="Why it is accepted; the kind of deviation in plans of action",
        examples=["false_positive"],
    )
    adjusted_severity: Severity | None = Field(
        default=None,
        description="The severity that it is stated to have; the kind risk_adjustment needs it, and no other has one",
    )

    @field_validator("kind", mode="before")
    @classmethod
    def _known_kind(cls, value: object) -> object:
        return one_of(WaiverKind, value)

    @field_validator("adjusted_severity", mode="before")
    @classmethod
    def _known_severity(cls, value: object) -> object:
        return None if value is None else one_of(Severity, value)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if (self.kind is WaiverKind.RISK_ADJUSTMENT) != (self.adjusted_severity is not None):
            raise refuse("The kind risk_adjustment needs adjusted_severity, and no other kind has one")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRequest:
    """A checked request."""

    scope: WaiverScope
    reason: str
    valid: Period
    role: str | None = None
    kind: WaiverKind = WaiverKind.OPERATIONAL_REQUIREMENT
    adjusted_severity: Severity | None = None


def parse_waiver(body: Mapping[str, Any], *, now: datetime, frameworks: Mapping[str, Framework]) -> WaiverRequest:
    """The request in ``body``. Raises RequestError whose details name every problem at once."""
    checked = validated(WaiverBody, body, context=request_context(frameworks, now))
    return WaiverRequest(
        scope=WaiverScope(**checked.scope.model_dump()),
        reason=checked.reason,
        valid=checked.valid(now),
        role=checked.role,
        kind=checked.kind,
        adjusted_severity=checked.adjusted_severity,
    )
