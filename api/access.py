"""Writing down who did what to a report."""

from api.auth import Caller
from api.services import Services
from policycortex.storage.registry import AccessRow


def log_act(services: Services, caller: Caller, report_id: str, action: str, report_format: str | None = None) -> None:
    """Add the caller's act to the report's log."""
    services.registry.log_access(
        AccessRow(
            report_id=report_id,
            at=services.now(),
            action=action,
            actor=caller.key.id,
            address=caller.address,
            request_id=caller.request_id,
            format=report_format,
        )
    )
