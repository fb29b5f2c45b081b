"""``/v1/reports``: order, list, look at, cancel, delete."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.platform import error_codes as codes
from api.platform.auth import Principal, Reader, Writer
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.idempotency import IdempotencyKey, answer_once, claim_of
from api.platform.listing import ListQuery
from api.platform.openapi import errors_of, order_body
from api.platform.responses import send_json
from api.platform.services import Services
from api.v1.reports import lifecycle
from api.v1.reports.access_records import log_act, log_read
from api.v1.reports.estimates import estimate_report
from api.v1.reports.lifecycle import OPEN, cancel_report, find_begun, reconcile_report, remove_report
from api.v1.reports.presenters import shape_accepted, shape_details, shape_list
from api.v1.reports.schemas import ReportAccepted, ReportDetails, ReportList
from api.v1.reports.waiting import Preference, asked_seconds, wait_for_end
from policycortex.storage.registry import ReportRow
from policycortex.workflow.request_report import new_report_id

router: Final = APIRouter(prefix="/v1/reports", tags=["reports"])

_MOST_PATIENT_SECONDS: Final = 30
ReportId = Annotated[str, Path(max_length=64, examples=["rpt_1234567890abcdef"])]


@router.post(
    "",
    status_code=202,
    response_model=ReportAccepted,
    responses=errors_of(codes.INVALID_CONFIG, codes.CONFLICT, body=True),
    openapi_extra=order_body(),
)
async def create_report(
    request: Request,
    response: Response,
    *,
    caller: Writer,
    body: JsonObject,
    services: ServicesDep,
    base_url: BaseUrl,
    prefer: Preference = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Order a report. It is made by a run of its own; ask ``progress_url`` how far it is."""
    fresh_id = new_report_id()

    def make(report_id: str) -> ReportAccepted:
        report = lifecycle.create_report(services, caller, body, report_id=report_id, is_new=report_id == fresh_id)
        return shape_accepted(report, estimate_report(services.registry, report, now=services.now()), base_url)

    claim = claim_of(services, request, caller, idempotency_key, body)
    accepted = await run_in_threadpool(
        answer_once,
        services,
        claim,
        response,
        fresh_id=fresh_id,
        make=make,
        is_begun=lambda id_: find_begun(services, id_) is not None,
        form=ReportAccepted,
    )
    response.headers["Location"] = accepted.monitoring.progress_url
    response.headers["Retry-After"] = str(_patience(accepted.estimated_duration))
    if seconds := asked_seconds(prefer):
        report = await wait_for_end(services, accepted.id, seconds)
        response.headers["Preference-Applied"] = f"wait={seconds}"
        accepted = accepted.model_copy(update={"status": report.status})
    headers = dict(response.headers)
    return Response(accepted.model_dump_json(), status_code=202, media_type="application/json", headers=headers)


@router.get("", response_model=ReportList, responses=errors_of())
def list_reports(
    request: Request, caller: Reader, query: Annotated[ListQuery, Query()], services: ServicesDep
) -> Response:
    """List the organisation's reports, newest first unless ``sort`` says otherwise."""
    page = services.registry.reports.list_reports(
        caller.organization, query.to_filter(caller.reader), limit=query.limit, offset=query.offset, sort=query.sort
    )
    return send_json(request, shape_list(page, limit=query.limit, offset=query.offset, caller=caller))


@router.get(
    "/{report_id}",
    response_model=ReportDetails,
    responses=errors_of(codes.REPORT_NOT_FOUND),
)
async def get_report(
    report_id: ReportId,
    request: Request,
    *,
    caller: Reader,
    services: ServicesDep,
    base_url: BaseUrl,
    prefer: Preference = None,
) -> Response:
    """All about one report: its state, and once completed its content, numbers and files."""
    details = await run_in_threadpool(_load_details, services, report_id, base_url, caller)
    seconds = asked_seconds(prefer)
    if seconds and details.status in OPEN:
        report = await wait_for_end(services, report_id, seconds)
        details = await run_in_threadpool(_details, services, report, base_url, caller)
    return send_json(request, details)


@router.delete("/{report_id}", status_code=204, responses=errors_of(codes.REPORT_NOT_FOUND))
def delete_report(report_id: ReportId, caller: Writer, services: ServicesDep) -> None:
    """Delete the report, its files and its links; one on its way is cancelled first."""
    report = services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    log_act(services, caller, report_id, "deleted")
    remove_report(services, report)


@router.post("/{report_id}/cancel", responses=errors_of(codes.REPORT_NOT_FOUND, codes.CONFLICT))
def cancel(report_id: ReportId, caller: Writer, services: ServicesDep, base_url: BaseUrl) -> ReportDetails:
    """End a report that is waiting or being made. Cancelling it again changes nothing."""
    report = services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    cancelled = cancel_report(services, report)
    log_act(services, caller, report_id, "cancelled")
    return shape_details(cancelled, None, base_url, caller)


def _load_details(services: Services, report_id: str, base_url: str, caller: Principal) -> ReportDetails:
    """The report as it is now; an open one after its run was checked. The read is noted in the access log."""
    report = services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    log_read(services, caller, report_id)
    return _details(services, reconcile_report(services, report), base_url, caller)


def _details(services: Services, report: ReportRow, base_url: str, caller: Principal) -> ReportDetails:
    estimate = estimate_report(services.registry, report, now=services.now()) if report.status in OPEN else None
    return shape_details(report, estimate, base_url, caller)


def _patience(duration: str) -> int:
    """A quarter of the estimated time, between 1 and 30 seconds."""
    seconds = int(duration[:-1]) * (60 if duration.endswith("m") else 1)
    return min(max(seconds // 4, 1), _MOST_PATIENT_SECONDS)
