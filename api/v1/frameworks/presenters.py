"""Response bodies of frameworks, made from the core's values."""

from collections import defaultdict

from api.v1.frameworks.schemas import FrameworkDetails, FrameworkItem, RequirementAnswer
from policycortex.frameworks.model import Framework


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
    requirements = [
        RequirementAnswer(
            id=requirement.id,
            title=requirement.title,
            section=requirement.section,
            description=requirement.description,
            aliases=list(requirement.aliases),
            manual_for=sorted(requirement.manual_for),
            checks=checks[requirement.id],
        )
        for requirement in framework.requirements
    ]
    return FrameworkDetails(
        **present_item(framework).model_dump(), crosswalk_version=framework.crosswalk.version, requirements=requirements
    )
