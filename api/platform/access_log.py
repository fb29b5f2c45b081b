"""Writes who did what to a report into the report's access log."""

from api.platform.auth import Principal
from api.platform.services import Services
from policycortex.storage.registry import AccessRow


def log_access(
    services: Services, caller: Principal, report_id: str, action: str, report_format: str | None = None
) -> None:
    """Write the caller's action now, after the reads that are still buffered."""
    services.read_log.flush()
    services.registry.access_log.log_access(access_row(services, caller, report_id, action, report_format))


def log_read(services: Services, caller: Principal, report_id: str) -> None:
    """Buffer a read of the details; it is written within a quarter of a second. Polls are recorded once in a while."""
    services.read_log.add(access_row(services, caller, report_id, "read"))


def access_row(
    services: Services, caller: Principal, report_id: str, action: str, report_format: str | None = None
) -> AccessRow:
    """The caller's action as a row that is not written yet."""
    return AccessRow(
        report_id=report_id,
        at=services.now(),
        action=action,
        actor=caller.key.id,
        address=caller.address,
        request_id=caller.request_id,
        format=report_format,
    )
