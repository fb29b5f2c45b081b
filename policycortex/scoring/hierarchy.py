"""Requirements with parts: a standard and its specifications, a control and its enhancements.

A parent has the worst result of its parts and of its own evidence. Scores count no fact twice: not the parent beside
its parts, and not two parts of one parent that the same checks decide.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from policycortex.names import RequirementResult
from policycortex.scoring.model import RequirementAssessment

WORST_FIRST: Final = (
    RequirementResult.NON_COMPLIANT,
    RequirementResult.NOT_ASSESSED,
    RequirementResult.MANUAL,
    RequirementResult.SUPPORTING_EVIDENCE,
    RequirementResult.COMPLIANT,
    RequirementResult.NOT_APPLICABLE,
)
"""No parent is compliant while a part is open."""


def roll_up(requirements: Sequence[RequirementAssessment]) -> tuple[RequirementAssessment, ...]:
    """The same requirements; each parent with the worst result of its parts, and of its own where it has one."""
    parts: defaultdict[str, list[RequirementResult]] = defaultdict(list)
    for requirement in requirements:
        if requirement.parent is not None:
            parts[requirement.parent].append(requirement.result)
    return tuple(
        replace(each, result=_worst([*parts[each.id], *_own(each)])) if each.id in parts else each
        for each in requirements
    )


def distinct_facts(requirements: Sequence[RequirementAssessment]) -> tuple[RequirementAssessment, ...]:
    """The requirements that scores count, in order.

    Without parents; of the parts of one parent that the same checks decide, the one with the worst result.
    """
    parents = {requirement.parent for requirement in requirements}
    facts: dict[tuple[str, ...], RequirementAssessment] = {}
    for each in requirements:
        if each.id in parents:
            continue
        key = (each.parent, *each.checks) if each.parent is not None and each.checks else ("", each.id)
        known = facts.get(key)
        if known is None or _worst([each.result, known.result]) is not known.result:
            facts[key] = each
    return tuple(facts.values())


def _own(parent: RequirementAssessment) -> tuple[RequirementResult, ...]:
    """A parent without findings of its own says nothing beside its parts."""
    return () if parent.result is RequirementResult.NOT_ASSESSED else (parent.result,)


def _worst(results: Sequence[RequirementResult]) -> RequirementResult:
    return min(results, key=WORST_FIRST.index)
