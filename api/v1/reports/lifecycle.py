"""What happens to a report from the API's side: ordered, its run started, watched, ended; removed with all it left."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from api.platform.audit import note
from api.platform.auth import Principal
from api.platform.services import Services
from api.v1.reports.access_records import access_row
from policycortex.channels.connections import load_connections
from policycortex.errors import ConflictError, NotFoundError, UnavailableError
from policycortex.names import ReportStatus
from policycortex.requests import Known, ReportRequest, order_from_json, parse_order
from policycortex.requests.destinations import mail_deliveries
from policycortex.storage.registry import ReportRow
from policycortex.storage.registry.schedule_rows import NewDelivery
from policycortex.workflow.request_report import request_report, start_report

OPEN: Final = (ReportStatus.PENDING, ReportStatus.RUNNING)

_log = logging.getLogger("policycortex.api")
_ORPHANED_AFTER: Final = timedelta(minutes=1)  # between row and launch lie milliseconds, unless the process died


def create_report(
    services: Services, caller: Principal, body: Mapping[str, Any], *, report_id: str, is_new: bool
) -> ReportRow:
    """Check the body, then request the report. Raises RequestError; UnavailableError, and then no report exists.

    Unless the id ``is_new``, a report that already has it is continued: the process that created it has died.
    """
    now = services.now()
    known = Known.of(services.frameworks(caller.organization), services.settings.templates_dir)
    request = parse_order(body, organization=caller.organization, now=now, known=known)
    note(subject=report_id)
    begun = None if is_new else find_begun(services, report_id)
    if begun is None:
        return request_report(
            services.settings,
            services.registry,
            request,
            report_id=report_id,
            start=services.start_run,
            created_by=caller.key.id,
            deliveries=_deliveries(services, request),
            access=access_row(services, caller, report_id, "created"),
            now=now,
        )
    if begun.due_at <= now and begun.run_id is None:
        start_report(services.registry, begun, request, services.start_run)
    return begun


def find_begun(services: Services, report_id: str) -> ReportRow | None:
    """The report of this id, taken from an order before; None when there is none, or it was withdrawn."""
    try:
        return services.registry.reports.find_report(report_id)
    except NotFoundError:
        return None


def reconcile_report(services: Services, report: ReportRow) -> ReportRow:
    """The report's row, after its run's end was noted if nobody else did. Dagster away: the row as it is."""
    if report.status not in OPEN or report.due_at > services.now():
        return report
    try:
        _reconcile(services, report)
    except UnavailableError as error:
        _log.warning("cannot reconcile", extra={"report_id": report.id, "reason": str(error)})
        return report
    except ConflictError:
        pass  # the run's own last word came between
    return services.registry.reports.find_report(report.id)


def cancel_report(services: Services, report: ReportRow) -> ReportRow:
    """The row first: whatever the run still does, it cannot complete. Raises ConflictError on another end."""
    if report.status is ReportStatus.CANCELLED:
        return report
    cancelled = services.registry.reports.cancel_report(report.organization, report.id, now=services.now())
    _end_run(services, report)
    return cancelled


def remove_report(services: Services, report: ReportRow) -> None:
    """Out of every answer, then its links, its run and its files. Raises NotFoundError when it is gone already."""
    services.registry.links.revoke_links(report.id, now=services.now())
    before = services.registry.reports.delete_report(report.organization, report.id, now=services.now())
    if before.status in OPEN:
        _end_run(services, before)
    services.artifacts.delete_report(report.id)
    services.registry.retention.forget_files(report.id)


def _deliveries(services: Services, request: ReportRequest) -> tuple[NewDelivery, ...]:
    emails, organization = request.delivery.emails, request.scope.organization
    return mail_deliveries(emails, load_connections(services.settings), organization) if emails else ()


def _reconcile(services: Services, report: ReportRow) -> None:
    if report.run_id is not None:
        failure = services.launcher.find_failure(report)
        if failure is not None:
            services.registry.reports.fail_report(report.id, failure, now=services.now())
    elif report.created_at <= report.due_at <= services.now() - _ORPHANED_AFTER and not services.launcher.has_run(
        report
    ):
        run_id = services.start_run(report, order_from_json(report.order))
        services.registry.reports.set_run(report.id, run_id)


def _end_run(services: Services, report: ReportRow) -> None:
    if report.run_id is None:
        return
    try:
        services.launcher.cancel(report.run_id)
    except UnavailableError as error:
        _log.warning("cannot end the run", extra={"report_id": report.id, "reason": str(error)})
