"""What the command line writes into the audit trail: acts of whoever may log in to the machine."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policycortex.storage.registry import Registry


def record_act(registry: "Registry", organization: str, action: str, subject: str, details: Mapping[str, Any]) -> None:
    """One act, done just now."""
    from policycortex.audit.chain import COMMAND_LINE, AuditEvent

    act = AuditEvent(
        organization=organization,
        at=datetime.now(UTC),
        action=action,
        actor=COMMAND_LINE,
        subject=subject,
        details=details,
    )
    registry.audit_log.append_events(act)
