"""``/v1/waivers``: failing findings accepted for some time, requested by one key and approved by another."""

from typing import Final

from fastapi import APIRouter, Response

from api.platform import error_codes as codes
from api.platform.approval_routes import ApprovalNoun, add_routes
from api.platform.audit import audited
from api.platform.auth import FindingsWriter
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.openapi import body_of, errors_of
from api.v1.waivers.presenters import present_waiver
from api.v1.waivers.schemas import WaiverAnswer, WaiverList
from policycortex.requests.waiver_body import WaiverBody, parse_waiver

router: Final = APIRouter(prefix="/v1/waivers", tags=["waivers"])

_NOUN: Final = ApprovalNoun(
    name="waiver",
    example_id="wvr_0123456789abcdef",
    records=lambda registry: registry.waivers,
    present=present_waiver,
    answer=WaiverAnswer,
    list_answer=WaiverList,
    make_list=lambda answers, page: WaiverList(waivers=list(answers), pagination=page),
)
_EXAMPLE: Final = {
    "scope": {"check": "s3_bucket_public_access", "resource": "arn:aws:s3:::public-site-*"},
    "reason": "The site is public on purpose; reviewed with the data owner",
    "until": "2027-01-01T00:00:00Z",
}

add_routes(router, _NOUN)


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
        caller.organization,
        wanted.scope,
        reason=wanted.reason,
        valid=wanted.valid,
        by=caller.key.id,
        now=now,
        role=wanted.role,
        kind=wanted.kind,
        adjusted_severity=wanted.adjusted_severity,
    )
    response.headers["Location"] = f"{base_url}/v1/waivers/{waiver.id}"
    return present_waiver(waiver, now)
