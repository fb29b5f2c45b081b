"""The strength of a framework's relations in the reviewed edition.

In this order: the strength that a file gives for the relation, the one it gives for the requirement, the review where
it concerns the check, else direct.
"""

from collections.abc import Collection, Iterator
from typing import Final

from policycortex.frameworks.model import Framework
from policycortex.frameworks.review import ReviewedRelation
from policycortex.names import RelationStrength

ANY_PROVIDER: Final = "*"
_BY_AUTHOR: Final = ReviewedRelation(strength=RelationStrength.DIRECT, reason="related by the framework's author")


class RelationStrengths:
    """Looks up the strengths of one framework."""

    def __init__(self, framework: Framework) -> None:
        self._framework = framework
        self._by_requirement = {r.id: r.strength for r in framework.requirements if r.strength is not None}

    def of(self, provider: str, check_id: str, requirement_id: str) -> ReviewedRelation:
        """Strength and reason of one relation."""
        given = self._framework.crosswalk.strengths
        strength = (
            given.get((provider, check_id, requirement_id))
            or given.get((ANY_PROVIDER, check_id, requirement_id))
            or self._by_requirement.get(requirement_id)
        )
        if strength is not None:
            return ReviewedRelation(strength=strength, reason="strength given in the framework's file")
        if self._framework.review is None or is_own(self._framework, provider, check_id):
            return _BY_AUTHOR
        return self._framework.review.relation_of(provider, check_id, requirement_id)


def all_relations(framework: Framework) -> Iterator[tuple[str, str, str, ReviewedRelation]]:
    """(provider, check_id, requirement id, strength and reason) of every relation, contrary and added ones included."""
    strengths = RelationStrengths(framework)
    scanners = (
        (provider, check_id, requirement_id)
        for (provider, check_id), requirement_ids in framework.crosswalk.relations.items()
        for requirement_id in requirement_ids
    )
    for row in (*scanners, *added_relations(framework)):
        yield *row, strengths.of(*row)


def decided_requirements(framework: Framework, provider: str, check_id: str) -> Collection[str] | None:
    """The requirements of the crosswalk's entry for a check, which may be none; None without an entry."""
    relations = framework.crosswalk.relations
    return relations.get((provider, check_id), relations.get((ANY_PROVIDER, check_id)))


def added_relations(framework: Framework) -> Iterator[tuple[str, str, str]]:
    """(provider, check_id, requirement id) that the review adds, except for checks that the user's file relates."""
    for (provider, check_id), many in framework.review.added.items() if framework.review else ():
        if not is_own(framework, provider, check_id):
            yield from (
                (provider, check_id, requirement_id) for added in many for requirement_id in added.requirement_ids
            )


def added_requirements(framework: Framework, provider: str, check_id: str) -> frozenset[str]:
    """The framework's requirements that the review adds to one check, except where the user's file relates it."""
    if framework.review is None or is_own(framework, provider, check_id):
        return frozenset()
    many = framework.review.added.get((provider, check_id), ())
    added = {requirement_id for each in many for requirement_id in each.requirement_ids}
    return (
        frozenset(added.intersection(requirement.id for requirement in framework.requirements))
        if added
        else frozenset()
    )


def is_own(framework: Framework, provider: str, check_id: str) -> bool:
    """Whether the relations of the check are the user's."""
    return not framework.own_checks.isdisjoint({(provider, check_id), (ANY_PROVIDER, check_id)})
