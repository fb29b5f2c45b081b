"""Generated from ``policycortex_client/evidence_requests.py`` by ``clients/python/generate_async.py``."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.aio.walking import walk
from policycortex_client.evidence_requests import EvidenceRequest, _read
from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter


class AsyncEvidenceRequestsClient(AsyncTransport):
    """Methods for evidence requests."""

    async def create_evidence_request(self, body: Mapping[str, Any]) -> EvidenceRequest:
        """Ask to see evidence with the documented body. Raises ApiError."""
        return _read((await self._send("POST", "/v1/evidence-requests", json=dict(body))).json())

    async def get_evidence_request(self, evidence_request_id: str) -> EvidenceRequest:
        """One request with its answers. Raises ApiError."""
        return _read(await self._get(f"/v1/evidence-requests/{evidence_request_id}"))

    async def list_evidence_requests(self, **filters: Filter) -> Page[EvidenceRequest]:
        """One page, newest first; ``filters`` are ``framework``, ``requirement``, ``status``, ``limit``, ``offset``.

        Raises ApiError.
        """
        return read_items(await self._get("/v1/evidence-requests", **filters), "evidence_requests", _read)

    def iterate_evidence_requests(self, **filters: Filter) -> AsyncIterator[EvidenceRequest]:
        """All requests; ``filters`` are ``framework``, ``requirement`` and ``status``. Raises ApiError."""
        return walk(self.list_evidence_requests, filters)

    async def answer_evidence_request(
        self, evidence_request_id: str, text: str, *, attestation_id: str | None = None
    ) -> EvidenceRequest:
        """Answer by words, or by an attestation whose files show it. Raises ApiError 409 for a closed request."""
        body = {"text": text} | ({} if attestation_id is None else {"attestation_id": attestation_id})
        return _read(
            (await self._send("POST", f"/v1/evidence-requests/{evidence_request_id}/answers", json=body)).json()
        )

    async def close_evidence_request(self, evidence_request_id: str) -> EvidenceRequest:
        """Close it; a closed one stays as it is. Raises ApiError."""
        return _read((await self._send("POST", f"/v1/evidence-requests/{evidence_request_id}/close")).json())
