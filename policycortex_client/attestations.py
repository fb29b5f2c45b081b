"""Attestations: what people state of requirements, requested by one key and approved by another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policycortex_client.approvals import Approval, ApprovalsTransport, approval_fields
from policycortex_client.model import Page
from policycortex_client.transport import Filter, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation(Approval):
    """One attestation."""

    statement: str
    """``met``, ``not_met`` or ``not_applicable``."""
    framework: str
    requirements: Sequence[str]
    accounts: Sequence[str]
    """Empty: all."""
    environments: Sequence[str]
    """Empty: all."""


class AttestationsClient(ApprovalsTransport):
    """Methods for attestations."""

    def request_attestation(self, body: Mapping[str, Any]) -> Attestation:
        """Request an attestation with the documented body; another key must approve it. Raises ApiError."""
        return self._request_record("attestations", body, _read)

    def approve_attestation(self, attestation_id: str, *, role: str | None = None) -> Attestation:
        """Approve it, in a role that reports name. Raises ApiError 409 when this key requested it."""
        return self._approve_record("attestations", attestation_id, role, _read)

    def revoke_attestation(self, attestation_id: str) -> None:
        """Revoke it from now on; it stays in the list. Raises ApiError."""
        self._revoke_record("attestations", attestation_id)

    def get_attestation(self, attestation_id: str) -> Attestation:
        """One attestation. Raises ApiError."""
        return self._get_record("attestations", attestation_id, _read)

    def list_attestations(self, **filters: Filter) -> Page[Attestation]:
        """One page; ``filters`` are ``limit`` and ``offset``. Raises ApiError."""
        return self._list_records("attestations", filters, _read)

    def iterate_attestations(self) -> Iterator[Attestation]:
        """All attestations, with those that ended. Raises ApiError."""
        return walk(self.list_attestations, {})


def _read(body: Mapping[str, Any]) -> Attestation:
    scope = body["scope"]
    return Attestation(
        **approval_fields(body),
        statement=body["statement"],
        framework=scope["framework"],
        requirements=tuple(scope["requirements"]),
        accounts=tuple(scope["accounts"]),
        environments=tuple(scope["environments"]),
    )
