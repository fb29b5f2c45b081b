"""Relates findings of other tools to requirements, by the Prowler checks that theirs are related to.

A relation of a check that tests only a part of the Prowler check is supporting at most, so that it never makes a
requirement compliant. Where several Prowler checks lead to one requirement the strongest relation counts.
"""

from collections.abc import Collection, Mapping, Sequence

from policycortex.frameworks.model import Framework
from policycortex.frameworks.related_checks import load_related_checks
from policycortex.frameworks.strengths import RelationStrengths, added_requirements, decided_requirements
from policycortex.names import RelationStrength


def relate_by_checks(
    framework: Framework, checks: Collection[tuple[str, str]]
) -> Mapping[tuple[str, str], Sequence[tuple[str, str]]]:
    """Requirement and strength of each related one, by (provider, check_id); an empty list where there is none.

    For checks that neither the framework nor their findings relate.
    """
    known, strengths = load_related_checks(), RelationStrengths(framework)
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for provider, check_id in checks:
        strongest: dict[str, RelationStrength] = {}
        of = provider or known.provider_of(check_id)
        for related in known.find(of, check_id):
            for requirement_id in _requirement_ids(framework, of, related.check):
                strength = strengths.of(of, related.check, requirement_id).strength
                if strength is RelationStrength.DIRECT and related.is_partial:
                    strength = RelationStrength.SUPPORTING
                strongest[requirement_id] = _stronger(strength, strongest.get(requirement_id))
        found[provider, check_id] = [
            (requirement_id, strength.value)
            for requirement_id, strength in strongest.items()
            if strength is not RelationStrength.CONTRARY
        ]
    return found


def _requirement_ids(framework: Framework, provider: str, check_id: str) -> set[str]:
    decided = decided_requirements(framework, provider, check_id) or ()
    return {*decided, *added_requirements(framework, provider, check_id)}


def _stronger(one: RelationStrength, other: RelationStrength | None) -> RelationStrength:
    order = (RelationStrength.DIRECT, RelationStrength.SUPPORTING, RelationStrength.CONTRARY)
    return one if other is None else min(one, other, key=order.index)
