"""``/v1/frameworks/{framework_id}/posture``: calculated when it is read, from the newest scans."""

from datetime import UTC
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.as_of import known_data_of
from api.platform.auth import Reader
from api.platform.dependencies import ServicesDep
from api.platform.errors import ApiError
from api.platform.filters import checked_scope, frameworks_of, known_filters
from api.platform.openapi import errors_of
from api.platform.responses import send_json
from api.v1.posture.schemas import PostureAnswer, PostureQuery
from policycortex.requests.scope_body import scope_of
from policycortex.scoring.approvals import as_known_at

router: Final = APIRouter(prefix="/v1/frameworks", tags=["frameworks"])


@router.get(
    "/{framework_id}/posture",
    response_model=PostureAnswer,
    responses=errors_of(codes.PATH_NOT_FOUND, codes.DATA_NOT_KEPT),
)
def get_posture(
    framework_id: Annotated[str, Path(max_length=100, examples=["soc2"])],
    request: Request,
    *,
    caller: Reader,
    query: Annotated[PostureQuery, Query()],
    services: ServicesDep,
) -> Response:
    """Result of each requirement and all scores, as a report of that time would have them."""
    from api.v1.posture.presenters import present_posture  # noqa: PLC0415 - the lake's libraries take 60 MB
    from policycortex.storage.lake.lake import open_lake  # noqa: PLC0415
    from policycortex.workflow.assessed_period import judge_period  # noqa: PLC0415

    frameworks = frameworks_of(query, services, caller)
    framework = frameworks.get(framework_id)
    if framework is None:
        raise ApiError(codes.PATH_NOT_FOUND, f"No framework {framework_id!r}; GET /v1/frameworks lists all")
    now = services.now().astimezone(UTC)
    filters = known_filters(frameworks, services, caller)
    scope = scope_of(checked_scope(query, filters, now), caller.organization, filters)
    known = known_data_of(query, framework, services, caller, now=now)
    framework = known.framework or framework
    with open_lake(services.settings, snapshot=known.snapshot) as lake:
        assessed = judge_period(
            lake,
            framework,
            scope,
            known.period,
            waivers=known.waivers,
            attestations=as_known_at(services.registry.attestations.list_records(caller.organization), known.at),
            now=known.at,
        )
        days = (known.period.first_utc_date, known.period.last_utc_date)
        is_behind = lake.state.has_unbuilt_imports(caller.organization, *days)
    return send_json(
        request,
        present_posture(
            assessed.posture,
            framework,
            known.period,
            known_on=known.known_on,
            only=query.results,
            has_uncounted_imports=is_behind,
        ),
    )
