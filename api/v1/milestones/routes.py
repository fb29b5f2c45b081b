"""``/v1/milestones``: milestones of the items of plans of action. They are added and read, never changed."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.as_of import refused
from api.platform.audit import audited, note
from api.platform.auth import FindingsWriter, Reader
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.errors import not_found_as
from api.platform.openapi import body_of, errors_of
from api.platform.responses import page_of, send_json
from api.v1.milestones.schemas import MilestoneAnswer, MilestoneList, MilestoneQuery
from policycortex.documents.milestones import MilestoneChange, StatedMilestone
from policycortex.reports.poam_items import write_item
from policycortex.requests.milestone_body import MilestoneBody, parse_milestone, split_item
from policycortex.storage.registry.milestones import MilestoneFilter

router: Final = APIRouter(prefix="/v1/milestones", tags=["milestones"])

_NOT_FOUND: Final = "No such milestone; GET /v1/milestones lists all"
_EXAMPLE: Final = {
    "item": "POAM-00012/CC6.1",
    "framework": "soc2",
    "text": "The bucket policy is reviewed",
    "due_on": "2026-12-31",
    "role": "System owner",
}
MilestoneId = Annotated[str, Path(max_length=100, examples=["mst_0123456789abcdef"])]


@router.get("", response_model=MilestoneList, responses=errors_of())
def list_milestones(
    request: Request, caller: Reader, query: Annotated[MilestoneQuery, Query()], services: ServicesDep
) -> Response:
    """Milestones of the organisation, newest first."""
    wanted = _filter_of(query)
    kept = services.registry.milestones
    found = kept.list_milestones(caller.organization, wanted, limit=query.limit, offset=query.offset)
    total = kept.count_milestones(caller.organization, wanted)
    changes = kept.changes_of(caller.organization, [each.id for each in found])
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(found))
    listed = [_answer(each, changes.get(each.id)) for each in found]
    return send_json(request, MilestoneList(milestones=listed, pagination=page))


@router.post(
    "",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, codes.PATH_NOT_FOUND, codes.CONFLICT, body=True),
    openapi_extra=body_of(MilestoneBody, _EXAMPLE),
)
@audited("milestone_created")
def create_milestone(
    *, caller: FindingsWriter, body: JsonObject, services: ServicesDep, base_url: BaseUrl, response: Response
) -> MilestoneAnswer:
    """Add a milestone to an item, or complete or replace an earlier one."""
    from policycortex.workflow.state_milestone import state_milestone  # noqa: PLC0415 - the lake's libraries: 60 MB

    now = services.now()
    given = parse_milestone(body, now=now, frameworks=services.frameworks(caller.organization))
    with not_found_as(_NOT_FOUND):
        made = state_milestone(
            services.settings,
            services.registry,
            caller.organization,
            given,
            by=caller.key.id,
            name=caller.key.name,
            now=now,
        )
    answer = _answer(made)
    named = {"item": answer.item, "framework": made.framework, "change": made.change, "earlier": made.earlier}
    note(subject=made.id, details={name: value for name, value in named.items() if value is not None})
    response.headers["Location"] = f"{base_url}/v1/milestones/{made.id}"
    return answer


@router.get("/{milestone_id}", response_model=MilestoneAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_milestone(milestone_id: MilestoneId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """One milestone."""
    with not_found_as(_NOT_FOUND):
        found = services.registry.milestones.get_milestone(caller.organization, milestone_id)
    changes = services.registry.milestones.changes_of(caller.organization, [found.id])
    return send_json(request, _answer(found, changes.get(found.id)))


def _filter_of(query: MilestoneQuery) -> MilestoneFilter:
    number, requirement = split_item(query.item)
    if query.item is not None and number is None:
        raise refused("item", "Must be the number of an item or weakness, such as POAM-00012/CC6.1 or POAM-00012")
    return MilestoneFilter(number=number, framework=query.framework, requirement=requirement)


def _answer(stated: StatedMilestone, changed: MilestoneChange | None = None) -> MilestoneAnswer:
    own = {name: getattr(stated, name) for name in MilestoneAnswer.model_fields if name not in {"item", "changed"}}
    return MilestoneAnswer(item=write_item(stated.number, stated.requirement), changed=changed, **own)
