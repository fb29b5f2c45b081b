"""The product's own form of a framework file: its fields, checks across fields, reading and writing.

The JSON Schema published in ``data/framework.schema.json`` is generated from the models here (a test compares them).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from policycortex.errors import Problem
from policycortex.frameworks.conditions import ScanCondition
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.frameworks.problems import explain, file_error, nearest, one_message_for
from policycortex.names import RelationStrength, RequirementKind, RequirementTag

SLUG_PATTERN: Final = r"^[a-z0-9][a-z0-9._-]*$"
PROVIDER_PATTERN: Final = r"^(\*|[^\u0000-\u0020A-Z\u007f]+)$"
_LINE: Final = r"^[^\u0000-\u001f\u007f]+$"
_PROSE: Final = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$"

Slug = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=SLUG_PATTERN)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=_LINE)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000, pattern=_PROSE)]
VersionText = Annotated[str, StringConstraints(max_length=100, pattern=_PROSE)]
MAX_WEIGHT: Final = 1_000_000
Number = Annotated[float, Field(ge=0, le=MAX_WEIGHT, allow_inf_nan=False)]
Provider = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=PROVIDER_PATTERN)]

Scalar = bool | int | float | Annotated[str, StringConstraints(max_length=500, pattern=_PROSE)]

SettingValue = Annotated[Scalar | list[Scalar], one_message_for("text, a number, true, false or a list of these")]

Strength = Literal["direct", "supporting", "contrary"]

KindName = Literal["standard", "required", "addressable", "control", "enhancement"]

TagName = Literal["level_1", "level_2", "level_3", "automated", "by_hand", "service_provider", "superseded"]

Operator = Literal["lte", "gte", "eq", "in", "subset", "superset"]

_MAX_SUGGESTIONS: Final = 50
"""Problems for which the nearest spelling is searched: the search is slow."""

Relations = Mapping[tuple[str, str], tuple[str, ...]]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ConditionEntry(_Entry):
    """A setting that a check must have run with for its findings to show the requirement."""

    provider: Provider = Field(default="*", description="Provider of the check; * for any.")
    check: Line = Field(description="The check.")
    setting: Line = Field(description="The scanner's setting.")
    operator: Operator = Field(description="How the setting compares with the value.")
    value: SettingValue = Field(description="The value that the requirement needs.")


class RequirementEntry(_Entry):
    """One clause of the framework."""

    id: Line = Field(description="The clause's own id, in quotes where it looks like a number.")
    title: Line = Field(description="Short description.")
    section: Line = Field(default="Requirements", description="Title of its section.")
    description: Prose = Field(default="", description="Longer text for the audit report.")
    aliases: list[Line] = Field(default=[], description="Other spellings of the id, as scanners write it.")
    manual_for: list[Provider] = Field(
        default=[], description="Providers for which only a person can assess it; * for all."
    )
    weight: Number | None = Field(default=None, description="W of the prowler_threatscore model.")
    level_of_risk: Number | None = Field(default=None, description="R of the prowler_threatscore model.")
    parent: Line | None = Field(default=None, description="Id of the requirement that it is a part of.")
    kind: KindName | None = Field(default=None, description="What it is within its framework.")
    tags: list[TagName] = Field(default=[], description="What else the framework says of it.")
    conditions: list[ConditionEntry] = Field(
        default=[], description="Settings that its checks must have run with. They are counted, not evaluated."
    )
    strength: Strength | None = Field(
        default=None, description="Strength of all its relations; absent: direct, or as reviewed for a built-in one."
    )
    checks: dict[Provider, list[Line]] = Field(
        default={}, description="Related checks, by provider; * for any provider."
    )


class CrosswalkEntry(_Entry):
    """Relations of checks to requirements, by check."""

    version: Prose = Field(default="", description="Free text; if absent, a digest of the relations.")
    source: Prose = Field(default="", description="Where the relations come from.")
    checks: dict[Provider, dict[Line, list[Line]]] = Field(
        default={}, description="Provider, check, requirement ids; an empty list relates the check to none."
    )
    strength: dict[Provider, dict[Line, dict[Line, Strength]]] = Field(
        default={}, description="Provider, check, requirement id, and the strength of that relation."
    )


class FrameworkEntry(_Entry):
    """A framework file of PolicyCortex Reports."""

    schema_: str = Field(default="", alias="$schema", description="Address of this schema, for editors.")
    id: Slug = Field(description="The id that report requests use.")
    name: Line | None = Field(default=None, description="Display name. Required unless the file only re-maps.")
    version: VersionText | None = Field(default=None, description="Its version. Required unless the file only re-maps.")
    source: Prose = Field(default="", description="Where ids and relations come from.")
    finding_keys: list[Line] = Field(default=[], description="Names of the framework in findings.")
    providers: list[Provider] = Field(
        default=[], description="Providers it is written for; findings of others are not related to it. Empty: any."
    )
    requirements: list[RequirementEntry] | None = Field(
        default=None,
        min_length=1,
        max_length=20_000,
        description="In the framework's order. If absent, the file only re-maps.",
    )
    crosswalk: CrosswalkEntry | None = Field(default=None, description="Relations of checks, for large frameworks.")


FIELDS: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    (): tuple(f.alias or name for name, f in FrameworkEntry.model_fields.items()),
    ("requirements",): tuple(RequirementEntry.model_fields),
    ("requirements", "conditions"): tuple(ConditionEntry.model_fields),
    ("crosswalk",): tuple(CrosswalkEntry.model_fields),
}


def read_native(tree: Mapping[str, Any], *, name: str, base: Mapping[str, Framework]) -> Framework:
    """A framework from its tree. Without requirements it re-maps the framework of ``base`` with its id.

    ``base`` is read for that only: the result has the user's relations only, see ``overlay``.
    Raises ConfigurationError with all problems at once.
    """
    try:
        entry = FrameworkEntry.model_validate(tree)
    except ValidationError as error:
        raise file_error(name, explain(error, fields=FIELDS)) from None
    known = base.get(entry.id)
    problems = [*_absent(entry, known, base), *_repeated(entry), *_unknown_parents(entry)]
    if problems:
        raise file_error(name, problems)
    framework = _framework(entry, known)
    unknown = [*_unknown_requirements(entry, framework)]
    if unknown:
        raise file_error(name, unknown)
    return framework


def write_native(framework: Framework) -> bytes:
    """The framework in the product's own form: JSON, one requirement per line. Reading it gives an equal framework."""
    head = {"id": framework.id, "name": framework.name, "version": framework.version}
    if framework.source:
        head["source"] = framework.source
    fields = [f"{_json(key)}: {_json(value)}" for key, value in head.items()]
    fields.append(f'"finding_keys": {_json(list(framework.finding_keys))}')
    if framework.providers:
        fields.append(f'"providers": {_json(sorted(framework.providers))}')
    rows = ",\n".join(f"  {_json(_requirement_fields(r))}" for r in framework.requirements)
    fields.append(f'"requirements": [\n{rows}\n ]')
    checks: dict[str, dict[str, list[str]]] = {}
    for (provider, check_id), ids in framework.crosswalk.relations.items():
        checks.setdefault(provider, {})[check_id] = list(ids)
    crosswalk: dict[str, Any] = {"version": framework.crosswalk.version, "checks": checks}
    if strengths := _nested_strengths(framework.crosswalk):
        crosswalk["strength"] = strengths
    fields.append(f'"crosswalk": {_json(crosswalk)}')
    return ("{\n " + ",\n ".join(fields) + "\n}\n").encode()


def _nested_strengths(crosswalk: Crosswalk) -> dict[str, dict[str, dict[str, str]]]:
    nested: dict[str, dict[str, dict[str, str]]] = {}
    for (provider, check_id, requirement_id), strength in crosswalk.strengths.items():
        nested.setdefault(provider, {}).setdefault(check_id, {})[requirement_id] = strength.value
    return nested


def relations_version(relations: Relations) -> str:
    """The version of relations whose author gave none: a digest."""
    text = _json(sorted((*key, *ids) for key, ids in relations.items()))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def repeated_spellings(requirements: tuple[Requirement, ...], *, path: str) -> Iterator[Problem]:
    """Ids and aliases that are used for two requirements, ignoring case; ``path`` names the list."""
    owner: dict[str, int] = {}
    for index, requirement in enumerate(requirements):
        if (first := owner.setdefault(requirement.id.casefold(), index)) != index:
            yield Problem(field=f"{path}[{index}].id", message=f'"{requirement.id}" is also the id of {path}[{first}]')
    for index, requirement in enumerate(requirements):
        for alias in requirement.aliases:
            if (first := owner.setdefault(alias.casefold(), index)) != index:
                yield Problem(
                    field=f"{path}[{index}].aliases", message=f'"{alias}" is already used for {path}[{first}]'
                )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _requirement_fields(requirement: Requirement) -> dict[str, Any]:
    fields = {
        "id": requirement.id,
        "title": requirement.title,
        "section": requirement.section,
        "description": requirement.description,
        "aliases": list(requirement.aliases),
        "manual_for": sorted(requirement.manual_for),
        "weight": requirement.weight,
        "level_of_risk": requirement.level_of_risk,
        "parent": requirement.parent,
        "kind": requirement.kind.value if requirement.kind else None,
        "tags": [tag.value for tag in requirement.tags],
        "conditions": [_condition_fields(condition) for condition in requirement.conditions],
        "strength": requirement.strength.value if requirement.strength else None,
    }
    return {key: value for key, value in fields.items() if value not in ("", [], None)}


def _condition_fields(condition: ScanCondition) -> dict[str, Any]:
    value = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    return {
        "provider": condition.provider,
        "check": condition.check_id,
        "setting": condition.setting,
        "operator": condition.operator,
        "value": value,
    }


def _absent(entry: FrameworkEntry, known: Framework | None, base: Mapping[str, Framework]) -> Iterator[Problem]:
    if entry.requirements is None and entry.crosswalk is None:
        yield Problem(
            field="requirements", message="is missing, and there is no crosswalk that re-maps a known framework"
        )
    elif entry.requirements is None and known is None:
        near = nearest(entry.id, base)
        yield Problem(
            field="requirements", message=f'is missing, and there is no framework "{entry.id}" to re-map.{near}'
        )
    if known is None and entry.requirements is not None:
        for field in ("name", "version"):
            if getattr(entry, field) is None:
                yield Problem(field=field, message="is missing")


def _repeated(entry: FrameworkEntry) -> Iterator[Problem]:
    return repeated_spellings(tuple(map(_requirement, entry.requirements or ())), path="requirements")


def _unknown_parents(entry: FrameworkEntry) -> Iterator[Problem]:
    """Parents that do not exist, and parents that have a parent themselves: there are two levels."""
    parents = {requirement.id: requirement.parent for requirement in entry.requirements or ()}
    for index, requirement in enumerate(entry.requirements or ()):
        if requirement.parent is None:
            continue
        field = f"requirements[{index}].parent"
        if requirement.parent not in parents:
            yield Problem(field=field, message=f'"{requirement.parent}" is not the id of a requirement')
        elif parents[requirement.parent] is not None:
            yield Problem(field=field, message=f'"{requirement.parent}" has a parent itself; name that one')


def _framework(entry: FrameworkEntry, known: Framework | None) -> Framework:
    given = tuple(map(_requirement, entry.requirements or ()))
    requirements = given or (known.requirements if known else ())
    spellings = _spellings(requirements)
    relations = _relations(entry, spellings)
    version = entry.crosswalk.version if entry.crosswalk else ""
    return Framework(
        id=entry.id,
        name=entry.name or (known.name if known else entry.id),
        version=entry.version if entry.version is not None else (known.version if known else ""),
        requirements=requirements,
        crosswalk=Crosswalk(
            version=version or relations_version(relations),
            relations=relations,
            strengths=_strengths(entry, spellings),
        ),
        finding_keys=tuple(entry.finding_keys) or (known.finding_keys if known else ()),
        providers=frozenset(entry.providers) or (known.providers if known else frozenset()),
        source=entry.source or (entry.crosswalk.source if entry.crosswalk else ""),
    )


def _requirement(entry: RequirementEntry) -> Requirement:
    return Requirement(
        id=entry.id,
        title=entry.title,
        section=entry.section,
        description=entry.description,
        aliases=tuple(entry.aliases),
        manual_for=frozenset(entry.manual_for),
        weight=entry.weight,
        level_of_risk=entry.level_of_risk,
        parent=entry.parent,
        kind=RequirementKind(entry.kind) if entry.kind else None,
        strength=RelationStrength(entry.strength) if entry.strength else None,
        tags=tuple(tag for tag in RequirementTag if tag.value in entry.tags),
        conditions=tuple(map(_condition, entry.conditions)),
    )


def _condition(entry: ConditionEntry) -> ScanCondition:
    return ScanCondition(
        provider=entry.provider,
        check_id=entry.check,
        setting=entry.setting,
        operator=entry.operator,
        value=tuple(entry.value) if isinstance(entry.value, list) else entry.value,
    )


def _spellings(requirements: tuple[Requirement, ...]) -> dict[str, str]:
    aliases = {alias.casefold(): r.id for r in requirements for alias in r.aliases}
    return aliases | {r.id.casefold(): r.id for r in requirements}


def _relations(entry: FrameworkEntry, spellings: Mapping[str, str]) -> Relations:
    """Relations of crosswalk and requirements combined; ids in the framework's spelling and order."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for provider, checks in (entry.crosswalk.checks if entry.crosswalk else {}).items():
        for check_id, ids in checks.items():
            named = found.setdefault((provider, check_id), {})
            named.update((spellings[i.casefold()], None) for i in ids if i.casefold() in spellings)
    for requirement in entry.requirements or ():
        for provider, check_ids in requirement.checks.items():
            for check_id in check_ids:
                found.setdefault((provider, check_id), {})[requirement.id] = None
    return {key: tuple(ids) for key, ids in found.items()}


def _strengths(entry: FrameworkEntry, spellings: Mapping[str, str]) -> dict[tuple[str, str, str], RelationStrength]:
    return {
        (provider, check_id, spellings[named.casefold()]): RelationStrength(strength)
        for provider, checks in (entry.crosswalk.strength if entry.crosswalk else {}).items()
        for check_id, by_requirement in checks.items()
        for named, strength in by_requirement.items()
        if named.casefold() in spellings
    }


def _unknown_requirements(entry: FrameworkEntry, framework: Framework) -> Iterator[Problem]:
    spellings, known_ids, count = framework.requirement_by_spelling(), [r.id for r in framework.requirements], 0
    for provider, checks in (entry.crosswalk.checks if entry.crosswalk else {}).items():
        for check_id, ids in checks.items():
            for index, named in enumerate(ids):
                if named.casefold() not in spellings:
                    near, count = nearest(named, known_ids) if count < _MAX_SUGGESTIONS else "", count + 1
                    field = f"crosswalk.checks.{provider}.{check_id}[{index}]"
                    yield Problem(field=field, message=f'"{named}" is not a requirement of {framework.id}.{near}')
    for provider, by_check in (entry.crosswalk.strength if entry.crosswalk else {}).items():
        for check_id, by_requirement in by_check.items():
            for named in by_requirement:
                if named.casefold() not in spellings:
                    near, count = nearest(named, known_ids) if count < _MAX_SUGGESTIONS else "", count + 1
                    field = f"crosswalk.strength.{provider}.{check_id}.{named}"
                    yield Problem(field=field, message=f'"{named}" is not a requirement of {framework.id}.{near}')


def framework_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a framework file, as published with the data."""
    schema = FrameworkEntry.model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:policycortex:framework:1"}
    return head | schema
