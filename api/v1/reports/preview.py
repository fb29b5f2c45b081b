"""``POST /v1/reports/preview``: what a report would have, without making it."""

from typing import Final

from fastapi import APIRouter

from api.platform import error_codes as codes
from api.platform.audit import audited
from api.platform.auth import Writer
from api.platform.dependencies import JsonObject, ServicesDep
from api.platform.openapi import errors_of, report_body
from api.v1.reports import lifecycle
from api.v1.reports.presenters import present_warnings
from api.v1.reports.preview_schemas import ReportPreviewAnswer
from policycortex.channels.connections import load_connections
from policycortex.storage.registry.report_queries import WaitingReport

router: Final = APIRouter(prefix="/v1/reports", tags=["reports"])


@router.post(
    "/preview",
    responses=errors_of(codes.INVALID_CONFIG, codes.REPORT_NOT_FOUND, codes.CONFLICT, codes.DATA_NOT_KEPT, body=True),
    openapi_extra=report_body(),
)
@audited("report_previewed")
def preview_report(*, caller: Writer, body: JsonObject, services: ServicesDep) -> ReportPreviewAnswer:
    """What a report of this body would have: findings, accounts, requirements, missing scans and warnings.

    The body is that of `POST /v1/reports`. Nothing is made or kept, and nobody is notified.
    """
    # the lake's libraries take 60 MB, which most processes of the API do not need
    from api.v1.reports.preview_presenters import present_preview  # noqa: PLC0415
    from policycortex.workflow.report_preview import preview_report as count_report  # noqa: PLC0415

    now = services.now()
    request = lifecycle.check_body(services, caller, body, load_connections(services.settings), now=now).request
    due_at = max(request.delivery.scheduled_at or now, now)
    waits = WaitingReport(organization=caller.organization, type=request.type, due_at=due_at, id="")
    return present_preview(
        request,
        count_report(services.settings, services.registry, services.lake, request, now=now),
        lifecycle.estimate_new(services.registry, waits, now=now),
        present_warnings(
            lifecycle.find_warnings(services.registry, request),
            nothing=lifecycle.find_nothing_in_scope(services, request),
            undelivered=lifecycle.find_undelivered(services, caller, body),
        ),
    )
