"""``/v1/reports``: create, list, read, cancel and delete reports."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.platform import error_codes as codes
from api.platform.access_log import log_access, log_read
from api.platform.audit import audited
from api.platform.auth import Principal, Reader, Writer
from api.platform.dependencies import BaseUrl, JsonObject, ReportId, ServicesDep
from api.platform.idempotency import REPLAYED, IdempotencyKey, create_once
from api.platform.openapi import errors_of, report_body
from api.platform.responses import send_json
from api.platform.services import Services
from api.platform.waiting import Preference, preferred_seconds, wait_until
from api.v1.reports import lifecycle
from api.v1.reports.lifecycle import OPEN, estimate_report, find_warnings
from api.v1.reports.presenters import (
    present_accepted,
    present_details,
    present_ended,
    present_list,
    present_warnings,
)
from api.v1.reports.schemas import ListQuery, ReportAccepted, ReportDetails, ReportEnded, ReportList
from policycortex.errors import ConflictError
from policycortex.requests import request_from_json
from policycortex.storage.registry import ReportFilter, ReportRow
from policycortex.workflow.request_report import new_report_id

router: Final = APIRouter(prefix="/v1/reports", tags=["reports"])

_LONGEST_RETRY_SECONDS: Final = 30


@router.post(
    "",
    status_code=202,
    response_model=ReportAccepted,
    responses={
        200: {"model": ReportEnded, "description": "With `Prefer: wait`: the report has ended; all its details"},
        **errors_of(codes.INVALID_CONFIG, codes.REPORT_NOT_FOUND, codes.CONFLICT, codes.DATA_NOT_KEPT, body=True),
    },
    openapi_extra=report_body(),
)
@audited("report_created")
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
    """Request a report. A run of its own produces it; read its progress at ``progress_url``.

    With `Prefer: wait=N` the answer is 200 with all details if the report ends within that time.
    """
    fresh_id = new_report_id()

    def create(report_id: str) -> ReportAccepted:
        return _accept(services, caller, body, base_url, report_id=report_id, is_new=report_id == fresh_id)

    accepted = await run_in_threadpool(
        create_once,
        services,
        request,
        response,
        caller=caller,
        key=idempotency_key,
        body=body,
        fresh_id=fresh_id,
        create=create,
        exists=lambda id_: lifecycle.find_report(services, id_) is not None,
        schema=ReportAccepted,
    )
    if REPLAYED in response.headers:
        await services.run_short(_refuse_hidden, services, accepted.id, caller)
    response.headers["Location"] = accepted.monitoring.progress_url
    response.headers["Retry-After"] = str(_retry_after(accepted.estimated_duration))
    status: int = 202
    answer: ReportAccepted | ReportEnded = accepted
    if seconds := preferred_seconds(prefer):
        report = await _wait_for_end(services, accepted.id, seconds)
        response.headers["Preference-Applied"] = f"wait={seconds}"
        answer = accepted.model_copy(update={"status": report.status})
        if report.status not in OPEN:
            details = await run_in_threadpool(_details, services, report, base_url, caller)
            status, answer = 200, present_ended(details, accepted)
            del response.headers["Retry-After"]
    headers = dict(response.headers)
    return Response(answer.model_dump_json(), status_code=status, media_type="application/json", headers=headers)


def _accept(
    services: Services, caller: Principal, body: Mapping[str, Any], base_url: str, *, report_id: str, is_new: bool
) -> ReportAccepted:
    report, estimate = lifecycle.create_report(services, caller, body, report_id=report_id, is_new=is_new)
    request = request_from_json(report.order)
    warnings = present_warnings(
        find_warnings(services.registry, request),
        nothing=lifecycle.find_nothing_in_scope(services, request),
        undelivered=lifecycle.find_undelivered(services, caller, body),
    )
    return present_accepted(report, estimate, base_url, warnings)


def _refuse_hidden(services: Services, report_id: str, caller: Principal) -> None:
    if services.registry.reports.is_hidden(report_id, reader=caller.reader):
        raise ConflictError("This Idempotency-Key belongs to a report that is not shared with your key; use another")


@router.get("", response_model=ReportList, responses=errors_of())
@audited("reports_listed")
async def list_reports(
    request: Request, caller: Reader, query: Annotated[ListQuery, Query()], services: ServicesDep
) -> Response:
    """List the organisation's reports, newest first unless ``sort`` says otherwise."""
    return send_json(request, await services.run_short(_load_list, services, query, caller))


@router.get("/{report_id}", response_model=ReportDetails, responses=errors_of(codes.REPORT_NOT_FOUND))
@audited("report_read")
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
    report = await services.run_short(_read_report, services, report_id, caller)
    if report.status in OPEN:  # its check asks Dagster, which may be slow
        report = await run_in_threadpool(lifecycle.reconcile_report, services, report)
    details = await services.run_short(_details, services, report, base_url, caller)
    seconds = preferred_seconds(prefer)
    if seconds and details.status in OPEN:
        report = await _wait_for_end(services, report_id, seconds)
        details = await run_in_threadpool(_details, services, report, base_url, caller)
    return send_json(request, details)


@router.delete("/{report_id}", status_code=204, responses=errors_of(codes.REPORT_NOT_FOUND))
@audited("report_deleted")
def delete_report(report_id: ReportId, caller: Writer, services: ServicesDep) -> None:
    """Delete the report, its files and its links; an open report is cancelled first."""
    report = services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    log_access(services, caller, report_id, "deleted")
    lifecycle.remove_report(services, report)


@router.post("/{report_id}/cancel", responses=errors_of(codes.REPORT_NOT_FOUND, codes.CONFLICT))
@audited("report_cancelled")
def cancel_report(report_id: ReportId, caller: Writer, services: ServicesDep, base_url: BaseUrl) -> ReportDetails:
    """End a pending or running report. Cancelling it again changes nothing."""
    report = services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    cancelled = lifecycle.cancel_report(services, report)
    log_access(services, caller, report_id, "cancelled")
    return present_details(cancelled, None, base_url, caller, {})


async def _wait_for_end(services: Services, report_id: str, seconds: int) -> ReportRow:
    return await wait_until(
        lambda: services.registry.reports.find_report(report_id), lambda report: report.status not in OPEN, seconds
    )


def _filter(query: ListQuery, caller: Principal) -> ReportFilter:
    return ReportFilter(
        type=query.type,
        framework=query.framework,
        status=query.status,
        generated_after=query.generated_after,
        generated_before=query.generated_before,
        text=query.q,
        reader=caller.reader,
    )


def _load_list(services: Services, query: ListQuery, caller: Principal) -> ReportList:
    page = services.registry.reports.list_reports(
        caller.organization, _filter(query, caller), limit=query.limit, offset=query.offset, sort=query.sort
    )
    return present_list(page, limit=query.limit, offset=query.offset, caller=caller)


def _read_report(services: Services, report_id: str, caller: Principal) -> ReportRow:
    """The report's row; the read is noted in the access log."""
    report = services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    log_read(services, caller, report_id)
    return report


def _details(services: Services, report: ReportRow, base_url: str, caller: Principal) -> ReportDetails:
    estimate = estimate_report(services.registry, report, now=services.now()) if report.status in OPEN else None
    return present_details(report, estimate, base_url, caller, lifecycle.find_available(services, report))


def _retry_after(duration: str) -> int:
    """A quarter of the estimated duration, between 1 and 30 seconds."""
    seconds = int(duration[:-1]) * (60 if duration.endswith("m") else 1)
    return min(max(seconds // 4, 1), _LONGEST_RETRY_SECONDS)
