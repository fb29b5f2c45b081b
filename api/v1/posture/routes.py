"""``/v1/frameworks/{framework_id}/posture``: calculated when it is read, from the newest scans."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.auth import Reader
from api.platform.dependencies import ServicesDep
from api.platform.openapi import errors_of
from api.platform.responses import send_json
from api.v1.posture.requested import requested_framework
from api.v1.posture.schemas import PostureAnswer, PostureQuery

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
    from policycortex.workflow.assessed_period import judge_period  # noqa: PLC0415

    requested = requested_framework(framework_id, query, services, caller)
    framework, known = requested.framework, requested.known
    with services.lake.read(known.snapshot) as lake:
        assessed = judge_period(
            lake,
            framework,
            requested.scope,
            known.period,
            waivers=known.waivers,
            attestations=requested.attestations,
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
