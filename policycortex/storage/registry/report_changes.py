"""Changes of report rows within the caller's transaction; every change keeps the tally of reports."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from policycortex.errors import ConflictError, NotFoundError
from policycortex.names import EventKind, ReportStatus
from policycortex.storage.registry.base import insert_for
from policycortex.storage.registry.event_tables import note_event
from policycortex.storage.registry.report_counts import shift_tally
from policycortex.storage.registry.report_queries import INSIDE, report_from
from policycortex.storage.registry.rows import NewArtifact, ReportRow, Sharing
from policycortex.storage.registry.schedule_rows import NewReport
from policycortex.storage.registry.tables import (
    organizations,
    report_artifacts,
    report_frameworks,
    report_shares,
    reports,
)

ENDED: Final = (ReportStatus.COMPLETED, ReportStatus.FAILED, ReportStatus.CANCELLED, ReportStatus.EXPIRED)
_INSERT: Final = insert(reports)


def insert_report(connection: Connection, new: NewReport, moment: datetime) -> ReportRow:
    """Insert a pending report; the organisation's row must exist. Returns the row as a reader would find it."""
    row = {
        "id": new.id,
        "organization": new.organization,
        "name": new.name,
        "type": new.type.value,
        "framework": new.framework,
        "description": new.description,
        "search_text": f"{new.name}\n{new.description}".casefold(),
        "order": dict(new.order),
        "status": ReportStatus.PENDING.value,
        "created_at": moment.astimezone(UTC),
        "created_by": new.created_by,
        "due_at": new.due_at.astimezone(UTC),
        "progress_pct": 0,
        "expected_at": new.expected_at.astimezone(UTC) if new.expected_at else None,
        "size_bytes": 0,
        "sharing": asdict(new.sharing) if new.sharing != Sharing() else None,
        "is_restricted": new.sharing.key_ids is not None,
        "sealed_password": new.sealed_password,
    }
    connection.execute(_INSERT, row)
    for key_id in new.sharing.key_ids or ():
        connection.execute(insert(report_shares).values(report_id=new.id, key_id=key_id))
    for framework in new.more_frameworks:
        connection.execute(insert(report_frameworks).values(report_id=new.id, framework=framework))
    shift_tally(connection, row, 1)
    return report_from({name: value for name, value in row.items() if name not in INSIDE})


def ensure_organization(connection: Connection, organization: str, moment: datetime) -> None:
    """Insert the organisation's row unless it exists."""
    connection.execute(_ensure(connection.dialect.name), {"id": organization, "created_at": moment})


@cache
def _ensure(dialect: str) -> postgresql.Insert | sqlite.Insert:
    return insert_for(dialect, organizations).on_conflict_do_nothing()


def change_status(connection: Connection, before: ReportRow, target: ReportStatus, values: Mapping[str, Any]) -> None:
    """Write the new status and ``values``, and move the tally. Raises ConflictError when the status has changed."""
    same = (reports.c.id == before.id, reports.c.status == before.status.value)
    if target in ENDED:
        values = {**values, "sealed_password": None, "stage": None}  # the run does not need the password any more
    written = connection.execute(update(reports).where(*same).values(status=target.value, **values))
    if written.rowcount != 1:
        raise ConflictError(
            f"report {before.id} was changed by someone else meanwhile; it cannot become {target.value}"
        )
    key = {"organization": before.organization, "type": before.type.value, "framework": before.framework}
    shift_tally(connection, {**key, "status": before.status.value}, -1)
    shift_tally(connection, {**key, "status": target.value}, 1)


def note_report_event(connection: Connection, row: ReportRow, target: ReportStatus, *, now: datetime) -> None:
    """Inform subscriptions that the report ended, or that it expired."""
    facts: dict[str, Any] = {"id": row.id, "name": row.name, "type": row.type.value, "framework": row.framework}
    data: dict[str, Any] = {"report": facts | {"status": target.value}}
    if target is ReportStatus.FAILED and row.failure is not None:
        data["failure"] = asdict(row.failure)
    if target is ReportStatus.COMPLETED:
        names = ("compliance_score", "total_violations", "critical", "high")
        data["summary"] = {name: (row.summary or {}).get(name) for name in names}
    note_event(connection, row.organization, EventKind(f"report.{target.value}"), row.id, data, now=now)


def insert_artifacts(connection: Connection, report_id: str, artifacts: Collection[NewArtifact]) -> None:
    """Add a row for each artifact."""
    for artifact in artifacts:
        values = {
            "report_id": report_id,
            "format": artifact.format.value,
            "key": artifact.key,
            "size_bytes": artifact.size_bytes,
            "sha256": artifact.sha256,
            "media_type": artifact.media_type or artifact.format.media_type,
        }
        connection.execute(insert(report_artifacts).values(values))


def mark_deleted(connection: Connection, row: ReportRow, moment: datetime) -> None:
    """Mark the report as deleted and take it out of the tally. Raises NotFoundError when it is deleted already."""
    live = (reports.c.id == row.id, reports.c.deleted_at.is_(None))
    if connection.execute(update(reports).where(*live).values(deleted_at=moment)).rowcount != 1:
        raise NotFoundError(f"report {row.id} is gone already")
    connection.execute(delete(report_shares).where(report_shares.c.report_id == row.id))
    key = {"organization": row.organization, "type": row.type.value, "framework": row.framework}
    shift_tally(connection, {**key, "status": row.status.value}, -1)
