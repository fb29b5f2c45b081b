"""Attestations: what people state of requirements, requested by one key and approved by another."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policycortex_client.approvals import Approval, ApprovalsTransport, approval_fields
from policycortex_client.errors import DigestError
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
    evidence: Sequence[str]
    """SHA-256 of each attached file, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedQuestionnaire:
    """What became of the rows of a questionnaire."""

    requested: Sequence[Attestation]
    unchanged: Sequence[Attestation]
    """Requested before with the same content."""
    empty_rows: int


class AttestationsClient(ApprovalsTransport):
    """Methods for attestations."""

    def request_attestation(self, body: Mapping[str, Any]) -> Attestation:
        """Request an attestation with the documented body; another key must approve it. Raises ApiError."""
        return self._request_record("attestations", body, _read)

    def approve_attestation(
        self, attestation_id: str, *, role: str | None = None, evidence: Sequence[str] | None = None
    ) -> Attestation:
        """Approve it, in a role that reports name, with the SHA-256 of the ``evidence`` that the approver has seen.

        Raises ApiError 409 when this key requested it, or when it has other evidence.
        """
        given = {"role": role, "evidence": None if evidence is None else list(evidence)}
        return self._approve_record("attestations", attestation_id, given, _read)

    def attach_evidence(self, attestation_id: str, file: Path, *, name: str = "") -> Attestation:
        """Attach a file before the approval. Raises ApiError: 409 after it, 400 for a file of another type."""
        params, headers = {"name": name or file.name}, {"Content-Type": "application/octet-stream"}
        path = f"/v1/attestations/{attestation_id}/evidence"
        return _read(self._send("POST", path, params=params, headers=headers, content=file.read_bytes()).json())

    def download_evidence(self, attestation_id: str, sha256: str) -> bytes:
        """The bytes of an attached file, compared with their digest. Raises ApiError, DigestError."""
        content = self._send("GET", f"/v1/attestations/{attestation_id}/evidence/{sha256}").content
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DigestError(f"the evidence file {sha256} of {attestation_id} arrived damaged; download it again")
        return content

    def download_questionnaire(self, framework_id: str, *, every: bool = False) -> bytes:
        """The open requirements, or ``every`` one that applies, as an Excel workbook. Raises ApiError."""
        path, params = f"/v1/frameworks/{framework_id}/questionnaire", {"all": str(every).lower()}
        return self._send("GET", path, params=params).content

    def import_questionnaire(self, framework_id: str, file: Path) -> ImportedQuestionnaire:
        """Request an attestation for each filled row, all or none. Raises ApiError 400 that names each cell."""
        path, headers = f"/v1/frameworks/{framework_id}/questionnaire", {"Content-Type": "application/octet-stream"}
        body = self._send("POST", path, headers=headers, content=file.read_bytes()).json()
        requested, unchanged = (tuple(map(_read, body[name])) for name in ("requested", "unchanged"))
        return ImportedQuestionnaire(requested=requested, unchanged=unchanged, empty_rows=body["empty_rows"])

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
        evidence=tuple(file["sha256"] for file in body["evidence"]),
    )
