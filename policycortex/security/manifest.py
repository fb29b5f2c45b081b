"""What a report was made from and what came of it: one JSON file, signed, with the digest of each of its files.

Names in it are those of the bundle; a file that bears another name is known by its digest.
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
    """``PAdES`` for one inside; the name of the detached one; None without."""
    signature_sha256: str | None = None
    delivery_id: str | None = None
    """Set for a copy that was marked for one delivery; such copies are in no bundle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One imported file that findings of the report's days came from."""

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
    """The last record of the organisation's audit trail when the manifest was made."""

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
    trail: AuditLogHead | None,
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
        "audit_trail": asdict(trail) if trail is not None else None,
    }
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=False) + "\n").encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest that was read back."""

    report: Mapping[str, Any]
    files: tuple[ManifestFile, ...]
    trail: AuditLogHead | None
    made_at: str


def parse_manifest(content: bytes) -> Manifest:
    """What ``write_manifest`` wrote. Raises InputError on anything else."""
    try:
        parsed = json.loads(content)
        if parsed["manifest"] != FORMAT:
            raise InputError(f"it is of the form {parsed['manifest']!r}; this program reads {FORMAT!r}")
        return Manifest(
            report=parsed["report"],
            files=tuple(ManifestFile(**file) for file in parsed["files"]),
            trail=AuditLogHead(**parsed["audit_trail"]) if parsed["audit_trail"] else None,
            made_at=parsed["made_at"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"it is not a manifest: {type(error).__name__} {error}") from None
