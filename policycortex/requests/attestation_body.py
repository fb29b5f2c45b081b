"""The body of a request for an attestation, for the API and the command line, and the checked value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from policycortex.field_types import Line, Strict, did_you_mean, refuse
from policycortex.frameworks.model import Framework
from policycortex.frameworks.profiles import load_profiles, with_parts
from policycortex.period import Period
from policycortex.requests.approval_body import ApprovalBody, known_framework, known_frameworks, request_context
from policycortex.requests.body import one_of
from policycortex.requests.parsing import validated
from policycortex.scoring.attestations import AttestationScope, Statement

_MOST_NAMES: Final = 1000
_Name = Annotated[Line, Field(min_length=1, max_length=500)]


class AttestationScopeBody(Strict):
    """The requirements: by id, a section, or a profile; with their parts. Accounts, environments: all unless given."""

    framework: str = Field(examples=["soc2"])
    requirements: list[_Name] = Field(
        default=[], max_length=_MOST_NAMES, examples=[["P1.1"]], description="Ids in any accepted spelling"
    )
    section: _Name | None = Field(default=None, description="Title of a section of the framework: all of it")
    profile: _Name | None = Field(
        default=None, examples=["privacy"], description="A profile of the framework; GET /v1/frameworks/{id} has them"
    )
    accounts: list[_Name] = Field(
        default=[], max_length=_MOST_NAMES, description="Only in these accounts, subscriptions, projects or clusters"
    )
    environments: list[_Name] = Field(
        default=[], max_length=100, examples=[["production"]], description="Only in these environments"
    )

    @field_validator("framework")
    @classmethod
    def _framework(cls, value: str, info: ValidationInfo) -> str:
        return known_framework(value, info)

    @field_validator("requirements")
    @classmethod
    def _requirements(cls, value: list[str], info: ValidationInfo) -> list[str]:
        framework = _framework_of(info)
        if framework is None:
            return value
        spellings, found = framework.requirement_by_spelling(), []
        for name in value:
            if (id_ := spellings.get(name.casefold())) is None:
                hint = did_you_mean(name, [requirement.id for requirement in framework.requirements])
                raise refuse(f"No requirement {name!r} of {framework.id}{hint}")
            found.append(id_)
        return found

    @field_validator("section")
    @classmethod
    def _section(cls, value: str | None, info: ValidationInfo) -> str | None:
        framework = _framework_of(info)
        if value is None or framework is None:
            return value
        known = list(dict.fromkeys(requirement.section for requirement in framework.requirements))
        if value not in known:
            raise refuse(f"No section {value!r} of {framework.id}{did_you_mean(value, known)}")
        return value

    @field_validator("profile")
    @classmethod
    def _profile(cls, value: str | None, info: ValidationInfo) -> str | None:
        framework = _framework_of(info)
        if value is None or framework is None:
            return value
        known = load_profiles(framework.id)
        if value not in known:
            names = f"; it has {', '.join(known)}" if known else "; it has none"
            raise refuse(f"No profile {value!r} of {framework.id}{did_you_mean(value, known) or names}")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(map(bool, (self.requirements, self.section, self.profile))) != 1:
            raise refuse("Name requirements, a section or a profile: one of the three")
        return self

    def chosen(self, framework: Framework) -> AttestationScope:
        """The requirements that are meant, with their parts."""
        named: tuple[str, ...] = tuple(self.requirements)
        if self.section is not None:
            named = tuple(r.id for r in framework.requirements if r.section == self.section)
        elif self.profile is not None:
            named = load_profiles(framework.id)[self.profile].requirement_ids(framework)
        return AttestationScope(
            framework=framework.id,
            requirements=with_parts(framework, named),
            profile=self.profile,
            accounts=tuple(dict.fromkeys(self.accounts)),
            environments=tuple(dict.fromkeys(self.environments)),
        )


class AttestationBody(ApprovalBody):
    """Body of ``POST /v1/attestations``."""

    statement: Statement = Field(
        description="`met` and `not_met`: what scanners cannot tell; a failing finding outranks `met`. "
        "`not_applicable`: the requirements do not apply"
    )
    scope: AttestationScopeBody

    @field_validator("statement", mode="before")
    @classmethod
    def _statement(cls, value: object) -> object:
        return one_of(Statement, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationRequest:
    """A checked request."""

    statement: Statement
    scope: AttestationScope
    reason: str
    valid: Period
    role: str | None = None


def parse_attestation(
    body: Mapping[str, Any], *, now: datetime, frameworks: Mapping[str, Framework]
) -> AttestationRequest:
    """The request in ``body``. Raises RequestError whose details name every problem at once."""
    checked = validated(AttestationBody, body, context=request_context(frameworks, now))
    return AttestationRequest(
        statement=checked.statement,
        scope=checked.scope.chosen(frameworks[checked.scope.framework]),
        reason=checked.reason,
        valid=checked.valid(now),
        role=checked.role,
    )


def _framework_of(info: ValidationInfo) -> Framework | None:
    """The framework that the body names; None where that was refused."""
    return known_frameworks(info).get(info.data.get("framework", ""))
