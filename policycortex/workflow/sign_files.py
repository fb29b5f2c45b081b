"""Signs a report: reads its provenance, signs files where requested, and writes the signed manifest."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from policycortex.documents.template_files import templates_folder
from policycortex.frameworks.model import Framework
from policycortex.names import ReportFormat
from policycortex.requests.model import ReportRequest
from policycortex.security import manifest as proof
from policycortex.security.evidence_names import PREFIX as EVIDENCE_PREFIX
from policycortex.security.identities import Identity, load_identity
from policycortex.security.manifest import AuditLogHead, InputFile, ManifestFile, Provenance
from policycortex.security.signing import SIGNATURE_MEDIA_TYPE, sign_file, sign_pdf
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake
from policycortex.workflow.protect_files import ReportFile

if TYPE_CHECKING:
    from policycortex.documents.model import ReportDocument

_PDF: Final = "PAdES"


def read_provenance(
    lake: Lake, request: ReportRequest, framework: Framework | None, document: "ReportDocument"
) -> Provenance:
    """The data the report was made from, read at the same snapshot."""
    summary = document.summary
    return Provenance(
        snapshot=document.header.snapshot,
        inputs=tuple(
            InputFile(name=name, sha256=sha256, format=kind, kept=kept)
            for name, sha256, kind, kept in lake.imports.load_import_digests(request.scope.organization, request.period)
        ),
        framework=_describe(framework) if framework is not None else None,
        models={summary.score.model: summary.score.model_version},
        templates_sha256=digest_templates(),
        software=f"policycortex-reports {version('policycortex-reports')}",
        rows={
            "findings": document.completeness.findings_total,
            "findings_included": document.completeness.findings_included,
            "requirements": len(document.requirements),
            "checks": len(document.checks),
            "waivers": len(document.waivers),
        },
    )


def sign_files(
    settings: Settings,
    files: Sequence[ReportFile],
    *,
    request: ReportRequest,
    report_id: str,
    password: str | None,
    provenance: Provenance,
    trail: AuditLogHead | None,
    folder: Path,
    now: datetime,
) -> tuple[ReportFile, ...]:
    """The files, then their signatures, the manifest, its signature and the certificate."""
    identity = load_identity(settings, request.scope.organization, now=now)
    if request.is_signed:
        for file in files:
            if file.kind is ReportFormat.PDF:
                sign_pdf(file.path, identity, password=password)
    detached = [_detached(file, identity, folder) for file in files if request.is_signed and _is_signed_beside(file)]
    content = proof.write_manifest(
        report=_report(request, report_id),
        provenance=provenance,
        files=[_listed(file, request, {d.name: d for d in detached}) for file in files],
        options={
            "is_password_protected": password is not None,
            "is_signed": request.is_signed,
            "watermark": request.watermark,
            "locale": request.locale,
        },
        audit_log=trail,
        made_at=now,
    )
    manifest = _kept(folder, proof.FILE_NAME, content, proof.MEDIA_TYPE)
    signature = _kept(folder, proof.SIGNATURE_NAME, sign_file(manifest.path, identity), SIGNATURE_MEDIA_TYPE)
    certificate = _kept(folder, proof.CERTIFICATE_NAME, identity.pem, "application/x-pem-file")
    return (*files, *detached, manifest, signature, certificate)


def bundle_name(file: ReportFile) -> str:
    """The name of the file in the bundle and in the manifest; it never contains a name given by users."""
    if file.format is not None:
        return f"report.{file.extension}"
    if file.name.startswith(EVIDENCE_PREFIX):
        return file.name
    delivery_id, _, _ = file.name.partition("/")
    return f"{delivery_id}.{file.extension}"


def _is_signed_beside(file: ReportFile) -> bool:
    return file.format is not None and file.format is not ReportFormat.PDF


def _detached(file: ReportFile, identity: Identity, folder: Path) -> ReportFile:
    return _kept(folder, f"{file.name}.p7s", sign_file(file.path, identity), SIGNATURE_MEDIA_TYPE)


def _kept(folder: Path, name: str, content: bytes, media_type: str) -> ReportFile:
    path = folder / name
    path.write_bytes(content)
    return ReportFile(
        name=name, format=None, kind=None, path=path, extension=name.rpartition(".")[2], media_type=media_type
    )


def _listed(file: ReportFile, request: ReportRequest, detached: Mapping[str, ReportFile]) -> ManifestFile:
    delivery_id, slash, _ = file.name.partition("/")
    listed = ManifestFile(
        name=bundle_name(file),
        format=file.kind.value if file.kind is not None else "",
        media_type=file.media_type,
        size_bytes=file.path.stat().st_size,
        sha256=digest_file(file.path),
        delivery_id=delivery_id if slash else None,
    )
    beside = detached.get(f"{file.name}.p7s")
    if beside is not None:
        return replace(listed, signature=f"{listed.name}.p7s", signature_sha256=digest_file(beside.path))
    return replace(listed, signature=_PDF if request.is_signed and file.kind is ReportFormat.PDF else None)


def digest_file(path: Path) -> str:
    """SHA-256, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _report(request: ReportRequest, report_id: str) -> dict[str, Any]:
    return {
        "id": report_id,
        "organization": request.scope.organization,
        "name": request.name,
        "type": request.type.value,
        "framework": request.framework,
        "period": {"start": request.period.start.isoformat(), "end": request.period.end.isoformat()},
        "scope": dict(request.scope_as_given),
    }


def _describe(framework: Framework) -> dict[str, Any]:
    relations = sorted([*pair, *ids] for pair, ids in framework.crosswalk.relations.items())
    clauses = [
        [r.id, r.title, r.section, sorted(r.manual_for), r.weight, r.level_of_risk] for r in framework.requirements
    ]
    content = json.dumps([framework.id, framework.version, clauses, relations], ensure_ascii=False)
    return {
        "id": framework.id,
        "version": framework.version,
        "crosswalk_version": framework.crosswalk.version,
        "crosswalk_edition": framework.edition.value,
        "review_version": framework.review.version if framework.review else None,
        "sha256": hashlib.sha256(content.encode()).hexdigest(),
    }


@cache
def digest_templates() -> str:
    """One digest of all built-in templates, from their names and digests in order. They do not change in a process."""
    folder = templates_folder()
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{path.relative_to(folder).as_posix()} {digest_file(path)}\n" for path in paths]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
