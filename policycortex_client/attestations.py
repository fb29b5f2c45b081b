"""Attestations: what people state of requirements, requested by one key and approved by another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter, Transport, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """One attestation, valid in ``[valid_from, valid_until)``."""

    id: str
    status: str
    statement: str
    framework: str
    requirements: Sequence[str]
    accounts: Sequence[str]
    """Empty: everywhere."""
    reason: str
    valid_from: datetime
    valid_until: datetime
    requester: str
    approver: str | None
    raw: Mapping[str, Any]


class AttestationsClient(Transport):
    """Methods for attestations."""

    def request_attestation(self, body: Mapping[str, Any]) -> Attestation:
        """Request an attestation with the documented body; another key must approve it. Raises ApiError."""
        return _read(self._send("POST", "/v1/attestations", json=dict(body)).json())

    def approve_attestation(self, attestation_id: str) -> Attestation:
        """Approve it. Raises ApiError 409 when this key requested it."""
        return _read(self._send("POST", f"/v1/attestations/{attestation_id}/approve").json())

    def revoke_attestation(self, attestation_id: str) -> None:
        """Revoke it from now on; it stays in the list. Raises ApiError."""
        self._send("DELETE", f"/v1/attestations/{attestation_id}")

    def get_attestation(self, attestation_id: str) -> Attestation:
        """One attestation. Raises ApiError."""
        return _read(self._get(f"/v1/attestations/{attestation_id}"))

    def list_attestations(self, **filters: Filter) -> Page[Attestation]:
        """One page; ``filters`` are ``limit`` and ``offset``. Raises ApiError."""
        return read_items(self._get("/v1/attestations", **filters), "attestations", _read)

    def iterate_attestations(self) -> Iterator[Attestation]:
        """All attestations, with those that ended. Raises ApiError."""
        return walk(self.list_attestations, {})


def _read(body: Mapping[str, Any]) -> Attestation:
    return Attestation(
        id=body["id"],
        status=body["status"],
        statement=body["statement"],
        framework=body["scope"]["framework"],
        requirements=tuple(body["scope"]["requirements"]),
        accounts=tuple(body["scope"]["accounts"]),
        reason=body["reason"],
        valid_from=datetime.fromisoformat(body["from"]),
        valid_until=datetime.fromisoformat(body["until"]),
        requester=body["requester"],
        approver=body["approver"],
        raw=body,
    )
