"""Taking an order: read it, write it down, start its run; and telling the truth about a run that ended unseen."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.auth import Caller
from api.services import Services
from policycortex.errors import ConflictError, UnavailableError
from policycortex.names import ReportStatus
from policycortex.ordering import Known, ReportOrder, order_to_json, parse_order
from policycortex.storage.registry import Failure, ReportRow

_log = logging.getLogger("policycortex.api")
OPEN: Final = (ReportStatus.PENDING, ReportStatus.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An order that was taken."""

    report: ReportRow
    order: ReportOrder


def place_order(services: Services, caller: Caller, body: Mapping[str, Any]) -> Placed:
    """The row first, then the run. Raises RequestError; UnavailableError when no run can start, with nothing kept."""
    now = services.now()
    known = Known(frameworks=services.frameworks())
    order = parse_order(body, organization=caller.organization, now=now, known=known)
    report = services.registry.create_report(
        organization=caller.organization,
        name=order.name,
        type=order.type,
        framework=order.framework,
        description=order.description,
        order=order_to_json(order),
        due_at=order.delivery.scheduled_at,
        created_by=caller.key.id,
        now=now,
    )
    if report.due_at <= now:
        _start(services, report, order)
    return Placed(report=report, order=order)


def reconcile_report(services: Services, report: ReportRow) -> ReportRow:
    """The report's row, after its run's end was noted if nobody else did. Dagster away: the row as it is."""
    if report.status not in OPEN or report.run_id is None:
        return report
    try:
        failure = services.launcher.find_failure(report)
        if failure is not None:
            services.registry.fail_report(report.id, failure)
    except UnavailableError as error:
        _log.warning("cannot reconcile", extra={"report_id": report.id, "reason": str(error)})
        return report
    except ConflictError:
        pass  # the run's own last word came between
    return services.registry.find_report(report.id)


def _start(services: Services, report: ReportRow, order: ReportOrder) -> None:
    try:
        run_id = services.launcher.launch(report, order)
    except UnavailableError as error:
        reason = Failure(code=error.code, message=f"its run could not be started: {error}", is_retryable=True)
        services.registry.withdraw_report(report.id, reason)
        raise UnavailableError(f"The report cannot be made now, and nothing was kept: {error}") from error
    services.registry.set_run(report.id, run_id)
