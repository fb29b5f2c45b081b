"""Reads NIST OSCAL catalogs (1.x JSON): groups, controls, controls within controls. They name no checks.

Parameters, parts other than the statement, back matter and withdrawn controls are left out.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from policycortex.errors import Problem
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.frameworks.native import Line, relations_version, repeated_spellings
from policycortex.frameworks.problems import explain, file_error
from policycortex.frameworks.tree import one_line

_LINE_LENGTH: Final = 500
_INSERT: Final = re.compile(r"\{\{.*?\}\}")
_OTHER_MODELS: Final = (
    "profile", "component-definition", "system-security-plan", "assessment-plan", "assessment-results",
    "plan-of-action-and-milestones", "mapping-collection",
)  # fmt: skip


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class _Prop(_Entry):
    name: str
    value: str
    class_: str = Field(default="", alias="class")


class _Part(_Entry):
    name: str = ""
    prose: str = ""
    parts: list["_Part"] = []


class _Control(_Entry):
    id: Line
    title: str
    props: list[_Prop] = []
    parts: list[_Part] = []
    controls: list["_Control"] = []


class _Group(_Entry):
    title: str
    groups: list["_Group"] = []
    controls: list[_Control] = []


class _Metadata(_Entry):
    title: Line
    version: Annotated[Line, StringConstraints(max_length=100)]
    oscal_version: Line = Field(alias="oscal-version")


class _Catalog(_Entry):
    metadata: _Metadata
    groups: list[_Group] = []
    controls: list[_Control] = []


class _File(_Entry):
    catalog: _Catalog


@dataclass(frozen=True, slots=True)
class _PlacedControl:
    control: _Control
    section: str


def is_oscal(tree: Mapping[str, Any]) -> bool:
    """True if the root is one of OSCAL's models, also one that cannot be read here."""
    return "catalog" in tree or any(model in tree for model in _OTHER_MODELS)


def read_oscal(tree: Mapping[str, Any], *, name: str, framework_id: str | None) -> Framework:
    """A framework from a catalog: each control that is not withdrawn is a requirement, its label the id."""
    catalog = _catalog(tree, name)
    placed = [*_in_groups(catalog.groups, ""), *(_PlacedControl(c, "Controls") for c in _flat(catalog.controls))]
    if not placed:
        raise file_error(name, (Problem(field="catalog", message="contains no control that is in force"),))
    labels = Counter(_label(p.control).casefold() for p in placed)
    uses_label = labels.total() == len(labels)
    requirements = tuple(_requirement(p, uses_label=uses_label) for p in placed)
    requirements = _without_shared_aliases(requirements)
    if problems := tuple(repeated_spellings(requirements, path="controls")):
        raise file_error(name, problems)
    return Framework(
        id=framework_id or _slug(catalog.metadata.title, name),
        name=_cut(_clean(catalog.metadata.title)) or "OSCAL catalog",
        version=catalog.metadata.version,
        requirements=requirements,
        crosswalk=Crosswalk(version=relations_version({})),
        source=f"OSCAL catalog {catalog.metadata.oscal_version}",
    )


def _catalog(tree: Mapping[str, Any], name: str) -> _Catalog:
    other = next((model for model in _OTHER_MODELS if model in tree), None)
    if "catalog" not in tree and other:
        message = "is an OSCAL model without controls; give a catalog (of a profile: the resolved one)"
        raise file_error(name, (Problem(field=other, message=message),))
    try:
        catalog = _File.model_validate(tree).catalog
    except ValidationError as error:
        raise file_error(name, explain(error, fields={})) from None
    if not catalog.metadata.oscal_version.lstrip("v").startswith("1."):
        message = f"must be 1.x, is {catalog.metadata.oscal_version}"
        raise file_error(name, (Problem(field="catalog.metadata.oscal-version", message=message),))
    return catalog


def _in_groups(groups: list[_Group], above: str) -> Iterator[_PlacedControl]:
    for group in groups:
        title = _clean(group.title) or "Controls"
        section = f"{above} / {title}" if above else title
        yield from (_PlacedControl(control, section) for control in _flat(group.controls))
        yield from _in_groups(group.groups, section)


def _flat(controls: list[_Control]) -> Iterator[_Control]:
    """Controls in force, each before the enhancements within it."""
    for control in controls:
        if not any(p.name == "status" and p.value.lower() == "withdrawn" for p in control.props):
            yield control
            yield from _flat(control.controls)


def _labels(control: _Control) -> list[str]:
    """Labels; those without a class before those with one (zero-padded, assessment)."""
    found = [p for p in control.props if p.name == "label" and 0 < len(_clean(p.value)) <= _LINE_LENGTH]
    return [_clean(p.value) for p in sorted(found, key=lambda p: bool(p.class_))]


def _label(control: _Control) -> str:
    return next(iter(_labels(control)), control.id)


def _requirement(placed: _PlacedControl, *, uses_label: bool) -> Requirement:
    control = placed.control
    id_ = _label(control) if uses_label else control.id
    spellings = [control.id, re.sub(r"[.-]", "_", control.id), *(_labels(control) if uses_label else ())]
    aliases = {s.casefold(): s for s in reversed(spellings) if s.casefold() != id_.casefold()}
    return Requirement(
        id=id_,
        title=_cut(_clean(control.title)) or id_,
        section=_cut(placed.section),
        description="\n".join(_statement(control.parts))[:20_000].rstrip(),
        aliases=tuple(reversed(aliases.values())),
    )


def _without_shared_aliases(requirements: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    """Aliases are derived, not given: one that fits two requirements is dropped."""
    times = Counter(s.casefold() for r in requirements for s in (r.id, *r.aliases))
    return tuple(
        Requirement(
            id=r.id,
            title=r.title,
            section=r.section,
            description=r.description,
            aliases=tuple(a for a in r.aliases if times[a.casefold()] == 1),
        )
        for r in requirements
    )


def _statement(parts: list[_Part]) -> Iterator[str]:
    for part in parts:
        if part.name in ("statement", "item"):
            yield from filter(None, (_clean(part.prose),))
            yield from _statement(part.parts)


def _cut(line: str) -> str:
    """At most as long as a line of a framework file may be."""
    return line[:_LINE_LENGTH].rstrip()


def _clean(text: str) -> str:
    """One line, with ``…`` for parameters."""
    return one_line(_INSERT.sub("…", text))


def _slug(title: str, file_name: str) -> str:
    words = PurePath(file_name).stem or title
    return re.sub(r"[^a-z0-9.]+", "_", words.lower()).strip("_.")[:100] or "catalog"
