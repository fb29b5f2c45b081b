"""Attestations in the registry: the statement and its scope beside what all approved records have."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, String

from policycortex.period import Period
from policycortex.scoring.attestations import Attestation, AttestationScope, Statement
from policycortex.storage.registry.approvals import ApprovalRepository, approval_table
from policycortex.storage.registry.base import Database, JsonColumn

attestations = approval_table(
    "attestations",
    Column("statement", String(32), nullable=False),
    Column("framework", String(100), nullable=False),
    Column("requirements", JsonColumn, nullable=False),
    Column("profile", String(100)),
    Column("accounts", JsonColumn, nullable=False),
)


class AttestationRepository(ApprovalRepository[Attestation]):
    """Requests, approves, revokes and lists attestations."""

    noun = "attestation"
    prefix = "att"

    def __init__(self, database: Database) -> None:
        super().__init__(database, attestations)

    def request_attestation(
        self,
        organization: str,
        statement: Statement,
        scope: AttestationScope,
        *,
        reason: str,
        valid: Period,
        by: str,
        now: datetime,
    ) -> Attestation:
        """Create a request. It has no effect until somebody else approves it."""
        about = {
            "statement": statement.value,
            "framework": scope.framework,
            "requirements": list(scope.requirements),
            "profile": scope.profile,
            "accounts": list(scope.accounts),
        }
        return self._insert(organization, about, reason=reason, valid=valid, by=by, now=now)

    def _read(self, values: dict[str, Any]) -> Attestation:
        scope = AttestationScope(
            framework=values.pop("framework"),
            requirements=tuple(values.pop("requirements")),
            profile=values.pop("profile"),
            accounts=tuple(values.pop("accounts")),
        )
        return Attestation(statement=Statement(values.pop("statement")), scope=scope, **values)
