"""States a milestone of a plan of action, from the API and from the command line."""

from datetime import datetime
from typing import Final

from policycortex.documents.milestones import StatedMilestone
from policycortex.errors import Problem, RequestError
from policycortex.reports.poam_items import write_number
from policycortex.requests.milestone_body import MilestoneRequest
from policycortex.requests.parsing import REFUSED
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake_if_any
from policycortex.storage.registry import Registry

_UNKNOWN: Final = "No weakness {}; plans of action and GET /v1/tickets name the numbers"


def state_milestone(
    settings: Settings,
    registry: Registry,
    organization: str,
    given: MilestoneRequest,
    *,
    by: str,
    name: str,
    now: datetime,
) -> StatedMilestone:
    """Add the milestone of ``by``, whose name is ``name``.

    Raises RequestError for a number that no weakness of the organisation has; NotFoundError and ConflictError for
    an earlier milestone that is unknown, or is completed or replaced already.
    """
    kept = registry.milestones
    if given.earlier is not None and given.change is not None:
        return kept.change_milestone(
            organization,
            given.earlier,
            given.change,
            text=given.text,
            due_on=given.due_on,
            done_on=given.done_on,
            by=by,
            name=name,
            role=given.role,
            now=now,
        )
    assert given.number is not None  # noqa: S101 - the request was checked
    assert given.due_on is not None  # noqa: S101
    _require_number(settings, organization, given.number)
    return kept.add_milestone(
        organization,
        number=given.number,
        framework=given.framework,
        requirement=given.requirement,
        text=given.text,
        due_on=given.due_on,
        by=by,
        name=name,
        role=given.role,
        now=now,
    )


def _require_number(settings: Settings, organization: str, number: int) -> None:
    with open_lake_if_any(settings) as lake:
        numbers = set() if lake is None else set(lake.poam.load_numbers(organization)["number"])
    if number not in numbers:
        problem = Problem(field="item", message=_UNKNOWN.format(write_number(number)))
        raise RequestError(REFUSED, details=(problem,))
