"""Several frameworks as one, for a report on all of them: each finding counts once.

Requirements keep their order and have the id of their framework before their own, ``soc2:CC6.1``, sections its name.
Relations, editions and what only a person can tell are those of each part.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from policycortex.frameworks.model import Crosswalk, Framework, Requirement

JOINT: Final = "+"
"""Between the ids of the parts; no framework's id has it."""

_BEFORE_ID: Final = ":"


def combine(parts: Sequence[Framework]) -> Framework:
    """The frameworks as one, in their order; a single one as it is."""
    if len(parts) == 1:
        return parts[0]
    requirements = tuple(_of_part(part, requirement) for part in parts for requirement in part.requirements)
    every = all(part.providers for part in parts)
    return Framework(
        id=combined_id(part.id for part in parts),
        name=" + ".join(part.name for part in parts),
        version=" + ".join(part.version for part in parts),
        requirements=requirements,
        crosswalk=Crosswalk(version=" + ".join(part.crosswalk.version for part in parts)),
        providers=frozenset().union(*(part.providers for part in parts)) if every else frozenset(),
        edition=parts[0].edition,
        parts=tuple(parts),
    )


def combined_id(ids: Iterable[str]) -> str:
    """``soc2+hipaa``: how such a report names its frameworks where one id is expected."""
    return JOINT.join(ids)


def split_id(framework_id: str | None) -> tuple[str, ...]:
    """The ids of a ``combined_id``; one id as it is, none for None."""
    return tuple(framework_id.split(JOINT)) if framework_id is not None else ()


def id_within(part: Framework, requirement_id: str) -> str:
    """The id of a part's requirement in the combined framework."""
    return joint_id(part.id, requirement_id)


def joint_id(framework_id: str, requirement_id: str) -> str:
    """The same of a part by its id."""
    return f"{framework_id}{_BEFORE_ID}{requirement_id}"


def part_of(framework: Framework, requirement_id: str) -> tuple[Framework, str]:
    """The part of a combined framework that a requirement belongs to, and its id there. Raises KeyError."""
    for part in framework.parts:
        if requirement_id.startswith(f"{part.id}{_BEFORE_ID}"):
            return part, requirement_id.removeprefix(f"{part.id}{_BEFORE_ID}")
    raise KeyError(requirement_id)


def _of_part(part: Framework, requirement: Requirement) -> Requirement:
    return replace(
        requirement,
        id=id_within(part, requirement.id),
        section=f"{part.name}: {requirement.section}",
        parent=id_within(part, requirement.parent) if requirement.parent is not None else None,
    )
