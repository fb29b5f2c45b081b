"""``/v1/frameworks/{framework_id}/requirements/{requirement_id}``: the evidence of one requirement at one time."""

from datetime import UTC
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.as_of import known_data_of
from api.platform.auth import Reader
from api.platform.dependencies import BaseUrl, ServicesDep
from api.platform.errors import ApiError
from api.platform.filters import checked_scope, frameworks_of, known_filters
from api.platform.openapi import errors_of
from api.platform.responses import send_json
from api.v1.posture.requirement_schemas import RequirementEvidenceAnswer, RequirementQuery
from policycortex.requests.scope_body import scope_of
from policycortex.scoring.approvals import as_known_at
from policycortex.storage.private_folders import private_folder

router: Final = APIRouter(prefix="/v1/frameworks", tags=["frameworks"])


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
    from policycortex.storage.lake.lake import open_lake  # noqa: PLC0415
    from policycortex.workflow.requirement_evidence import read_requirement  # noqa: PLC0415

    frameworks = frameworks_of(query, services, caller)
    framework = frameworks.get(framework_id)
    if framework is None:
        raise ApiError(codes.PATH_NOT_FOUND, f"No framework {framework_id!r}; GET /v1/frameworks lists all")
    now = services.now().astimezone(UTC)
    filters = known_filters(frameworks, services, caller)
    scope = scope_of(checked_scope(query, filters, now), caller.organization, filters)
    known = known_data_of(query, framework, services, caller, now=now)
    framework = known.framework or framework
    found = framework.requirement_by_spelling().get(requirement_id.casefold())
    if found is None:
        raise ApiError(codes.PATH_NOT_FOUND, f"{framework.id} has no requirement {requirement_id!r}")
    attestations = services.registry.attestations.list_records(caller.organization)
    with private_folder(services.settings) as folder, open_lake(services.settings, snapshot=known.snapshot) as lake:
        evidence = read_requirement(
            lake,
            framework,
            found,
            scope,
            known.period,
            waivers=known.waivers,
            attestations=as_known_at(attestations, known.at),
            folder=folder,
            now=known.at,
        )
        return send_json(request, present_requirement(evidence, framework, known, query, base_url))
