"""Reads Prowler's framework files of both kinds: for one provider (``Framework``, ``Requirements``, ``Checks``) and
universal (``framework``, ``requirements``, ``checks`` by provider). Fields that are not used here are ignored.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from policycortex.errors import Problem
from policycortex.frameworks.conditions import ConditionValue, ScanCondition
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.frameworks.native import (
    MAX_WEIGHT,
    PROVIDER_PATTERN,
    Line,
    Operator,
    Scalar,
    SettingValue,
    VersionText,
    relations_version,
    repeated_spellings,
)
from policycortex.frameworks.problems import explain, file_error, one_message_for
from policycortex.frameworks.prowler_texts import ClauseTexts
from policycortex.frameworks.tree import one_line

_NAME_LENGTH: Final = 500
_PROVIDER_LENGTH: Final = 100
_FILE_PROVIDER: Final = "*"
"""Placeholder for the one provider named by the file, or for any."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class _Condition(_Entry):
    """Both kinds of files write conditions alike."""

    Check: Line
    ConfigKey: Line
    Operator: Operator
    Value: SettingValue
    Provider: Line | None = None


class _LegacyRequirement(_Entry):
    Id: Line
    Name: str | None = None
    Description: str = ""
    Attributes: list[dict[str, Any]] | None = None
    Tactics: list[str] = []
    Checks: list[Line] = []
    ConfigRequirements: list[_Condition] | None = None


class _LegacyFile(_Entry):
    Framework: Line
    Name: str = ""
    Version: VersionText | None = None
    Provider: str = ""
    Requirements: Annotated[list[_LegacyRequirement], Field(min_length=1, max_length=20_000)]


class _UniversalRequirement(_Entry):
    id: Line
    name: str | None = None
    description: str = ""
    attributes: Annotated[
        dict[str, Any] | list[dict[str, Any]] | None, one_message_for("a group of fields or a list of such groups")
    ] = None
    tactics: list[str] = []
    checks: dict[Line, list[Line]] = {}
    config_requirements: list[_Condition] | None = None

    @field_validator("checks", mode="before")
    @classmethod
    def _by_provider(cls, value: object) -> object:
        """A file of one provider may list checks without it."""
        return {_FILE_PROVIDER: value} if isinstance(value, list) else value


class _TableConfig(_Entry):
    group_by: str | None = None


class _Outputs(_Entry):
    table_config: _TableConfig | None = None


class _UniversalFile(_Entry):
    framework: Line
    outputs: _Outputs | None = None
    name: str = ""
    version: VersionText | None = None
    provider: str = ""
    requirements: Annotated[list[_UniversalRequirement], Field(min_length=1, max_length=20_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clause:
    """A requirement of either kind; ``checks`` has every provider the file lists for it, in lower case."""

    texts: ClauseTexts
    checks: Mapping[str, tuple[str, ...]]
    conditions: tuple[ScanCondition, ...]
    group_by: str | None = None
    """The attribute that the file groups its requirements by; None where it names none."""

    @property
    def id(self) -> str:
        """The requirement's id."""
        return self.texts.id


def read_legacy(tree: Mapping[str, Any], *, name: str, framework_id: str | None) -> Framework:
    """A framework of one provider. Its id is ``framework_id``, else Prowler's own name of the file, else a slug."""
    try:
        file = _LegacyFile.model_validate(tree)
    except ValidationError as error:
        raise file_error(name, explain(error, fields={})) from None
    provider = file.Provider.lower() or "*"
    clauses = tuple(
        _Clause(
            texts=ClauseTexts(
                id=r.Id,
                name=r.Name or "",
                description=r.Description,
                attributes=r.Attributes[0] if r.Attributes else {},
                tactics=tuple(r.Tactics),
            ),
            checks={provider: tuple(r.Checks)},
            conditions=_conditions(r.ConfigRequirements, provider),
        )
        for r in file.Requirements
    )
    head = _Head(file.Framework, file.Name, (file.Version or "").strip(), "" if provider == "*" else provider)
    return _framework(head, clauses, name=name, path="Requirements", framework_id=framework_id)


def read_universal(tree: Mapping[str, Any], *, name: str, framework_id: str | None) -> Framework:
    """A framework of several providers; findings do not name it, so that only its checks relate them."""
    try:
        file = _UniversalFile.model_validate(tree)
    except ValidationError as error:
        raise file_error(name, explain(error, fields={})) from None
    own = file.provider.lower() or _FILE_PROVIDER
    table = file.outputs.table_config if file.outputs else None
    clauses = tuple(
        _Clause(
            texts=ClauseTexts(
                id=r.id,
                name=r.name or "",
                description=r.description,
                attributes=r.attributes if isinstance(r.attributes, dict) else (r.attributes or [{}])[0],
                tactics=tuple(r.tactics),
            ),
            checks={own if p == _FILE_PROVIDER else p.lower(): tuple(checks) for p, checks in r.checks.items()},
            conditions=_conditions(r.config_requirements, own),
            group_by=table.group_by if table else None,
        )
        for r in file.requirements
    )
    head = _Head(file.framework, file.name, (file.version or "").strip(), file.provider.lower())
    return _framework(head, clauses, name=name, path="requirements", framework_id=framework_id)


@dataclass(frozen=True, slots=True)
class _Head:
    framework: str
    name: str
    version: str
    provider: str

    @property
    def finding_key(self) -> str:
        """The key Prowler writes in ``unmapped.compliance``."""
        return f"{self.framework}-{self.version}" if self.version else self.framework

    def slug(self, file_name: str) -> str:
        """The file's name if it starts with the framework's, as Prowler's do; else a name of the same form."""
        stem = PurePath(file_name).stem.lower()
        if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", stem) and _letters(stem).startswith(_letters(self.framework)):
            return stem
        parts = [self.framework, self.version, self.provider]
        return re.sub(r"[^a-z0-9.]+", "_", "_".join(p for p in parts if p).lower()).strip("_.")[:100] or "framework"


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _framework(
    head: _Head, clauses: tuple[_Clause, ...], *, name: str, path: str, framework_id: str | None
) -> Framework:
    providers = frozenset(p for clause in clauses for p in clause.checks)
    requirements = tuple(_requirement(clause, providers) for clause in clauses)
    problems = [
        *repeated_spellings(requirements, path=path),
        *_bad_weights(requirements, path),
        *_bad_providers(clauses, path),
    ]
    if problems:
        raise file_error(name, problems)
    relations = _relations(clauses)
    return Framework(
        id=framework_id or head.slug(name),
        name=one_line(head.name)[:_NAME_LENGTH].rstrip() or head.framework,
        version=head.version,
        requirements=requirements,
        crosswalk=Crosswalk(version=relations_version(relations), relations=relations),
        finding_keys=(head.finding_key,),
        providers=frozenset({head.provider}) if head.provider else frozenset(),
        source="Prowler framework file",
    )


def _requirement(clause: _Clause, providers: frozenset[str]) -> Requirement:
    return Requirement(
        id=clause.id,
        title=clause.texts.title(),
        section=clause.texts.section(clause.group_by),
        description=clause.texts.text(),
        manual_for=_manual_for(clause, providers),
        weight=_number(clause.texts.attributes, "Weight"),
        level_of_risk=_number(clause.texts.attributes, "LevelOfRisk"),
        conditions=clause.conditions,
    )


def _conditions(given: Sequence[_Condition] | None, provider: str) -> tuple[ScanCondition, ...]:
    """The file's conditions; those that name no provider have the file's."""
    return tuple(
        ScanCondition(
            provider=each.Provider.lower() if each.Provider else provider,
            check_id=each.Check,
            setting=each.ConfigKey,
            operator=each.Operator,
            value=_value(each.Value),
        )
        for each in given or ()
    )


def _value(value: Scalar | list[Scalar]) -> ConditionValue:
    return tuple(value) if isinstance(value, list) else value


def _manual_for(clause: _Clause, providers: frozenset[str]) -> frozenset[str]:
    """Providers without a check: there only a person can assess it. Without any check: all providers."""
    checked = {provider for provider, checks in clause.checks.items() if checks}
    if not checked and len(providers) != 1:
        return frozenset({"*"})
    return providers - checked


def _relations(clauses: tuple[_Clause, ...]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], dict[str, None]] = {}
    for clause in clauses:
        for provider, checks in clause.checks.items():
            for check_id in checks:
                found.setdefault((provider, check_id), {})[clause.id] = None
    return {key: tuple(ids) for key, ids in found.items()}


def _bad_weights(requirements: tuple[Requirement, ...], path: str) -> Iterator[Problem]:
    """A negative weight would invert the score."""
    for index, requirement in enumerate(requirements):
        for field, value in (("Weight", requirement.weight), ("LevelOfRisk", requirement.level_of_risk)):
            if value is not None and not 0 <= value <= MAX_WEIGHT:
                limit = "0 or more" if value < 0 else f"at most {MAX_WEIGHT:,}"
                yield Problem(field=f"{path}[{index}].{field}", message=f"must be {limit}, got {value}")


def _bad_providers(clauses: Sequence[_Clause], path: str) -> Iterator[Problem]:
    """Findings name providers in one word; a space or a control character in the name could never be found."""
    for index, clause in enumerate(clauses):
        for provider in {*clause.checks, *(condition.provider for condition in clause.conditions)}:
            if not re.fullmatch(PROVIDER_PATTERN, provider) or len(provider) > _PROVIDER_LENGTH:
                message = f"{provider[:40]!r} is no provider; write it as one word (aws, azure, gcp...)"
                yield Problem(field=f"{path}[{index}]", message=message)


def _number(attributes: Mapping[str, Any], field: str) -> float | None:
    """Prowler's Well-Architected files use words for LevelOfRisk; those have no weights."""
    value = attributes.get(field)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
