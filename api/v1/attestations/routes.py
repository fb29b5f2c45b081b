"""``/v1/attestations``: what people state of requirements, requested by one key and approved by another."""

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
from api.v1.attestations.presenters import present_attestation
from api.v1.attestations.schemas import AttestationAnswer, AttestationList
from policycortex.requests.attestation_body import AttestationBody, parse_attestation

router: Final = APIRouter(prefix="/v1/attestations", tags=["attestations"])

AttestationId = Annotated[str, Path(max_length=100, examples=["att_0123456789abcdef"])]

_NOT_FOUND: Final = "No such attestation; GET /v1/attestations lists all"
_EXAMPLE: Final = {
    "statement": "not_applicable",
    "scope": {"framework": "soc2", "profile": "privacy"},
    "reason": "The report is on security; no personal data is processed for customers",
    "until": "2027-12-01T00:00:00Z",
}


@router.get("", response_model=AttestationList, responses=errors_of())
def list_attestations(
    request: Request, caller: Reader, query: Annotated[PageQuery, Query()], services: ServicesDep
) -> Response:
    """Attestations of the organisation, newest first, with those that ended."""
    kept, now = services.registry.attestations, services.now()
    found = kept.list_records(caller.organization, limit=query.limit, offset=query.offset, newest_first=True)
    page = page_of(kept.count_records(caller.organization), limit=query.limit, offset=query.offset, count=len(found))
    body = AttestationList(attestations=[present_attestation(each, now) for each in found], pagination=page)
    return send_json(request, body)


@router.get("/{attestation_id}", response_model=AttestationAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_attestation(attestation_id: AttestationId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """One attestation with its approval and revocation."""
    with not_found_as(_NOT_FOUND):
        found = services.registry.attestations.get_record(caller.organization, attestation_id)
    return send_json(request, present_attestation(found, services.now()))


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
    )
    response.headers["Location"] = f"{base_url}/v1/attestations/{made.id}"
    return present_attestation(made, now)


@router.post("/{attestation_id}/approve", responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT))
@audited("attestation_approved")
def approve_attestation(
    attestation_id: AttestationId, caller: FindingsWriter, services: ServicesDep
) -> AttestationAnswer:
    """Approve an attestation that another key requested; it holds from now on, within its validity."""
    now = services.now()
    with not_found_as(_NOT_FOUND):
        found = services.registry.attestations.approve_record(
            caller.organization, attestation_id, by=caller.key.id, now=now
        )
    return present_attestation(found, now)


@router.delete("/{attestation_id}", status_code=204, responses=errors_of(codes.PATH_NOT_FOUND))
@audited("attestation_revoked")
def revoke_attestation(attestation_id: AttestationId, caller: FindingsWriter, services: ServicesDep) -> None:
    """Revoke an attestation from now on. It stays on record, and in reports of periods that ended before."""
    with not_found_as(_NOT_FOUND):
        services.registry.attestations.revoke_record(
            caller.organization, attestation_id, by=caller.key.id, now=services.now()
        )
