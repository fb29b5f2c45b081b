"""Evidence files of attestations: stored before the approval, and put beside each report that shows the statement."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from policycortex.errors import ConflictError, NotFoundError, Problem, RequestError
from policycortex.requests.evidence_types import HEAD_BYTES, check_evidence
from policycortex.scoring.attestations import Attestation, EvidenceFile
from policycortex.security.evidence_names import evidence_name
from policycortex.settings import Settings
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import Registry
from policycortex.workflow.protect_files import ReportFile

_STEM = "evidence"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file that somebody attaches."""

    path: Path
    name: str
    """As the person names it."""


def attach_file(
    settings: Settings,
    registry: Registry,
    organization: str,
    attestation_id: str,
    given: GivenFile,
    *,
    by: str,
    now: datetime,
) -> Attestation:
    """Store the file, then note it. A crash in between leaves a file that garbage collection removes.

    Raises NotFoundError, ConflictError: not waiting for approval; RequestError: its type or size; UnavailableError.
    """
    attestation = registry.attestations.get_record(organization, attestation_id)
    if attestation.approved_at is not None or attestation.revoked_at is not None:
        message = f"attestation {attestation_id} is not waiting for approval; request a new one with the file"
        raise ConflictError(message)
    with given.path.open("rb") as file:
        name, extension, media_type = check_evidence(given.name, file.read(HEAD_BYTES))
    _check_size(given.path.stat().st_size, settings.max_evidence_bytes)
    stored = open_artifacts(settings).put_file(attestation_id, _STEM, extension, given.path)
    noted = EvidenceFile(
        name=name,
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
        media_type=media_type,
        key=stored.key,
        attached_by=by,
        attached_at=now,
    )
    return registry.attestations.attach_evidence(organization, attestation_id, noted)


def find_evidence(attestation: Attestation, sha256: str) -> EvidenceFile:
    """The attached file with this digest. Raises NotFoundError."""
    for file in attestation.evidence:
        if file.sha256 == sha256:
            return file
    raise NotFoundError(f"attestation {attestation.id} has no evidence file {sha256}")


def open_evidence(settings: Settings, file: EvidenceFile) -> BinaryIO:
    """The stored bytes, whose digest was checked. Raises NotFoundError, IntegrityError, UnavailableError."""
    return open_artifacts(settings).open_artifact(file.key, sha256=file.sha256)


def copy_evidence(
    settings: Settings, files: Iterable[EvidenceFile], *, password: str | None, folder: Path, now: datetime
) -> tuple[ReportFile, ...]:
    """Copies for a report's bundle, each file once; encrypted with the report's password where it has one.

    Raises NotFoundError, IntegrityError: a stored file is missing or changed, so that no report is made without it.
    """
    unique = {file.sha256: file for file in files}
    return tuple(_copy(settings, file, password, folder, now) for file in unique.values())


def _copy(settings: Settings, file: EvidenceFile, password: str | None, folder: Path, now: datetime) -> ReportFile:
    name = evidence_name(file)
    path = folder / name
    with open_evidence(settings, file) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, _CHUNK)
    extension, media_type = name.rpartition(".")[2], file.media_type
    if password is not None:
        from policycortex.security.protection import ZIP_MEDIA_TYPE, zip_file  # noqa: PLC0415 - takes 40 MB

        path, name, media_type = zip_file(path, password, made_at=now), f"{name}.zip", ZIP_MEDIA_TYPE
        extension = f"{extension}.zip"
    return ReportFile(name=name, format=None, kind=None, path=path, extension=extension, media_type=media_type)


def _check_size(size: int, most: int) -> None:
    if size > most:
        message = f"The file has {size} bytes; at most {most} are kept"
    elif not size:
        message = "The file is empty"
    else:
        return
    raise RequestError("The evidence file is not valid", details=(Problem(field="file", message=message),))
