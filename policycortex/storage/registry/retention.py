"""Retention of reports: the organisation's own time, and expired or deleted reports that still have files."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import delete, exists, or_, select, update

from policycortex.audit.chain import COMMAND_LINE, AuditEvent
from policycortex.names import ReportStatus
from policycortex.storage.registry.audit_log import AuditLogRepository
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.report_changes import ensure_organization
from policycortex.storage.registry.tables import organizations, report_artifacts, report_files, reports

_BATCH: Final = 500


class RetentionRepository:
    """Sets the retention time, and lists reports whose files must be removed."""

    def __init__(self, database: Database, audit_log: AuditLogRepository) -> None:
        self._database, self._audit_log = database, audit_log

    def set_retention(self, organization: str, days: int | None, *, now: datetime | None = None) -> None:
        """Set how long new reports are kept; None: the installation's setting."""
        moment = now or datetime.now(UTC)
        with self._database.writing() as connection:
            ensure_organization(connection, organization, moment)
            mine = organizations.c.id == organization
            connection.execute(update(organizations).where(mine).values(retention_days=days))
            act = AuditEvent(
                organization=organization, at=moment, action="retention_set", actor=COMMAND_LINE, details={"days": days}
            )
            self._audit_log.append(connection, act)

    def load_retention(self, organization: str) -> int | None:
        """The organisation's own retention in days; None when it has none."""
        query = select(organizations.c.retention_days).where(organizations.c.id == organization)
        with self._database.reading() as connection:
            days: int | None = connection.execute(query).scalar_one_or_none()
        return days

    def is_any_due(self, now: datetime) -> bool:
        """Whether a completed report is past its retention and not yet expired."""
        due = (
            reports.c.status == ReportStatus.COMPLETED.value,
            reports.c.expires_at <= now,
            reports.c.deleted_at.is_(None),
        )
        with self._database.reading() as connection:
            return bool(connection.execute(select(exists().where(*due))).scalar())

    def list_uncleared_reports(self) -> tuple[str, ...]:
        """Expired and deleted reports whose files may still be there, at most 500."""
        gone = or_(reports.c.status == ReportStatus.EXPIRED.value, reports.c.deleted_at.is_not(None))
        listed = or_(
            exists().where(report_artifacts.c.report_id == reports.c.id),
            exists().where(report_files.c.report_id == reports.c.id),
        )
        with self._database.reading() as connection:
            return tuple(connection.execute(select(reports.c.id).where(gone, listed).limit(_BATCH)).scalars())

    def forget_files(self, report_id: str) -> None:
        """Delete the rows of the report's files, after the files were removed."""
        with self._database.writing() as connection:
            connection.execute(delete(report_artifacts).where(report_artifacts.c.report_id == report_id))
            connection.execute(delete(report_files).where(report_files.c.report_id == report_id))
