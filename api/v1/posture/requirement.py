"""``/v1/frameworks/{framework_id}/requirements/{requirement_id}``: the evidence of one requirement at one time."""

from collections.abc import Sequence
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.as_of import KnownData
from api.platform.auth import Principal, Reader
from api.platform.dependencies import BaseUrl, ServicesDep
from api.platform.errors import ApiError
from api.platform.openapi import errors_of
from api.platform.responses import send_json
from api.v1.posture.requested import requested_framework
from api.v1.posture.requirement_schemas import RequirementEvidenceAnswer, RequirementQuery
from policycortex.scoring.approvals import ApprovalRecord, known_moment

router: Final = APIRouter(prefix="/v1/frameworks", tags=["frameworks"])

_RecordT = TypeVar("_RecordT", bound=ApprovalRecord)


@router.get(
    "/{framework_id}/requirements/{requirement_id}",
    response_model=RequirementEvidenceAnswer,
    responses=errors_of(codes.PATH_NOT_FOUND, codes.DATA_NOT_KEPT),
)
def get_requirement(
    framework_id: Annotated[str, Path(max_length=100, examples=["soc2"])],
    requirement_id: Annotated[str, Path(max_length=500, description="In any known spelling", examples=["CC6.1"])],
    request: Request,
    *,
    caller: Reader,
    query: Annotated[RequirementQuery, Query()],
    services: ServicesDep,
    base_url: BaseUrl,
) -> Response:
    """One requirement with its checks, counts of findings, waivers, attestations and the history of its results."""
    from api.v1.posture.requirement_presenters import present_requirement  # noqa: PLC0415 - the lake takes 60 MB
    from policycortex.workflow.requirement_evidence import read_requirement  # noqa: PLC0415

    requested = requested_framework(framework_id, query, services, caller)
    framework, known = requested.framework, requested.known
    found = framework.requirement_by_spelling().get(requirement_id.casefold())
    if found is None:
        raise ApiError(codes.PATH_NOT_FOUND, f"{framework.id} has no requirement {requirement_id!r}")
    with services.lake.read(known.snapshot) as lake:
        evidence = read_requirement(
            lake,
            framework,
            found,
            requested.scope,
            known.period,
            waivers=_shown(known.waivers, known, caller),
            attestations=_shown(requested.attestations, known, caller),
            now=known.at,
        )
        return send_json(request, present_requirement(evidence, framework, known, query, base_url))


def _shown(records: Sequence[_RecordT], known: KnownData, caller: Principal) -> Sequence[_RecordT]:
    """All of them; to an auditor those in force at that time, which are what the numbers were made from."""
    moment = known_moment(known.period, known.at)
    return records if caller.key.grant is None else [record for record in records if record.holds_at(moment)]
