"""Writes audit events of the command line, whose actor is a user of the machine."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policycortex.storage.registry import Registry


def record_event(
    registry: "Registry", organization: str, action: str, subject: str, details: Mapping[str, Any]
) -> None:
    """Append one event of now to the organisation's audit log."""
    from policycortex.audit.chain import COMMAND_LINE, AuditEvent

    event = AuditEvent(
        organization=organization,
        at=datetime.now(UTC),
        action=action,
        actor=COMMAND_LINE,
        subject=subject,
        details=details,
    )
    registry.audit_log.append_events(event)
