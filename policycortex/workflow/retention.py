"""The end of what is past its time: expired reports lose their files, links and copies; the trail's record stays.

The row first: from then on nothing is served. A crash before the files are gone leaves them listed, and the next round
removes them.
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
    """What one round did."""

    expired: tuple[str, ...]
    """Reports whose time came."""
    cleared: int
    """Reports whose files were removed: those, and what deletions left."""


def expires_at(settings: Settings, registry: Registry, order: ReportRequest, *, now: datetime) -> datetime | None:
    """When a report made now is to go: by its order, its organisation, or the installation; None: never."""
    days = (
        order.retention_days or registry.retention.load_retention(order.scope.organization) or settings.retention_days
    )
    return now + timedelta(days=days) if days else None


def expire_reports(settings: Settings, *, now: datetime) -> RetentionSummary:
    """Expire what is due, and remove the files of all that expired or was deleted."""
    with closing(open_registry(settings)) as registry:
        expired = registry.reports.expire_reports(now=now)
        store, cleared = open_artifacts(settings), 0
        for report_id in registry.retention.list_uncleared_reports():
            store.delete_report(report_id)
            registry.retention.forget_files(report_id)
            cleared += 1
    return RetentionSummary(expired=tuple(row.id for row in expired), cleared=cleared)
