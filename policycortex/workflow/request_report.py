"""Request a report: write its registry row first, then start its run.

The API, the command line, schedules and monthly reports all request reports through this module. A crash between the
two steps leaves a pending row without a run; the sensor ``due_reports`` starts that run later.
"""

import secrets
from collections.abc import Callable
from datetime import datetime

from policycortex.channels.connections import load_connections
from policycortex.errors import Problem, RequestError, UnavailableError
from policycortex.findings.accounts import ACCOUNT_TABLE, load_account_groups
from policycortex.names import TAG_FRAMEWORK, TAG_ORGANIZATION, TAG_PRIORITY, TAG_REPORT, TAG_TRACE, RunPriority
from policycortex.requests import Known, ReportRequest, request_to_json
from policycortex.requests.schedules import named_password_problem
from policycortex.security.key_store import open_key_store
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.registry import AccessRow, Failure, Registry, ReportRow, Sharing
from policycortex.storage.registry.schedule_rows import NewDelivery, NewReport

StartRun = Callable[[ReportRow, ReportRequest], str]
"""Starts the run that produces the report and returns its id. Raises UnavailableError when it cannot start now."""


def new_report_id() -> str:
    """A random report id."""
    return f"rpt_{secrets.token_hex(8)}"


def known_values(settings: Settings, registry: Registry, organization: str) -> Known:
    """The frameworks, text catalogues, templates and account groups that the organisation's requests may name."""
    return Known.of(
        frameworks_of(settings, registry, organization),
        settings.templates_dir,
        lambda: load_account_groups(settings.home / ACCOUNT_TABLE, organization),
    )


def new_report(
    settings: Settings,
    request: ReportRequest,
    *,
    report_id: str,
    due_at: datetime,
    created_by: str | None = None,
    deliveries: tuple[NewDelivery, ...] = (),
) -> NewReport:
    """The registry row of a request that is not written yet. The request's password is sealed in it."""
    return NewReport(
        id=report_id,
        organization=request.scope.organization,
        name=request.name,
        type=request.type,
        framework=request.framework,
        description=request.description,
        order=request_to_json(request),
        due_at=due_at,
        created_by=created_by,
        deliveries=deliveries,
        sealed_password=seal_password(settings, request, report_id),
        more_frameworks=request.frameworks,
    )


def request_report(
    settings: Settings,
    registry: Registry,
    request: ReportRequest,
    *,
    report_id: str,
    start: StartRun | None,
    created_by: str | None = None,
    deliveries: tuple[NewDelivery, ...] = (),
    access: AccessRow | None = None,
    sharing: Sharing | None = None,
    expected_at: datetime | None = None,
    now: datetime,
) -> ReportRow:
    """Write the row, then start the run if the report is due by ``now``.

    ``access`` is the first line of the report's access log, ``sharing`` who may see it, by default the organisation,
    and ``expected_at`` when it is expected.
    ``start`` is None where the caller produces the report at once in its own process. Raises as ``start_report``.
    """
    due_at = (request.delivery.scheduled_at or now) if start is not None else now
    new = new_report(
        settings, request, report_id=report_id, due_at=due_at, created_by=created_by, deliveries=deliveries
    )
    row = registry.reports.create_report(
        report_id=new.id,
        organization=new.organization,
        name=new.name,
        type=new.type,
        framework=new.framework,
        description=new.description,
        order=new.order,
        due_at=new.due_at,
        created_by=new.created_by,
        deliveries=new.deliveries,
        sealed_password=new.sealed_password,
        sharing=sharing,
        more_frameworks=new.more_frameworks,
        expected_at=expected_at,
        access=access,
        now=now,
    )
    if start is not None and row.due_at <= now:
        start_report(registry, row, request, start)
    return row


def start_report(registry: Registry, row: ReportRow, request: ReportRequest, start: StartRun) -> None:
    """Start the run of a new row. Raises UnavailableError when it cannot start; the row is then withdrawn."""
    try:
        run_id = start(row, request)
    except UnavailableError as error:
        reason = Failure(code=error.code, message=f"its run could not be started: {error}", is_retryable=True)
        registry.reports.withdraw_report(row.id, reason)
        raise UnavailableError(f"The report cannot be made now, and nothing was kept: {error}") from error
    registry.reports.set_run(row.id, run_id)


def seal_password(settings: Settings, request: ReportRequest, report_id: str) -> str | None:
    """The request's password, or the one that it names, encrypted for the registry; None without one.

    Raises RequestError if the named one cannot be used.
    """
    password = request.password if request.password_name is None else _named_password(settings, request)
    if password is None:
        return None
    return open_key_store(settings).seal(password, purpose=_password_purpose(report_id))


def _named_password(settings: Settings, request: ReportRequest) -> str:
    connections, name = load_connections(settings), request.password_name or ""
    problem = named_password_problem(connections, name, request.scope.organization)
    if problem is not None:
        details = (Problem(field="format_options.password_name", message=problem),)
        raise RequestError("The password of the report cannot be used", details=details)
    return connections.password(name, request.scope.organization)


def unseal_password(settings: Settings, sealed: str | None, report_id: str) -> str | None:
    """The password for the run. Raises IntegrityError when the installation's key was changed since."""
    return open_key_store(settings).unseal(sealed, purpose=_password_purpose(report_id)) if sealed is not None else None


def run_tags(
    *,
    report_id: str,
    organization: str,
    framework: str | None,
    priority: RunPriority | None = None,
    trace: str | None = None,
) -> dict[str, str]:
    """Tags of every run that produces a report; Dagster's queue limits and the run list use them.

    ``trace`` is the span that the run belongs to.
    """
    tags = {
        TAG_REPORT: report_id,
        TAG_ORGANIZATION: organization,
        TAG_FRAMEWORK: framework,
        TAG_PRIORITY: priority.value if priority is not None else None,
        TAG_TRACE: trace,
    }
    return {name: value for name, value in tags.items() if value}


def _password_purpose(report_id: str) -> str:
    return f"password of {report_id}"
