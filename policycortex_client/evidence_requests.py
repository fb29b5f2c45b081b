"""What auditors ask to see of requirements, and the answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter, Transport, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRequest:
    """One request for evidence."""

    id: str
    framework: str
    requirement: str
    text: str
    as_of: datetime
    """The time that it is about."""
    status: str
    """``open``, ``answered`` or ``closed``."""
    requested_by: str
    requested_by_name: str
    requested_at: datetime
    answers: tuple[Mapping[str, Any], ...]
    """As documented, oldest first."""
    raw: Mapping[str, Any]


class EvidenceRequestsClient(Transport):
    """Methods for evidence requests."""

    def create_evidence_request(self, body: Mapping[str, Any]) -> EvidenceRequest:
        """Ask to see evidence with the documented body. Raises ApiError."""
        return _read(self._send("POST", "/v1/evidence-requests", json=dict(body)).json())

    def get_evidence_request(self, evidence_request_id: str) -> EvidenceRequest:
        """One request with its answers. Raises ApiError."""
        return _read(self._get(f"/v1/evidence-requests/{evidence_request_id}"))

    def list_evidence_requests(self, **filters: Filter) -> Page[EvidenceRequest]:
        """One page, newest first; ``filters`` are ``framework``, ``requirement``, ``status``, ``limit``, ``offset``.

        Raises ApiError.
        """
        return read_items(self._get("/v1/evidence-requests", **filters), "evidence_requests", _read)

    def iterate_evidence_requests(self, **filters: Filter) -> Iterator[EvidenceRequest]:
        """All requests; ``filters`` are ``framework``, ``requirement`` and ``status``. Raises ApiError."""
        return walk(self.list_evidence_requests, filters)

    def answer_evidence_request(
        self, evidence_request_id: str, text: str, *, attestation_id: str | None = None
    ) -> EvidenceRequest:
        """Answer by words, or by an attestation whose files show it. Raises ApiError 409 for a closed request."""
        body = {"text": text} | ({} if attestation_id is None else {"attestation_id": attestation_id})
        return _read(self._send("POST", f"/v1/evidence-requests/{evidence_request_id}/answers", json=body).json())

    def close_evidence_request(self, evidence_request_id: str) -> EvidenceRequest:
        """Close it; a closed one stays as it is. Raises ApiError."""
        return _read(self._send("POST", f"/v1/evidence-requests/{evidence_request_id}/close").json())


def _read(body: Mapping[str, Any]) -> EvidenceRequest:
    return EvidenceRequest(
        id=body["id"],
        framework=body["framework"],
        requirement=body["requirement"],
        text=body["text"],
        as_of=datetime.fromisoformat(body["as_of"]),
        status=body["status"],
        requested_by=body["requested_by"],
        requested_by_name=body["requested_by_name"],
        requested_at=datetime.fromisoformat(body["requested_at"]),
        answers=tuple(body["answers"]),
        raw=body,
    )
