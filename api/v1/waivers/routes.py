"""``/v1/waivers``: failing findings accepted for some time, requested by one key and approved by another."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.audit import audited
from api.platform.auth import FindingsWriter, Reader
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.errors import not_found_as
from api.platform.listing import PageQuery
from api.platform.openapi import body_of, errors_of
from api.platform.responses import page_of, send_json
from api.v1.waivers.presenters import present_waiver
from api.v1.waivers.schemas import WaiverAnswer, WaiverList
from policycortex.requests.waiver_body import WaiverBody, parse_waiver

router: Final = APIRouter(prefix="/v1/waivers", tags=["waivers"])

WaiverId = Annotated[str, Path(max_length=100, examples=["wvr_0123456789abcdef"])]

_NOT_FOUND: Final = "No such waiver; GET /v1/waivers lists all"
_EXAMPLE: Final = {
    "scope": {"check": "s3_bucket_public_access", "resource": "arn:aws:s3:::public-site-*"},
    "reason": "The site is public on purpose; reviewed with the data owner",
    "until": "2027-01-01T00:00:00Z",
}


@router.get("", response_model=WaiverList, responses=errors_of())
def list_waivers(
    request: Request, caller: Reader, query: Annotated[PageQuery, Query()], services: ServicesDep
) -> Response:
    """Waivers of the organisation, newest first, with those that ended."""
    registry, now = services.registry, services.now()
    found = registry.waivers.list_records(
        caller.organization, limit=query.limit, offset=query.offset, newest_first=True
    )
    total = registry.waivers.count_records(caller.organization)
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(found))
    return send_json(request, WaiverList(waivers=[present_waiver(w, now) for w in found], pagination=page))


@router.get("/{waiver_id}", response_model=WaiverAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_waiver(waiver_id: WaiverId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """One waiver with its approval and revocation."""
    with not_found_as(_NOT_FOUND):
        waiver = services.registry.waivers.get_record(caller.organization, waiver_id)
    return send_json(request, present_waiver(waiver, services.now()))


@router.post(
    "",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, body=True),
    openapi_extra=body_of(WaiverBody, _EXAMPLE),
)
@audited("waiver_created")
def create_waiver(
    *, caller: FindingsWriter, body: JsonObject, services: ServicesDep, base_url: BaseUrl, response: Response
) -> WaiverAnswer:
    """Request a waiver. It accepts nothing until another key approves it, and never changes periods that ended."""
    now = services.now()
    wanted = parse_waiver(body, now=now, frameworks=services.frameworks(caller.organization))
    waiver = services.registry.waivers.request_waiver(
        caller.organization, wanted.scope, reason=wanted.reason, valid=wanted.valid, by=caller.key.id, now=now
    )
    response.headers["Location"] = f"{base_url}/v1/waivers/{waiver.id}"
    return present_waiver(waiver, now)


@router.post("/{waiver_id}/approve", responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT))
def approve_waiver(waiver_id: WaiverId, caller: FindingsWriter, services: ServicesDep) -> WaiverAnswer:
    """Approve a waiver that another key requested; it holds from now on, within its validity."""
    now = services.now()
    with not_found_as(_NOT_FOUND):
        waiver = services.registry.waivers.approve_record(caller.organization, waiver_id, by=caller.key.id, now=now)
    return present_waiver(waiver, now)


@router.delete("/{waiver_id}", status_code=204, responses=errors_of(codes.PATH_NOT_FOUND))
@audited("waiver_revoked")
def revoke_waiver(waiver_id: WaiverId, caller: FindingsWriter, services: ServicesDep) -> None:
    """Revoke a waiver from now on. It stays on record, and in reports of periods that ended before."""
    with not_found_as(_NOT_FOUND):
        services.registry.waivers.revoke_record(caller.organization, waiver_id, by=caller.key.id, now=services.now())
