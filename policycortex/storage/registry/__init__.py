"""The registry: reports, schedules, deliveries, keys, waivers and the audit log, one module per group of tables.

No findings and no files. Findings go to ``policycortex.storage.lake``, files to ``policycortex.storage.objects``.
"""

from policycortex.storage.registry.connect import Registry, open_registry
from policycortex.storage.registry.idempotency import Claim
from policycortex.storage.registry.rows import (
    AccessRow,
    ArtifactRow,
    Failure,
    FileRow,
    GrantRow,
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
    "GrantRow",
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
