"""``/v1/attestations``: what people state of requirements, requested by one key and approved by another."""

from typing import Final

from fastapi import APIRouter, Response

from api.platform import error_codes as codes
from api.platform.approval_routes import ApprovalNoun, add_routes
from api.platform.audit import audited
from api.platform.auth import FindingsWriter
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.openapi import body_of, errors_of
from api.v1.attestations.granted import is_granted
from api.v1.attestations.presenters import present_attestation
from api.v1.attestations.schemas import AttestationAnswer, AttestationList
from policycortex.requests.approval_body import AttestationApproveBody
from policycortex.requests.attestation_body import AttestationBody, parse_attestation

router: Final = APIRouter(prefix="/v1/attestations", tags=["attestations"])

_NOUN: Final = ApprovalNoun(
    name="attestation",
    example_id="att_0123456789abcdef",
    records=lambda registry: registry.attestations,
    present=present_attestation,
    answer=AttestationAnswer,
    list_answer=AttestationList,
    make_list=lambda answers, page: AttestationList(attestations=list(answers), pagination=page),
    approve_body=AttestationApproveBody,
    approved=lambda found: {"evidence": [file.sha256 for file in found.evidence]},
    is_granted=is_granted,
)
_EXAMPLE: Final = {
    "statement": "not_applicable",
    "scope": {"framework": "soc2", "profile": "privacy"},
    "reason": "The report is on security; no personal data is processed for customers",
    "until": "2027-12-01T00:00:00Z",
}

add_routes(router, _NOUN)


@router.post(
    "",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, body=True),
    openapi_extra=body_of(AttestationBody, _EXAMPLE),
)
@audited("attestation_created")
def create_attestation(
    *, caller: FindingsWriter, body: JsonObject, services: ServicesDep, base_url: BaseUrl, response: Response
) -> AttestationAnswer:
    """Request an attestation. It states nothing until another key approves it, and never changes periods that ended."""
    now = services.now()
    wanted = parse_attestation(body, now=now, frameworks=services.frameworks(caller.organization))
    made = services.registry.attestations.request_attestation(
        caller.organization,
        wanted.statement,
        wanted.scope,
        reason=wanted.reason,
        valid=wanted.valid,
        by=caller.key.id,
        now=now,
        role=wanted.role,
    )
    response.headers["Location"] = f"{base_url}/v1/attestations/{made.id}"
    return present_attestation(made, now)
