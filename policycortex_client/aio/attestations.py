"""Generated from ``policycortex_client/attestations.py`` by ``clients/python/generate_async.py``."""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from policycortex_client.aio.approvals import AsyncApprovalsTransport
from policycortex_client.aio.walking import walk
from policycortex_client.attestations import Attestation, ImportedQuestionnaire, _read
from policycortex_client.errors import DigestError
from policycortex_client.model import Page
from policycortex_client.transport import Filter


class AsyncAttestationsClient(AsyncApprovalsTransport):
    """Methods for attestations."""

    async def request_attestation(self, body: Mapping[str, Any]) -> Attestation:
        """Request an attestation with the documented body; another key must approve it. Raises ApiError."""
        return await self._request_record("attestations", body, _read)

    async def approve_attestation(
        self, attestation_id: str, *, role: str | None = None, evidence: Sequence[str] | None = None
    ) -> Attestation:
        """Approve it, in a role that reports name, with the SHA-256 of the ``evidence`` that the approver has seen.

        Raises ApiError 409 when this key requested it, or when it has other evidence.
        """
        given = {"role": role, "evidence": None if evidence is None else list(evidence)}
        return await self._approve_record("attestations", attestation_id, given, _read)

    async def attach_evidence(self, attestation_id: str, file: Path, *, name: str = "") -> Attestation:
        """Attach a file before the approval. Raises ApiError: 409 after it, 400 for a file of another type."""
        params, headers = ({"name": name or file.name}, {"Content-Type": "application/octet-stream"})
        path = f"/v1/attestations/{attestation_id}/evidence"
        return _read((await self._send("POST", path, params=params, headers=headers, content=file.read_bytes())).json())

    async def download_evidence(self, attestation_id: str, sha256: str) -> bytes:
        """The bytes of an attached file, compared with their digest. Raises ApiError, DigestError."""
        content = (await self._send("GET", f"/v1/attestations/{attestation_id}/evidence/{sha256}")).content
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DigestError(f"the evidence file {sha256} of {attestation_id} arrived damaged; download it again")
        return content

    async def download_questionnaire(self, framework_id: str, *, every: bool = False) -> bytes:
        """The open requirements, or ``every`` one that applies, as an Excel workbook. Raises ApiError."""
        path, params = (f"/v1/frameworks/{framework_id}/questionnaire", {"all": str(every).lower()})
        return (await self._send("GET", path, params=params)).content

    async def import_questionnaire(self, framework_id: str, file: Path) -> ImportedQuestionnaire:
        """Request an attestation for each filled row, all or none. Raises ApiError 400 that names each cell."""
        path, headers = (f"/v1/frameworks/{framework_id}/questionnaire", {"Content-Type": "application/octet-stream"})
        body = (await self._send("POST", path, headers=headers, content=file.read_bytes())).json()
        requested, unchanged = (tuple(map(_read, body[name])) for name in ("requested", "unchanged"))
        return ImportedQuestionnaire(requested=requested, unchanged=unchanged, empty_rows=body["empty_rows"])

    async def revoke_attestation(self, attestation_id: str) -> None:
        """Revoke it from now on; it stays in the list. Raises ApiError."""
        await self._revoke_record("attestations", attestation_id)

    async def get_attestation(self, attestation_id: str) -> Attestation:
        """One attestation. Raises ApiError."""
        return await self._get_record("attestations", attestation_id, _read)

    async def list_attestations(self, **filters: Filter) -> Page[Attestation]:
        """One page; ``filters`` are ``limit`` and ``offset``. Raises ApiError."""
        return await self._list_records("attestations", filters, _read)

    def iterate_attestations(self) -> AsyncIterator[Attestation]:
        """All attestations, with those that ended. Raises ApiError."""
        return walk(self.list_attestations, {})
