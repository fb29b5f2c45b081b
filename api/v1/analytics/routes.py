"""``/v1/analytics`` and the comparison of two reports, calculated from daily results in the lake."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.access_log import log_read
from api.platform.auth import Reader
from api.platform.dependencies import ReportId, ServicesDep
from api.platform.errors import ApiError
from api.platform.filters import frameworks_of
from api.platform.listing import PageQuery
from api.platform.openapi import errors_of
from api.platform.responses import send_json
from api.v1.analytics.overview_schemas import OverviewAnswer
from api.v1.analytics.query import ForecastQuery, RiskQuery, TrendsQuery, to_question
from api.v1.analytics.schemas import CompareAnswer, ForecastAnswer, RiskAnswer, TrendsAnswer
from policycortex.errors import Problem

router: Final = APIRouter(prefix="/v1/analytics", tags=["analytics"])
compare_router: Final = APIRouter(prefix="/v1/reports", tags=["analytics"])

# Endpoints import the lake and its libraries themselves: they take 60 MB and a second, and only analytics needs them.


@router.get("/trends", response_model=TrendsAnswer, responses=errors_of())
def get_trends(
    request: Request, caller: Reader, query: Annotated[TrendsQuery, Query()], services: ServicesDep
) -> Response:
    """Scores as last known by day, week or month; gaps are gaps. The causes of the change add up to it exactly."""
    from api.v1.analytics.presenters import present_trends  # noqa: PLC0415
    from policycortex.scoring.trend import Granularity  # noqa: PLC0415
    from policycortex.workflow.analytics import load_trends  # noqa: PLC0415

    question = to_question(query, services, caller)
    if query.by == "section" and question.framework is None:
        details = (Problem(field="by", message="section needs a framework"),)
        raise ApiError(codes.INVALID_REQUEST, "Request parameters are not valid", details=details)
    with services.lake.read() as lake:
        found = load_trends(
            lake,
            question,
            granularity=Granularity(query.granularity),
            by=query.by,
            frameworks=frameworks_of(query, services, caller),
        )
    return send_json(request, present_trends(found, question, query))


@router.get("/overview", response_model=OverviewAnswer, responses=errors_of())
def get_overview(request: Request, caller: Reader, services: ServicesDep) -> Response:
    """The organisation at a glance, from stored daily results of the 35 days up to the newest evaluated one."""
    from api.v1.analytics.overview_presenters import present_overview  # noqa: PLC0415
    from policycortex.workflow.analytics_days import risk_weights  # noqa: PLC0415
    from policycortex.workflow.overview import load_overview  # noqa: PLC0415

    frameworks = services.frameworks(caller.organization)
    with services.lake.read() as lake:
        found = load_overview(
            lake,
            caller.organization,
            frameworks,
            waivers=services.registry.waivers.list_records(caller.organization),
            sla_days=risk_weights(services.settings).sla_days,
            now=services.now(),
        )
    return send_json(request, present_overview(found, frameworks))


@router.get("/risk", response_model=RiskAnswer, responses=errors_of())
def get_risk(request: Request, caller: Reader, query: Annotated[RiskQuery, Query()], services: ServicesDep) -> Response:
    """Risk with its parts and groups, what lowers it most, ages against the agreed days, and time to remediate."""
    from api.v1.analytics.presenters import present_risk  # noqa: PLC0415
    from policycortex.workflow.analytics import load_risk  # noqa: PLC0415
    from policycortex.workflow.analytics_days import risk_weights  # noqa: PLC0415

    question = to_question(query, services, caller)
    known = {question.framework.id: question.framework} if question.framework else None
    with services.lake.read() as lake:
        found = load_risk(
            lake,
            question,
            weights=risk_weights(services.settings),
            frameworks=known or frameworks_of(query, services, caller),
            top=query.top,
        )
    return send_json(request, present_risk(found, question, query.crosswalk))


@router.get("/forecast", response_model=ForecastAnswer, responses=errors_of())
def get_forecast(
    request: Request, caller: Reader, query: Annotated[ForecastQuery, Query()], services: ServicesDep
) -> Response:
    """The score's next days by the best method on its history, with intervals, or why there is no forecast."""
    from api.v1.analytics.presenters import present_forecast  # noqa: PLC0415
    from policycortex.workflow.analytics import load_forecast  # noqa: PLC0415

    question = to_question(query, services, caller)
    with services.lake.read() as lake:
        found = load_forecast(lake, question, horizon_days=query.horizon_days, target_pct=query.target_score)
    return send_json(request, present_forecast(found, question, query.crosswalk))


@compare_router.get(
    "/{report_id}/compare/{other_id}",
    response_model=CompareAnswer,
    responses=errors_of(codes.REPORT_NOT_FOUND, codes.CONFLICT),
)
def compare_reports(
    report_id: ReportId,
    other_id: ReportId,
    request: Request,
    *,
    caller: Reader,
    query: Annotated[PageQuery, Query()],
    services: ServicesDep,
) -> Response:
    """The findings of ``report_id`` compared with ``other_id``: new, resolved, persisting, not scanned."""
    from api.v1.analytics.presenters import present_comparison  # noqa: PLC0415
    from policycortex.workflow.report_comparison import compare_reports as find_changes  # noqa: PLC0415

    before, after = (
        services.registry.reports.get_report(caller.organization, id_, reader=caller.reader)
        for id_ in (report_id, other_id)
    )
    log_read(services, caller, report_id)
    log_read(services, caller, other_id)
    found = find_changes(
        services.settings,
        before,
        after,
        frameworks=services.frameworks(caller.organization),
        waivers=services.registry.waivers.list_records(caller.organization),
        attestations=services.registry.attestations.list_records(caller.organization),
    )
    return send_json(request, present_comparison(found, report_id, other_id, limit=query.limit, offset=query.offset))
