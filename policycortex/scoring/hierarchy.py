"""Requirements with parts: a standard and its specifications, a control and its enhancements.

A parent has the worst result of its parts and of its own evidence. Scores count no fact twice: not the parent beside
its parts, and not two parts of one parent that the same checks decide.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from policycortex.names import Decider, RequirementResult
from policycortex.scoring.attestations import Statement
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
    """The same requirements; each parent with the worst result of its parts, and of its own where it has one.

    People state of a parent that it is met if it and all its parts are; one that is not met is enough for ``not_met``.
    """
    parts: defaultdict[str, list[RequirementAssessment]] = defaultdict(list)
    for requirement in requirements:
        if requirement.parent is not None:
            parts[requirement.parent].append(requirement)
    return tuple(_rolled_up(each, parts[each.id]) if each.id in parts else each for each in requirements)


def distinct_facts(requirements: Sequence[RequirementAssessment]) -> tuple[RequirementAssessment, ...]:
    """The requirements that scores count, in order.

    Without parents; of the parts of one parent that the same checks decide, the one with the worst result.
    """
    return _distinct(requirements, lambda _: False)


def distinct_conclusions(requirements: Sequence[RequirementAssessment]) -> tuple[RequirementAssessment, ...]:
    """The requirements that ``requirements_met`` counts: as ``distinct_facts``, and each that people decide."""
    return _distinct(requirements, lambda each: each.decided_by is Decider.PEOPLE)


def _distinct(
    requirements: Sequence[RequirementAssessment], is_single: Callable[[RequirementAssessment], bool]
) -> tuple[RequirementAssessment, ...]:
    parents = {requirement.parent for requirement in requirements}
    facts: dict[tuple[str, ...], RequirementAssessment] = {}
    for each in requirements:
        if each.id in parents:
            continue
        is_shared = each.parent is not None and each.checks and not is_single(each)
        key = (each.parent or "", *each.checks) if is_shared else ("", each.id)
        known = facts.get(key)
        if known is None or _worst([each.result, known.result]) is not known.result:
            facts[key] = each
    return tuple(facts.values())


def _rolled_up(parent: RequirementAssessment, parts: Sequence[RequirementAssessment]) -> RequirementAssessment:
    own = [parent] if parent.stated is not None or _own(parent) else []
    concluded = [each.is_met for each in (*parts, *own) if each.result is not RequirementResult.NOT_APPLICABLE]
    stated = Statement.NOT_MET if False in concluded else Statement.MET if concluded and all(concluded) else None
    is_by_people = any(each.decided_by is Decider.PEOPLE for each in (*parts, *own))
    result = _worst([*(each.result for each in parts), *_own(parent)])
    return replace(parent, result=result, stated=stated if is_by_people else None)


def _own(parent: RequirementAssessment) -> tuple[RequirementResult, ...]:
    """A parent without findings of its own says nothing beside its parts."""
    return () if parent.result is RequirementResult.NOT_ASSESSED else (parent.result,)


def _worst(results: Sequence[RequirementResult]) -> RequirementResult:
    return min(results, key=WORST_FIRST.index)
