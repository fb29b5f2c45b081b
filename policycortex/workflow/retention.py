"""Expires reports: their files, links and copies are removed; the audit record stays.

The row changes first, so that the files are not served any more. After a crash the files are still listed, and the next
call removes them.
"""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from policycortex.requests.model import ReportRequest
from policycortex.settings import Settings
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import Registry, open_registry


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSummary:
    """The result of one call."""

    expired: tuple[str, ...]
    """Reports that expired."""
    cleared: int
    """Reports whose files were removed: expired ones, and deleted ones that still had files."""


def expires_at(settings: Settings, registry: Registry, request: ReportRequest, *, now: datetime) -> datetime | None:
    """When a report made now expires: by its request, its organisation, or the installation; None: never."""
    days = (
        request.retention_days
        or registry.retention.load_retention(request.scope.organization)
        or settings.retention_days
    )
    return now + timedelta(days=days) if days else None


def expire_reports(settings: Settings, *, now: datetime) -> RetentionSummary:
    """Expire due reports, and remove the files of all expired and deleted reports."""
    with closing(open_registry(settings)) as registry:
        expired = registry.reports.expire_reports(now=now)
        store, cleared = open_artifacts(settings), 0
        for report_id in registry.retention.list_uncleared_reports():
            store.delete_report(report_id)
            registry.retention.forget_files(report_id)
            cleared += 1
    return RetentionSummary(expired=tuple(row.id for row in expired), cleared=cleared)


def has_due_expiries(settings: Settings, *, now: datetime) -> bool:
    """Whether ``expire_reports`` has something to do."""
    with closing(open_registry(settings)) as registry:
        return registry.retention.is_any_due(now) or bool(registry.retention.list_uncleared_reports())
