"""The report manifest: a signed JSON file with the report's inputs and the digest of each of its files.

Its file names are those of the bundle. A file under another name is recognised by its digest.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from policycortex.errors import InputError

FORMAT: Final = "policycortex-manifest/1"
FILE_NAME: Final = "manifest.json"
SIGNATURE_NAME: Final = "manifest.json.p7s"
CERTIFICATE_NAME: Final = "certificate.pem"
MEDIA_TYPE: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestFile:
    """One file of the report."""

    name: str
    format: str
    media_type: str
    size_bytes: int
    sha256: str
    signature: str | None = None
    """``PAdES`` for a signature inside the file, the name of a detached one, or None."""
    signature_sha256: str | None = None
    delivery_id: str | None = None
    """Set for a copy marked for one delivery; bundles do not contain such copies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One imported file with findings of the report's days."""

    name: str
    sha256: str
    format: str
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What the report was made from."""

    snapshot: str
    inputs: tuple[InputFile, ...]
    framework: Mapping[str, Any] | None
    """``id, version, crosswalk_version, sha256``."""
    models: Mapping[str, str]
    """Model to version."""
    templates_sha256: str
    software: str
    """Name and version of this program."""
    rows: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogHead:
    """The last record of the organisation's audit log when the manifest was made."""

    sequence: int
    """0: none yet."""
    digest: str
    at: str


def write_manifest(
    *,
    report: Mapping[str, Any],
    provenance: Provenance,
    files: Sequence[ManifestFile],
    options: Mapping[str, Any],
    audit_log: AuditLogHead | None,
    made_at: datetime,
) -> bytes:
    """The manifest's bytes; the same values give the same bytes."""
    content = {
        "manifest": FORMAT,
        "made_at": made_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "report": dict(report),
        "made_from": asdict(provenance),
        "options": dict(options),
        "files": [asdict(file) for file in files],
        "audit_trail": asdict(audit_log) if audit_log is not None else None,
    }
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=False) + "\n").encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest after reading."""

    report: Mapping[str, Any]
    files: tuple[ManifestFile, ...]
    audit_log: AuditLogHead | None
    made_at: str


def parse_manifest(content: bytes) -> Manifest:
    """Parse the bytes of ``write_manifest``. Raises InputError on anything else."""
    try:
        parsed = json.loads(content)
        if parsed["manifest"] != FORMAT:
            raise InputError(f"its format is {parsed['manifest']!r}; this program reads {FORMAT!r}")
        return Manifest(
            report=parsed["report"],
            files=tuple(ManifestFile(**file) for file in parsed["files"]),
            audit_log=AuditLogHead(**parsed["audit_trail"]) if parsed["audit_trail"] else None,
            made_at=parsed["made_at"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"it is not a manifest: {type(error).__name__} {error}") from None
