"""``/v1/reports``: order, list, look at."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from api import error_codes as codes
from api.auth import Reader, Writer
from api.dependencies import BaseUrl, JsonObject, ServicesDep
from api.estimates import estimate_report
from api.listing import ListQuery
from api.openapi import errors_of, order_body
from api.orders import OPEN, place_order, reconcile_report
from api.schemas import ReportAccepted, ReportDetails, ReportList
from api.shapes import shape_accepted, shape_details, shape_list

router: Final = APIRouter(prefix="/v1/reports", tags=["reports"])

_MOST_PATIENT_SECONDS: Final = 30
ReportId = Annotated[str, Path(max_length=64, examples=["rpt_1234567890abcdef"])]


@router.post(
    "",
    status_code=202,
    responses=errors_of(codes.INVALID_CONFIG, codes.CONFLICT, body=True),
    openapi_extra=order_body(),
)
def create_report(
    caller: Writer, body: JsonObject, services: ServicesDep, base_url: BaseUrl, response: Response
) -> ReportAccepted:
    """Order a report. It is made by a run of its own; ask ``progress_url`` how far it is."""
    placed = place_order(services, caller, body)
    estimate = estimate_report(services.registry, placed.report, now=services.now())
    accepted = shape_accepted(placed.report, estimate, base_url)
    response.headers["Location"] = accepted.monitoring.progress_url
    response.headers["Retry-After"] = str(
        min(max(round(estimate.duration.total_seconds() / 4), 1), _MOST_PATIENT_SECONDS)
    )
    return accepted


@router.get("", responses=errors_of())
def list_reports(caller: Reader, query: Annotated[ListQuery, Query()], services: ServicesDep) -> ReportList:
    """List the organisation's reports, newest first unless ``sort`` says otherwise."""
    page = services.registry.list_reports(
        caller.organization, query.to_filter(caller.reader), limit=query.limit, offset=query.offset, sort=query.sort
    )
    return shape_list(page, limit=query.limit, offset=query.offset, caller=caller)


@router.get("/{report_id}", responses=errors_of(codes.REPORT_NOT_FOUND))
def get_report(report_id: ReportId, caller: Reader, services: ServicesDep, base_url: BaseUrl) -> ReportDetails:
    """All about one report: its state, and once completed its content, numbers and files."""
    report = services.registry.get_report(caller.organization, report_id, reader=caller.reader)
    report = reconcile_report(services, report)
    estimate = estimate_report(services.registry, report, now=services.now()) if report.status in OPEN else None
    return shape_details(report, estimate, base_url, caller)
