"""``/v1/frameworks/{framework_id}/posture``: calculated when it is read, from the newest scans."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic_core import PydanticCustomError

from api.platform import error_codes as codes
from api.platform.auth import Reader
from api.platform.dependencies import ServicesDep
from api.platform.errors import ApiError
from api.platform.filters import checked_scope, frameworks_of, known_filters
from api.platform.openapi import errors_of
from api.platform.responses import send_json
from api.v1.posture.schemas import PostureAnswer, PostureQuery
from policycortex.errors import Problem
from policycortex.period import Period
from policycortex.requests.basis import known_moment_of
from policycortex.requests.scope_body import scope_of
from policycortex.scoring.approvals import as_known_at
from policycortex.storage.known_frameworks import framework_known_at
from policycortex.workflow.report_order import snapshot_known_on

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
    known = known_filters(frameworks, services, caller)
    scope = scope_of(checked_scope(query, known, now), caller.organization, known)
    period, known_on = _period(query, now), _known_on(query, now)
    snapshot = None
    if known_on is not None:
        framework = framework_known_at(
            services.settings, services.registry, caller.organization, framework_id, known_on
        ).in_edition(query.crosswalk)
        snapshot = snapshot_known_on(services.settings, known_on, period)
    known_at = known_on or now
    with open_lake(services.settings, snapshot=snapshot) as lake:
        assessed = judge_period(
            lake,
            framework,
            scope,
            period,
            waivers=as_known_at(services.registry.waivers.list_records(caller.organization), known_at),
            attestations=as_known_at(services.registry.attestations.list_records(caller.organization), known_at),
            now=known_at,
        )
    return send_json(
        request, present_posture(assessed.posture, framework, period, known_on=known_on, only=query.results)
    )


def _period(query: PostureQuery, now: datetime) -> Period:
    """The days up to ``as_of``, of which only the newest scan of each check counts. Raises ApiError."""
    end = now
    if query.as_of is not None:
        try:
            end = datetime.fromisoformat(query.as_of)
        except ValueError:
            raise _refused("as_of", "Not a time such as 2026-10-31T23:59:59Z") from None
        if end.utcoffset() is None:
            raise _refused("as_of", "The time needs a time zone, such as Z or +01:00")
        if end > now:
            raise _refused("as_of", "The time cannot be in the future")
    return Period.as_given(end - timedelta(days=query.lookback_days), end)


def _known_on(query: PostureQuery, now: datetime) -> datetime | None:
    """The time that ``known_on`` means; None without one. Raises ApiError."""
    if query.known_on is None:
        return None
    try:
        return known_moment_of(query.known_on, UTC, now=now)
    except PydanticCustomError as error:
        raise _refused("known_on", error.message()) from None


def _refused(field: str, message: str) -> ApiError:
    details = (Problem(field=field, message=message),)
    return ApiError(codes.INVALID_REQUEST, "Request parameters are not valid", details=details)
