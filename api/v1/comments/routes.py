"""``/v1/comments``: comments of reviewers on requirements. They are added and read, never changed."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.as_of import refused
from api.platform.audit import audited, note
from api.platform.auth import FindingsWriter, Reader
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.errors import not_found_as
from api.platform.granted_comments import parse_within_grant
from api.platform.openapi import body_of, errors_of
from api.platform.responses import page_of, send_json
from api.v1.comments.granted import is_visible_to, visible_to
from api.v1.comments.schemas import CommentAnswer, CommentList, CommentQuery
from policycortex.errors import NotFoundError
from policycortex.frameworks.model import Framework
from policycortex.requests.comment_body import CommentBody

router: Final = APIRouter(prefix="/v1/comments", tags=["comments"])

_NOT_FOUND: Final = "No such comment; GET /v1/comments lists all"
_EXAMPLE: Final = {
    "framework": "soc2",
    "requirement": "CC6.1",
    "text": "Sampled five of the twelve buckets; all are private.",
    "role": "Lead auditor",
}
CommentId = Annotated[str, Path(max_length=100, examples=["cmt_0123456789abcdef"])]


@router.get("", response_model=CommentList, responses=errors_of())
def list_comments(
    request: Request, caller: Reader, query: Annotated[CommentQuery, Query()], services: ServicesDep
) -> Response:
    """Comments of the organisation, newest first; for an auditor those within the grant."""
    requirement = query.requirement
    if requirement is not None:
        if query.framework is None:
            raise refused("requirement", "Needs the parameter framework")
        framework = services.frameworks(caller.organization).get(query.framework)
        requirement = _known_id(framework, requirement)
    wanted = visible_to(caller, None if query.framework is None else {query.framework}, requirement)
    kept = services.registry.comments
    found = kept.list_comments(caller.organization, wanted, limit=query.limit, offset=query.offset)
    total = kept.count_comments(caller.organization, wanted)
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(found))
    return send_json(
        request, CommentList(comments=[CommentAnswer.model_validate(each) for each in found], pagination=page)
    )


@router.post(
    "",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, codes.PATH_NOT_FOUND, body=True),
    openapi_extra=body_of(CommentBody, _EXAMPLE),
)
@audited("comment_created")
def create_comment(
    *, caller: FindingsWriter, body: JsonObject, services: ServicesDep, base_url: BaseUrl, response: Response
) -> CommentAnswer:
    """Comment on a requirement. An auditor who signed in by a grant may comment within the grant."""
    now = services.now()
    given, as_of = parse_within_grant(services, caller, body, now=now)
    made = services.registry.comments.add_comment(
        caller.organization,
        framework=given.framework,
        requirement=given.requirement,
        text=given.text,
        as_of=as_of,
        by=caller.key.id,
        name=caller.key.name,
        role=given.role,
        now=now,
    )
    note(subject=made.id, details={"framework": made.framework, "requirement": made.requirement})
    response.headers["Location"] = f"{base_url}/v1/comments/{made.id}"
    return CommentAnswer.model_validate(made)


@router.get("/{comment_id}", response_model=CommentAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_comment(comment_id: CommentId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """One comment."""
    with not_found_as(_NOT_FOUND):
        found = services.registry.comments.get_comment(caller.organization, comment_id)
        if not is_visible_to(caller, found):
            raise NotFoundError(f"no comment {comment_id} in the grant")
    return send_json(request, CommentAnswer.model_validate(found))


def _known_id(framework: Framework | None, requirement: str) -> str:
    """The requirement's id; an unknown one as it is, on which there is no comment."""
    known = framework.requirement_by_spelling() if framework is not None else {}
    return known.get(requirement.casefold(), requirement)
