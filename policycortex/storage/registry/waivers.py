"""Waivers in the registry: their scope beside what all approved records have."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, String, Text

from policycortex.names import Severity
from policycortex.period import Period
from policycortex.scoring.waivers import Waiver, WaiverKind, WaiverScope
from policycortex.storage.registry.approvals import ApprovalRepository, approval_table
from policycortex.storage.registry.base import Database

_SCOPE: Final = {
    "framework": "framework",
    "requirement": "requirement_id",
    "check": "check_id",
    "account": "account_id",
    "resource": "resource_glob",
}
"""Fields of a scope to columns."""

waivers = approval_table(
    "waivers",
    Column("framework", String(100)),
    *(Column(name, Text) for name in ("requirement_id", "check_id", "account_id", "resource_glob")),
    Column("kind", String(32)),  # NULL: an operational requirement, as all were before there were kinds
    Column("adjusted_severity", String(16)),
)


class WaiverRepository(ApprovalRepository[Waiver]):
    """Requests, approves, revokes and lists waivers."""

    noun = "waiver"
    prefix = "wvr"

    def __init__(self, database: Database) -> None:
        super().__init__(database, waivers)

    def request_waiver(
        self,
        organization: str,
        scope: WaiverScope,
        *,
        reason: str,
        valid: Period,
        by: str,
        now: datetime,
        role: str | None = None,
        kind: WaiverKind = WaiverKind.OPERATIONAL_REQUIREMENT,
        adjusted_severity: Severity | None = None,
    ) -> Waiver:
        """Create a request. It has no effect until somebody else approves it."""
        about: dict[str, object] = {column: getattr(scope, name) for name, column in _SCOPE.items()}
        about |= {"kind": kind.value, "adjusted_severity": adjusted_severity and adjusted_severity.value}
        return self._insert(organization, about, reason=reason, valid=valid, by=by, now=now, role=role)

    def _read(self, values: dict[str, Any]) -> Waiver:
        scope = WaiverScope(**{name: values.pop(column) for name, column in _SCOPE.items()})
        kind = WaiverKind(values.pop("kind") or WaiverKind.OPERATIONAL_REQUIREMENT)
        adjusted = values.pop("adjusted_severity")
        return Waiver(scope=scope, kind=kind, adjusted_severity=Severity(adjusted) if adjusted else None, **values)
