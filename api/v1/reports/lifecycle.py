"""The life of a report in the API: created, estimated, checked against its run, cancelled, deleted."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from api.platform.access_log import access_row
from api.platform.audit import note
from api.platform.auth import Principal
from api.platform.services import Services
from policycortex.channels.connections import Connections, load_connections
from policycortex.documents.scope_values import NothingInScope
from policycortex.errors import ConfigurationError, ConflictError, NotFoundError, UnavailableError
from policycortex.names import ReportStatus
from policycortex.requests import ReportRequest, request_from_json
from policycortex.requests.model import framework_ids
from policycortex.requests.single_deliveries import deliveries_ordered
from policycortex.storage.registry import Registry, ReportRow
from policycortex.storage.registry.report_queries import WaitingReport
from policycortex.storage.registry.unrelated import UnrelatedRow
from policycortex.workflow.report_order import OrderedReport, parse_order
from policycortex.workflow.request_report import known_values, request_report, start_report
from policycortex.workflow.undelivered import UndeliveredWarning, find_lacking

OPEN: Final = (ReportStatus.PENDING, ReportStatus.RUNNING)

_log = logging.getLogger("policycortex.api")
_NEVER_STARTED_AFTER: Final = timedelta(minutes=1)
"""Between the row and the start of its run are milliseconds, unless the process died."""
_DEFAULT_DURATION: Final = timedelta(seconds=30)
"""Used until the organisation has a completed report of the type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An estimate as of now."""

    queue_position: int
    """1 is next; 0 while it runs."""
    duration: timedelta
    """Of the run alone, without the queue."""
    completion_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrelatedWarning:
    """Findings of one provider that count towards no requirement of the requested framework."""

    framework: str
    as_of: date
    """The newest scored day; the counts are those of the thirty days up to it, of the whole organisation."""
    row: UnrelatedRow


def create_report(
    services: Services, caller: Principal, body: Mapping[str, Any], *, report_id: str, is_new: bool
) -> tuple[ReportRow, Estimate]:
    """Check the body, then request the report. Raises RequestError; UnavailableError, and then no report exists.

    ``is_new`` is False where an earlier request with the same Idempotency-Key was given this id: a report that it
    created before its process died is continued.
    """
    now = services.now()
    connections = load_connections(services.settings)
    ordered = check_body(services, caller, body, connections, now=now)
    request = ordered.request
    note(subject=report_id)
    existing = None if is_new else find_report(services, report_id)
    if existing is None:
        due_at = max(request.delivery.scheduled_at or now, now)
        waits = WaitingReport(organization=caller.organization, type=request.type, due_at=due_at, id=report_id)
        estimate = estimate_new(services.registry, waits, now=now)
        row = request_report(
            services.settings,
            services.registry,
            request,
            report_id=report_id,
            start=services.start_run,
            created_by=caller.key.id,
            deliveries=deliveries_ordered(body, connections=connections, organization=caller.organization),
            access=access_row(services, caller, report_id, "created"),
            sharing=ordered.sharing,
            expected_at=estimate.completion_at,
            now=now,
        )
        return row, estimate
    if existing.due_at <= now and existing.run_id is None:
        start_report(services.registry, existing, request, services.start_run)
    return existing, estimate_report(services.registry, existing, now=now)


def check_body(
    services: Services, caller: Principal, body: Mapping[str, Any], connections: Connections, *, now: datetime
) -> OrderedReport:
    """The body of a request. Raises RequestError; NotFoundError and ConflictError for ``from_report``."""
    return parse_order(
        services.settings,
        services.registry,
        body,
        organization=caller.organization,
        now=now,
        known=known_values(services.settings, services.registry, caller.organization),
        connections=connections,
        reader=caller.reader,
    )


def find_report(services: Services, report_id: str) -> ReportRow | None:
    """The report of this id; None when there is none, or it was withdrawn."""
    try:
        return services.registry.reports.find_report(report_id)
    except NotFoundError:
        return None


def reconcile_report(services: Services, report: ReportRow) -> ReportRow:
    """The report's row after a check of its run: a failed run fails it, a run that never started is started.

    The row is returned unchanged while Dagster is unavailable.
    """
    if report.status not in OPEN or report.due_at > services.now():
        return report
    try:
        _reconcile(services, report)
    except UnavailableError as error:
        _log.warning("cannot check the report's run", extra={"report_id": report.id, "reason": str(error)})
        return report
    except ConflictError:
        pass  # the run itself ended the report in the meantime
    return services.registry.reports.find_report(report.id)


def cancel_report(services: Services, report: ReportRow) -> ReportRow:
    """Cancel the row first: the run cannot complete it afterwards. Raises ConflictError when it ended otherwise."""
    if report.status is ReportStatus.CANCELLED:
        return report
    cancelled = services.registry.reports.cancel_report(report.organization, report.id, now=services.now())
    _end_run(services, report)
    return cancelled


def remove_report(services: Services, report: ReportRow) -> None:
    """Delete the row, then its links, its run and its files. Raises NotFoundError when it is already deleted."""
    services.registry.links.revoke_links(report.id, now=services.now())
    before = services.registry.reports.delete_report(report.organization, report.id, now=services.now())
    if before.status in OPEN:
        _end_run(services, before)
    services.artifacts.delete_report(report.id)
    services.registry.retention.forget_files(report.id)


def estimate_new(registry: Registry, report: WaitingReport, *, now: datetime) -> Estimate:
    """For a report that is about to be requested. Only the organisation's own reports count."""
    position, seconds = registry.reports.load_queue(report)
    duration = timedelta(seconds=seconds) if seconds is not None else _DEFAULT_DURATION
    completion = max(report.due_at, now) + duration * position
    return Estimate(queue_position=position, duration=duration, completion_at=completion)


def estimate_report(registry: Registry, report: ReportRow, *, now: datetime) -> Estimate:
    """For an open report. The time given at its request stays as long as it is in the future."""
    waits = WaitingReport(organization=report.organization, type=report.type, due_at=report.due_at, id=report.id)
    fresh = estimate_new(registry, waits, now=report.due_at)
    return Estimate(
        queue_position=0 if report.status is ReportStatus.RUNNING else fresh.queue_position,
        duration=fresh.duration,
        completion_at=_later(report.due_at, report.expected_at or fresh.completion_at, now),
    )


def _later(start: datetime, expected: datetime, now: datetime) -> datetime:
    """The expected time; once it has passed, that of twice the span, so that it moves seldom and not at each read."""
    span = max(expected - start, timedelta(seconds=1))
    while start + span <= now:
        span *= 2
    return start + span


def find_warnings(registry: Registry, request: ReportRequest) -> tuple[UnrelatedWarning, ...]:
    """Providers in the report's scope with findings that count towards no requirement of its framework."""
    organization, providers = request.scope.organization, request.scope.cloud_providers
    found = ((id_, registry.unrelated.find_rows(organization, id_)) for id_ in framework_ids(request))
    return tuple(
        UnrelatedWarning(as_of=stored[0], row=row, framework=id_)
        for id_, stored in found
        if stored is not None
        for row in stored[1]
        if not providers or row.provider in providers
    )


def find_nothing_in_scope(services: Services, request: ReportRequest) -> NothingInScope | None:
    """Why the report will have no finding; None where it will have one or where that is not known."""
    if request.basis is not None:
        return None  # read from an older snapshot, which is not compared here
    return services.order_warnings.find_nothing_in_scope(request.scope, request.period)


def find_undelivered(services: Services, caller: Principal, body: Mapping[str, Any]) -> tuple[UndeliveredWarning, ...]:
    """What the deliveries in a checked body will lack."""
    if not body.get("delivery"):
        return ()
    connections = load_connections(services.settings)
    new = deliveries_ordered(body, connections=connections, organization=caller.organization)
    return find_lacking(new, connections)


def _reconcile(services: Services, report: ReportRow) -> None:
    if report.run_id is not None:
        failure = services.launcher.find_failure(report)
        if failure is not None:
            services.registry.reports.fail_report(report.id, failure, now=services.now())
        return
    is_overdue = report.created_at <= report.due_at <= services.now() - _NEVER_STARTED_AFTER
    if is_overdue and not services.launcher.has_run(report):
        run_id = services.start_run(report, request_from_json(report.order))
        services.registry.reports.set_run(report.id, run_id)


def _end_run(services: Services, report: ReportRow) -> None:
    if report.run_id is None:
        return
    try:
        services.launcher.cancel(report.run_id)
    except UnavailableError as error:
        _log.warning("cannot end the run", extra={"report_id": report.id, "reason": str(error)})


def find_available(services: Services, report: ReportRow) -> dict[str, bool | None]:
    """Whether each file of the report is in the store, by key; None while the store does not answer."""
    try:
        return {file.key: services.artifacts.has_file(file.key, file.size_bytes) for file in report.artifacts}
    except (UnavailableError, ConfigurationError) as error:
        _log.warning("the store of report files cannot be read", extra={"report_id": report.id, "reason": str(error)})
        return {}
