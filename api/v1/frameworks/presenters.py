"""Response bodies of frameworks, made from the core's values."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from api.v1.frameworks.schemas import (
    ConditionAnswer,
    FrameworkDetails,
    FrameworkItem,
    ProfileAnswer,
    RequirementAnswer,
    ReviewedChecks,
)
from policycortex.frameworks.conditions import ScanCondition
from policycortex.frameworks.model import Framework, Requirement
from policycortex.frameworks.profiles import load_profiles
from policycortex.frameworks.strengths import all_relations
from policycortex.names import RelationStrength


def present_item(framework: Framework) -> FrameworkItem:
    """One framework in the list."""
    return FrameworkItem(
        id=framework.id,
        name=framework.name,
        version=framework.version,
        is_builtin=framework.is_builtin,
        requirement_count=len(framework.requirements),
    )


def present_details(framework: Framework) -> FrameworkDetails:
    """One framework with its requirements and their checks."""
    checks: dict[str, list[str]] = defaultdict(list)
    for (provider, check_id), requirement_ids in sorted(framework.crosswalk.relations.items()):
        for requirement_id in requirement_ids:
            checks[requirement_id].append(f"{provider}/{check_id}")
    reviewed = _reviewed(framework)
    return FrameworkDetails(
        **present_item(framework).model_dump(),
        crosswalk_version=framework.crosswalk.version,
        review_version=framework.review.version if framework.review else None,
        requirements=[_requirement(framework, r, checks[r.id], reviewed.get(r.id, {})) for r in framework.requirements],
        profiles=[
            ProfileAnswer(id=each.id, title=each.title, requirements=list(each.requirement_ids(framework)))
            for each in load_profiles(framework.id).values()
        ],
    )


def _requirement(
    framework: Framework,
    requirement: Requirement,
    checks: list[str],
    reviewed: Mapping[RelationStrength, Sequence[str]],
) -> RequirementAnswer:
    return RequirementAnswer(
        id=requirement.id,
        title=requirement.title,
        section=requirement.section,
        description=requirement.description,
        aliases=list(requirement.aliases),
        manual_for=sorted(requirement.manual_for),
        checks=checks,
        parent=requirement.parent,
        kind=requirement.kind.value if requirement.kind else None,
        tags=[tag.value for tag in requirement.tags],
        conditions=[_condition(condition) for condition in requirement.conditions],
        is_manual=framework.review.is_manual(requirement.id) if framework.review else None,
        reviewed_checks=ReviewedChecks(
            **{strength.value: sorted(reviewed.get(strength, ())) for strength in RelationStrength}
        ),
    )


def _condition(condition: ScanCondition) -> ConditionAnswer:
    value = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    return ConditionAnswer(
        provider=condition.provider,
        check_id=condition.check_id,
        setting=condition.setting,
        operator=condition.operator,
        value=value,
    )


def _reviewed(framework: Framework) -> Mapping[str, Mapping[RelationStrength, list[str]]]:
    """``provider/check`` by requirement and strength."""
    found: defaultdict[str, defaultdict[RelationStrength, list[str]]] = defaultdict(lambda: defaultdict(list))
    for provider, check_id, requirement_id, relation in all_relations(framework):
        found[requirement_id][relation.strength].append(f"{provider}/{check_id}")
    return found
