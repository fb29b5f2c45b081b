"""``/v1/waivers``: failing findings accepted for a while, asked for by one key and approved by another."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response, Security

from api.platform import error_codes as codes
from api.platform.auth import Principal, Reader, authenticate
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.errors import ApiError
from api.platform.listing import PageQuery
from api.platform.openapi import body_of, errors_of
from api.platform.responses import send_json
from api.v1.reports.schemas import Pagination
from api.v1.waivers.presenters import WaiverAnswer, WaiverList, shape_waiver
from policycortex.errors import NotFoundError
from policycortex.requests.waiver_body import WaiverBody, parse_waiver

router: Final = APIRouter(prefix="/v1/waivers", tags=["waivers"])

WaiverWriter = Annotated[Principal, Security(authenticate, scopes=["findings:write"])]
WaiverId = Annotated[str, Path(max_length=100, examples=["wvr_0123456789abcdef"])]

_EXAMPLE: Final = {
    "scope": {"check": "s3_bucket_public_access", "resource": "arn:aws:s3:::public-site-*"},
    "reason": "The site is public on purpose; reviewed with the data owner",
    "until": "2027-01-01T00:00:00Z",
}


@router.get("", response_model=WaiverList, responses=errors_of())
def list_waivers(
    request: Request, caller: Reader, query: Annotated[PageQuery, Query()], services: ServicesDep
) -> Response:
    """Waivers of the organisation, newest first, ended ones too."""
    registry, now = services.registry, services.now()
    found = registry.waivers.list_waivers(
        caller.organization, limit=query.limit, offset=query.offset, newest_first=True
    )
    total, seen = registry.waivers.count_waivers(caller.organization), query.offset + len(found)
    page = Pagination(total=total, limit=query.limit, offset=query.offset, has_more=seen < total)
    return send_json(request, WaiverList(waivers=[shape_waiver(w, now) for w in found], pagination=page))


@router.get("/{waiver_id}", response_model=WaiverAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_waiver(waiver_id: WaiverId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """One waiver and what became of it."""
    with _found():
        waiver = services.registry.waivers.get_waiver(caller.organization, waiver_id)
    return send_json(request, shape_waiver(waiver, services.now()))


@router.post(
    "",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, body=True),
    openapi_extra=body_of(WaiverBody, _EXAMPLE),
)
def create_waiver(
    *, caller: WaiverWriter, body: JsonObject, services: ServicesDep, base_url: BaseUrl, response: Response
) -> WaiverAnswer:
    """Request a waiver. It accepts nothing until another key approves it, and never changes periods that ended."""
    now = services.now()
    asked = parse_waiver(body, now=now, frameworks=services.frameworks(caller.organization))
    waiver = services.registry.waivers.request_waiver(
        caller.organization, asked.scope, reason=asked.reason, valid=asked.valid, by=caller.key.id, now=now
    )
    response.headers["Location"] = f"{base_url}/v1/waivers/{waiver.id}"
    return shape_waiver(waiver, now)


@router.post("/{waiver_id}/approve", responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT))
def approve_waiver(waiver_id: WaiverId, caller: WaiverWriter, services: ServicesDep) -> WaiverAnswer:
    """Approve a waiver that another key requested; it holds from now on, within its validity."""
    now = services.now()
    with _found():
        waiver = services.registry.waivers.approve_waiver(caller.organization, waiver_id, by=caller.key.id, now=now)
    return shape_waiver(waiver, now)


@router.delete("/{waiver_id}", status_code=204, responses=errors_of(codes.PATH_NOT_FOUND))
def revoke_waiver(waiver_id: WaiverId, caller: WaiverWriter, services: ServicesDep) -> None:
    """Revoke a waiver from now on. It stays on record, and in reports of periods that ended before."""
    with _found():
        services.registry.waivers.revoke_waiver(caller.organization, waiver_id, by=caller.key.id, now=services.now())


@contextmanager
def _found() -> Iterator[None]:
    try:
        yield
    except NotFoundError:
        raise ApiError(codes.PATH_NOT_FOUND, "No such waiver; GET /v1/waivers lists all") from None
