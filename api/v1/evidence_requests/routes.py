"""``/v1/evidence-requests``: an auditor asks to see evidence, people answer, and either side closes the request.

An auditor sees the own requests only. Requests and answers are never changed.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.as_of import refused
from api.platform.audit import audited, note
from api.platform.auth import FindingsWriter, Principal, Reader
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.errors import not_found_as
from api.platform.granted_comments import parse_within_grant
from api.platform.openapi import body_of, errors_of
from api.platform.responses import page_of, send_json
from api.platform.services import Services
from api.v1.evidence_requests.schemas import EvidenceRequestAnswer, EvidenceRequestList, EvidenceRequestQuery
from policycortex.errors import NotFoundError, Problem, RequestError
from policycortex.requests.evidence_request_body import (
    EvidenceAnswerBody,
    EvidenceRequestBody,
    parse_evidence_answer,
)
from policycortex.requests.parsing import REFUSED
from policycortex.storage.registry.evidence_requests import (
    EvidenceRequest,
    EvidenceRequestFilter,
    NewEvidenceRequest,
)

router: Final = APIRouter(prefix="/v1/evidence-requests", tags=["evidence requests"])

_NOT_FOUND: Final = "No such evidence request; GET /v1/evidence-requests lists all"
_EXAMPLE: Final = {
    "framework": "soc2",
    "requirement": "CC6.1",
    "text": "Show the access review of the third quarter.",
    "role": "Lead auditor",
}
_ANSWER_EXAMPLE: Final = {"text": "The review is attached to the attestation of CC6.1."}
EvidenceRequestId = Annotated[str, Path(max_length=100, examples=["evr_0123456789abcdef"])]


@router.get("", response_model=EvidenceRequestList, responses=errors_of())
def list_evidence_requests(
    request: Request, caller: Reader, query: Annotated[EvidenceRequestQuery, Query()], services: ServicesDep
) -> Response:
    """Evidence requests of the organisation, newest first; for an auditor the own ones."""
    if query.requirement is not None and query.framework is None:
        raise refused("requirement", "Needs the parameter framework")
    wanted = EvidenceRequestFilter(
        framework=query.framework,
        requirement=_known_id(services, caller, query),
        status=query.status,
        requested_by=caller.key.id if caller.key.grant is not None else None,
    )
    kept = services.registry.evidence_requests
    found = kept.list_requests(caller.organization, wanted, limit=query.limit, offset=query.offset)
    total = kept.count_requests(caller.organization, wanted)
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(found))
    answers = [EvidenceRequestAnswer.model_validate(each) for each in found]
    return send_json(request, EvidenceRequestList(evidence_requests=answers, pagination=page))


@router.post(
    "",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, codes.PATH_NOT_FOUND, body=True),
    openapi_extra=body_of(EvidenceRequestBody, _EXAMPLE),
)
@audited("evidence_requested")
def create_evidence_request(
    *, caller: FindingsWriter, body: JsonObject, services: ServicesDep, base_url: BaseUrl, response: Response
) -> EvidenceRequestAnswer:
    """Ask to see evidence on a requirement. An auditor who signed in by a grant may ask within the grant."""
    now = services.now()
    given, as_of = parse_within_grant(services, caller, body, now=now, model=EvidenceRequestBody)
    new = NewEvidenceRequest(
        framework=given.framework,
        requirement=given.requirement,
        text=given.text,
        as_of=as_of,
        by=caller.key.id,
        name=caller.key.name,
        role=given.role,
    )
    made = services.registry.evidence_requests.add_request(caller.organization, new, now=now)
    note(subject=made.id, details={"framework": made.framework, "requirement": made.requirement})
    response.headers["Location"] = f"{base_url}/v1/evidence-requests/{made.id}"
    return EvidenceRequestAnswer.model_validate(made)


@router.get("/{evidence_request_id}", response_model=EvidenceRequestAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_evidence_request(
    evidence_request_id: EvidenceRequestId, request: Request, caller: Reader, services: ServicesDep
) -> Response:
    """One evidence request with its answers."""
    return send_json(request, EvidenceRequestAnswer.model_validate(_find(services, caller, evidence_request_id)))


@router.post(
    "/{evidence_request_id}/answers",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, codes.PATH_NOT_FOUND, codes.CONFLICT, body=True),
    openapi_extra=body_of(EvidenceAnswerBody, _ANSWER_EXAMPLE),
)
@audited("evidence_answered")
def answer_evidence_request(
    evidence_request_id: EvidenceRequestId, *, caller: FindingsWriter, body: JsonObject, services: ServicesDep
) -> EvidenceRequestAnswer:
    """Answer a request, by words or by an attestation whose files show it."""
    wanted = _find(services, caller, evidence_request_id)
    given = parse_evidence_answer(body)
    if given.attestation_id is not None:
        _require_attestation(services, wanted, given.attestation_id)
        note(details={"attestation": given.attestation_id})
    found = services.registry.evidence_requests.add_answer(
        caller.organization,
        wanted.id,
        text=given.text,
        attestation_id=given.attestation_id,
        by=caller.key.id,
        name=caller.key.name,
        now=services.now(),
    )
    return EvidenceRequestAnswer.model_validate(found)


@router.post("/{evidence_request_id}/close", responses=errors_of(codes.PATH_NOT_FOUND))
@audited("evidence_request_closed")
def close_evidence_request(
    evidence_request_id: EvidenceRequestId, caller: FindingsWriter, services: ServicesDep
) -> EvidenceRequestAnswer:
    """Close a request; its auditor may, too. Closing it again changes nothing."""
    wanted = _find(services, caller, evidence_request_id)
    found = services.registry.evidence_requests.close_request(
        caller.organization, wanted.id, by=caller.key.id, name=caller.key.name, now=services.now()
    )
    return EvidenceRequestAnswer.model_validate(found)


def _find(services: Services, caller: Principal, request_id: str) -> EvidenceRequest:
    """The request. Raises ApiError 404 also for one of another auditor, when the caller is one."""
    with not_found_as(_NOT_FOUND):
        found = services.registry.evidence_requests.get_request(caller.organization, request_id)
        if caller.key.grant is not None and found.requested_by != caller.key.id:
            raise NotFoundError(f"no evidence request {request_id} of the grant")
    return found


def _require_attestation(services: Services, wanted: EvidenceRequest, attestation_id: str) -> None:
    """Raise RequestError unless it is one of the organisation on the requirement that was asked about."""
    try:
        found = services.registry.attestations.get_record(wanted.organization, attestation_id)
        is_on_it = found.scope.framework == wanted.framework and wanted.requirement in found.scope.requirements
    except NotFoundError:
        is_on_it = False
    if not is_on_it:
        message = f"No attestation of yours on {wanted.requirement} of {wanted.framework}"
        raise RequestError(REFUSED, details=(Problem(field="attestation_id", message=message),))


def _known_id(services: Services, caller: Principal, query: EvidenceRequestQuery) -> str | None:
    """The requirement's id; an unknown one as it is, on which there is no request."""
    if query.requirement is None or query.framework is None:
        return None
    framework = services.frameworks(caller.organization).get(query.framework)
    known = framework.requirement_by_spelling() if framework is not None else {}
    return known.get(query.requirement.casefold(), query.requirement)
