"""``/v1/grants``: what outside auditors may see: reports and evidence of some frameworks and one period, for a time."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.audit import audited, note
from api.platform.auth import Admin, Reader
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.errors import ApiError, not_found_as
from api.platform.listing import PageQuery
from api.platform.openapi import body_of, errors_of
from api.platform.responses import Span, page_of, send_json
from api.v1.grants.schemas import GrantAnswer, GrantList, GrantMade, GrantStatus
from policycortex.requests.grant_body import GrantBody, parse_grant
from policycortex.storage.registry import GrantRow

router: Final = APIRouter(prefix="/v1/grants", tags=["grants"])

_NOT_FOUND: Final = "No such grant; GET /v1/grants lists all"
_EXAMPLE: Final = {
    "name": "Grace Hopper, Example Audit LLP",
    "frameworks": ["soc2"],
    "start": "2026-10-01T00:00:00Z",
    "end": "2026-10-31T23:59:59Z",
    "expires_at": "2026-12-31T23:59:59Z",
}
GrantId = Annotated[str, Path(max_length=100, examples=["aud_0123456789abcdef"])]


@router.get("", response_model=GrantList, responses=errors_of())
def list_grants(
    request: Request, caller: Admin, query: Annotated[PageQuery, Query()], services: ServicesDep
) -> Response:
    """Grants of the organisation, newest first, with those that ended."""
    found, total = services.registry.grants.list_grants(caller.organization, limit=query.limit, offset=query.offset)
    now = services.now()
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(found))
    return send_json(request, GrantList(grants=[present_grant(each, now) for each in found], pagination=page))


@router.get("/mine", response_model=GrantAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_own_grant(request: Request, caller: Reader, services: ServicesDep) -> Response:
    """What the caller alone may see, for an auditor who signed in by a grant. Keys have none."""
    if caller.key.grant is None:
        raise ApiError(codes.PATH_NOT_FOUND, "The caller is not limited by a grant")
    return send_json(request, present_grant(caller.key.grant, services.now()))


@router.post(
    "",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, body=True),
    openapi_extra=body_of(GrantBody, _EXAMPLE),
)
@audited("grant_created")
def create_grant(
    *, caller: Admin, body: JsonObject, services: ServicesDep, base_url: BaseUrl, response: Response
) -> GrantMade:
    """Let an outside auditor see the reports and the evidence of some frameworks and one period, until a time."""
    now = services.now()
    wanted = parse_grant(body, now=now, frameworks=services.frameworks(caller.organization))
    made, token = services.registry.grants.create_grant(
        caller.organization,
        name=wanted.name,
        frameworks=wanted.frameworks,
        period=wanted.period(),
        expires_at=wanted.expires_at,
        email=wanted.email,
        note=wanted.note,
        by=caller.key.id,
        now=now,
    )
    details: dict[str, Any] = {"name": made.name, "frameworks": list(made.frameworks)}
    note(
        subject=made.id, details=details | {"start": made.period.start.isoformat(), "end": made.period.end.isoformat()}
    )
    response.headers["Location"] = f"{base_url}/v1/grants/{made.id}"
    link = f"{base_url}/sign-in?token={token}"
    return GrantMade.model_validate(present_grant(made, now).model_dump() | {"link": link})


@router.get("/{grant_id}", response_model=GrantAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_grant(grant_id: GrantId, request: Request, caller: Admin, services: ServicesDep) -> Response:
    """One grant."""
    with not_found_as(_NOT_FOUND):
        found = services.registry.grants.get_grant(caller.organization, grant_id)
    return send_json(request, present_grant(found, services.now()))


@router.delete("/{grant_id}", status_code=204, responses=errors_of(codes.PATH_NOT_FOUND))
@audited("grant_revoked")
def revoke_grant(grant_id: GrantId, caller: Admin, services: ServicesDep) -> None:
    """End a grant at once, with the auditor's sessions. It stays on record."""
    with not_found_as(_NOT_FOUND):
        services.registry.grants.revoke_grant(caller.organization, grant_id, now=services.now())


def present_grant(grant: GrantRow, now: datetime) -> GrantAnswer:
    """One grant with its state at ``now``."""
    is_revoked = grant.revoked_at is not None and grant.revoked_at <= now
    status = GrantStatus.ACTIVE if grant.is_valid_at(now) else GrantStatus.EXPIRED
    return GrantAnswer(
        id=grant.id,
        name=grant.name,
        frameworks=list(grant.frameworks),
        period=Span(start=grant.period.start, end=grant.period.end, timezone=grant.period.timezone),
        email=grant.email,
        note=grant.note,
        status=GrantStatus.REVOKED if is_revoked else status,
        created_at=grant.created_at,
        created_by=grant.created_by,
        expires_at=grant.expires_at,
        revoked_at=grant.revoked_at,
    )
