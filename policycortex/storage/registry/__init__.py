"""The registry: the truth about reports, artifacts, keys, links and who read what. One module per group of tables."""

from policycortex.storage.registry.connect import Registry, open_registry
from policycortex.storage.registry.idempotency import Claim
from policycortex.storage.registry.rows import (
    AccessRow,
    ArtifactRow,
    Failure,
    FileRow,
    KeyRow,
    LinkRow,
    NewArtifact,
    ReportFilter,
    ReportPage,
    ReportRow,
    Sharing,
)

__all__ = [
    "AccessRow",
    "ArtifactRow",
    "Claim",
    "Failure",
    "FileRow",
    "KeyRow",
    "LinkRow",
    "NewArtifact",
    "Registry",
    "ReportFilter",
    "ReportPage",
    "ReportRow",
    "Sharing",
    "open_registry",
]
