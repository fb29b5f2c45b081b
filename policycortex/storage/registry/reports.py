"""Reports: created, running, ended, read. Each method is one transaction; an ended report never runs again."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from policycortex.audit.chain import AuditEvent
from policycortex.errors import ConflictError
from policycortex.names import SANDBOX_ORGANIZATION, ReportStage, ReportStatus, ReportType
from policycortex.storage.registry.access import insert_access
from policycortex.storage.registry.alert_tables import note_failed_report
from policycortex.storage.registry.audit_log import AuditLogRepository
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.delivery_ends import end_without_report
from policycortex.storage.registry.link_tables import download_links
from policycortex.storage.registry.report_changes import (
    ENDED,
    change_status,
    ensure_organization,
    insert_artifacts,
    insert_report,
    mark_deleted,
    note_report_event,
)
from policycortex.storage.registry.report_queries import (
    WaitingReport,
    load_open_reports,
    load_page,
    load_queue,
    load_report,
)
from policycortex.storage.registry.report_times import note_times
from policycortex.storage.registry.rows import (
    AccessRow,
    Failure,
    FileRow,
    NewArtifact,
    ReportFilter,
    ReportPage,
    ReportRow,
    Sharing,
)
from policycortex.storage.registry.schedule_rows import NewDelivery, NewReport
from policycortex.storage.registry.schedule_tables import insert_deliveries
from policycortex.storage.registry.tables import organizations, report_files, reports
from policycortex.storage.registry.visibility import hidden_among

OPEN: Final = (ReportStatus.PENDING, ReportStatus.RUNNING)
_RUNS_END: Final = (ReportStatus.COMPLETED, ReportStatus.FAILED)


class ReportRepository:
    """Writes and reads reports. ``now`` is the current time unless given."""

    def __init__(self, database: Database, audit_log: AuditLogRepository) -> None:
        self._database, self._audit_log = database, audit_log
        self._known_organizations: set[str] = set()
        """Organisations whose row exists; such a row is never deleted."""

    def create_report(
        self,
        *,
        organization: str,
        name: str,
        type: ReportType,  # noqa: A002 - the name in the documentation
        framework: str | None,
        description: str,
        order: Mapping[str, Any],
        due_at: datetime | None = None,
        created_by: str | None = None,
        report_id: str | None = None,
        deliveries: Collection[NewDelivery] = (),
        sealed_password: str | None = None,
        sharing: Sharing | None = None,
        more_frameworks: tuple[str, ...] = (),
        expected_at: datetime | None = None,
        access: AccessRow | None = None,
        now: datetime | None = None,
    ) -> ReportRow:
        """Create a pending report, its deliveries, and the first entry of its access log.

        The caller launches its run, now or when it is due.
        """
        moment = now or _now()
        new = NewReport(
            id=report_id or f"rpt_{secrets.token_hex(8)}",
            organization=organization,
            name=name,
            type=ReportType(type),
            framework=framework,
            description=description,
            order=order,
            due_at=max(due_at or moment, moment),
            created_by=created_by,
            sealed_password=sealed_password,
            sharing=sharing or Sharing(),
            more_frameworks=more_frameworks,
            expected_at=expected_at,
        )
        with self._database.writing() as connection:
            if organization not in self._known_organizations:
                ensure_organization(connection, organization, moment)
            made = insert_report(connection, new, moment)
            insert_deliveries(
                connection, organization=organization, report_id=new.id, schedule_id=None, new=deliveries, now=moment
            )
            if access is not None:
                insert_access(connection, access)
        self._known_organizations.add(organization)
        return made

    def list_organizations(self) -> tuple[str, ...]:
        """Organisations with keys or reports, sorted; without the sandbox."""
        query = (
            select(organizations.c.id).where(organizations.c.id != SANDBOX_ORGANIZATION).order_by(organizations.c.id)
        )
        with self._database.reading() as connection:
            return tuple(connection.execute(query).scalars())

    def set_run(self, report_id: str, run_id: str) -> None:
        """Set the run that makes it; an ended report does not change."""
        with self._database.writing() as connection:
            connection.execute(
                update(reports).where(reports.c.id == report_id, reports.c.status.in_(OPEN)).values(run_id=run_id)
            )

    def release_run(self, report_id: str, run_id: str) -> bool:
        """Make the report of a lost run pending again. Returns False when it has ended or has another run."""
        with self._database.writing() as connection:
            before = load_report(connection, report_id)
            if before.status not in OPEN or before.run_id != run_id:
                return False
            change_status(
                connection,
                before,
                ReportStatus.PENDING,
                {"run_id": None, "started_at": None, "progress_pct": 0, "stage": None},
            )
            return True

    def mark_running(self, report_id: str, run_id: str, *, now: datetime | None = None) -> ReportRow:
        """Mark it as running; a retry replaces the earlier run. Raises ConflictError when it has ended."""
        moment = now or _now()
        values: dict[str, Any] = {
            "run_id": run_id,
            "started_at": moment,
            "progress_pct": 1,
            "stage": ReportStage.READING.value,
        }
        return self._move(report_id, OPEN, ReportStatus.RUNNING, **values)

    def note_stage(self, report_id: str, run_id: str, stage: str, progress_pct: int) -> None:
        """Set the stage of its run; nothing changes if the report has ended or has another run."""
        mine = (reports.c.id == report_id, reports.c.run_id == run_id, reports.c.status == ReportStatus.RUNNING.value)
        with self._database.writing() as connection:
            connection.execute(update(reports).where(*mine).values(stage=stage, progress_pct=progress_pct))

    def complete_report(
        self,
        report_id: str,
        *,
        artifacts: Collection[NewArtifact],
        summary: Mapping[str, Any],
        content: Mapping[str, Any],
        snapshot: str,
        files: Collection[FileRow] = (),
        made_with: Mapping[str, Any] | None = None,
        expires_at: datetime | None = None,
        now: datetime | None = None,
    ) -> ReportRow:
        """Complete it; from then on its files are served. Raises ConflictError when it has ended already."""
        values: dict[str, Any] = {
            "completed_at": now or _now(),
            "progress_pct": 100,
            "summary": dict(summary),
            "content": dict(content),
            "snapshot": snapshot,
            "made_with": dict(made_with) if made_with is not None else None,
            "expires_at": expires_at,
            "size_bytes": sum(artifact.size_bytes for artifact in artifacts),
        }
        return self._move(report_id, OPEN, ReportStatus.COMPLETED, artifacts=artifacts, files=files, **values)

    def fail_report(self, report_id: str, failure: Failure, *, now: datetime | None = None) -> ReportRow:
        """Mark it as failed, with the reason. Raises ConflictError when it has ended already."""
        return self._move(report_id, OPEN, ReportStatus.FAILED, completed_at=now or _now(), failure=asdict(failure))

    def cancel_report(self, organization: str, report_id: str, *, now: datetime | None = None) -> ReportRow:
        """Cancel it; the caller ends the run. Raises ConflictError when it has ended already."""
        moment = now or _now()
        return self._move(report_id, OPEN, ReportStatus.CANCELLED, organization=organization, completed_at=moment)

    def withdraw_report(self, report_id: str, failure: Failure) -> None:
        """Remove a request that was never launched: it is failed and deleted, so that no run makes it."""
        with self._database.writing() as connection:
            self._move_within(
                connection, report_id, OPEN, ReportStatus.FAILED, completed_at=_now(), failure=asdict(failure)
            )
            mark_deleted(connection, load_report(connection, report_id), _now())

    def delete_report(self, organization: str, report_id: str, *, now: datetime | None = None) -> ReportRow:
        """Delete it; an open report is cancelled, and so are its deliveries that wait.

        The caller removes its files, then calls ``forget_files``.
        """
        with self._database.writing() as connection:
            before = load_report(connection, report_id, organization=organization)
            if before.status in OPEN:
                change_status(connection, before, ReportStatus.CANCELLED, {"completed_at": now or _now()})
                note_report_event(connection, before, ReportStatus.CANCELLED, now=now or _now())
            mark_deleted(connection, load_report(connection, report_id), now or _now())
            end_without_report(connection, now=now or _now())
            return before

    def expire_reports(self, *, now: datetime | None = None) -> tuple[ReportRow, ...]:
        """Set completed reports past their time to ``expired``. Returns them; the caller removes their files."""
        moment = now or _now()
        past = (
            reports.c.status == ReportStatus.COMPLETED,
            reports.c.expires_at <= moment,
            reports.c.deleted_at.is_(None),
        )
        with self._database.writing() as connection:
            ids = connection.execute(select(reports.c.id).where(*past)).scalars().all()
            rows = tuple(load_report(connection, report_id) for report_id in ids)
            for row in rows:
                change_status(connection, row, ReportStatus.EXPIRED, {})
                note_report_event(connection, row, ReportStatus.EXPIRED, now=moment)
                still = (download_links.c.report_id == row.id, download_links.c.revoked_at.is_(None))
                connection.execute(update(download_links).where(*still).values(revoked_at=moment))
                self._audit_log.append(connection, _expiry_event(row, moment))
            return rows

    def get_report(self, organization: str, report_id: str, *, reader: str | None = None) -> ReportRow:
        """The report with its artifacts. Raises NotFoundError, also when not shared with ``reader``."""
        with self._database.reading() as connection:
            return load_report(connection, report_id, organization=organization, reader=reader)

    def is_hidden(self, report_id: str, *, reader: str | None) -> bool:
        """Whether it is a restricted report that the key ``reader`` may not see; None may see all."""
        with self._database.reading() as connection:
            return bool(hidden_among(connection, (report_id,), reader))

    def find_report(self, report_id: str) -> ReportRow:
        """As ``get_report``, for callers that serve every organisation: the run, the reconciler, a link."""
        with self._database.reading() as connection:
            return load_report(connection, report_id)

    def find_status(self, report_id: str) -> ReportStatus | None:
        """The status of a report of any organisation; None for an unknown id, ``cancelled`` for a deleted report."""
        query = select(reports.c.status, reports.c.deleted_at).where(reports.c.id == report_id)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return ReportStatus(row.status) if row.deleted_at is None else ReportStatus.CANCELLED

    def list_reports(
        self,
        organization: str,
        wanted: ReportFilter | None = None,
        *,
        limit: int = 20,
        offset: int = 0,
        sort: str = "-created_at",
    ) -> ReportPage:
        """A page, sorted by ``sort`` (one of ``SORTS``, descending with a leading ``-``); newest first by default.

        Ties are sorted by id; of type, status and framework by time first. The rows come without artifacts, order,
        description and failure, which no list shows.
        """
        with self._database.reading() as connection:
            return load_page(connection, organization, wanted or ReportFilter(), limit=limit, offset=offset, sort=sort)

    def list_open_reports(self, *, before: datetime, limit: int = 1000) -> tuple[ReportRow, ...]:
        """Pending and running reports of all organisations that were due before then, oldest first; for reconciling."""
        with self._database.reading() as connection:
            return load_open_reports(connection, before=before, limit=limit)

    def load_queue(self, report: ReportRow | WaitingReport) -> tuple[int, float | None]:
        """What an estimate needs: the place in the queue, and how long such reports took.

        1 for the next in line: open reports of the same organisation that were due before it, plus itself. Mean
        running time in seconds of the organisation's last 20 completed reports of the type; None without any.
        """
        with self._database.reading() as connection:
            return load_queue(connection, report)

    def load_sealed_password(self, report_id: str) -> str | None:
        """The encrypted password of the request; None when it has none, or the report has ended."""
        query = select(reports.c.sealed_password).where(reports.c.id == report_id)
        with self._database.reading() as connection:
            sealed: str | None = connection.execute(query).scalar_one_or_none()
        return sealed

    def list_files(self, report_id: str) -> tuple[FileRow, ...]:
        """The report's files besides its formats, by name."""
        columns = [c for c in report_files.c if c.name != "report_id"]
        query = select(*columns).where(report_files.c.report_id == report_id).order_by(report_files.c.name)
        with self._database.reading() as connection:
            return tuple(FileRow(**row) for row in connection.execute(query).mappings())

    def _move(
        self,
        report_id: str,
        origins: tuple[ReportStatus, ...],
        target: ReportStatus,
        *,
        organization: str | None = None,
        artifacts: Collection[NewArtifact] = (),
        files: Collection[FileRow] = (),
        **values: Any,  # noqa: ANN401 - columns of many types
    ) -> ReportRow:
        with self._database.writing() as connection:
            before = self._move_within(
                connection,
                report_id,
                origins,
                target,
                organization=organization,
                artifacts=artifacts,
                files=files,
                **values,
            )
            if target in ENDED:
                after = load_report(connection, report_id)
                note_report_event(connection, after, target, now=values["completed_at"])
                return after
            return load_report(connection, before.id)

    def _move_within(
        self,
        connection: Connection,
        report_id: str,
        origins: tuple[ReportStatus, ...],
        target: ReportStatus,
        *,
        organization: str | None = None,
        artifacts: Collection[NewArtifact] = (),
        files: Collection[FileRow] = (),
        **values: Any,  # noqa: ANN401 - columns of many types
    ) -> ReportRow:
        """The report as it was before. No subscription is informed."""
        before = load_report(connection, report_id, organization=organization)
        if before.status not in origins:
            raise ConflictError(f"report {report_id} is {before.status.value}; it cannot become {target.value}")
        change_status(connection, before, target, values)
        if target is ReportStatus.COMPLETED:
            note_times(connection, before, values["completed_at"])
        if target is ReportStatus.FAILED:
            note_failed_report(connection, before.organization, report_id, now=values["completed_at"])
        if target in _RUNS_END:
            self._audit_log.append(connection, _end_event(before, target, values, files))
        insert_artifacts(connection, report_id, artifacts)
        for file in files:
            connection.execute(insert(report_files).values(report_id=report_id, **asdict(file)))
        return before


def _end_event(
    before: ReportRow, target: ReportStatus, values: Mapping[str, Any], files: Collection[FileRow]
) -> AuditEvent:
    """The audit event of the end of a run."""
    manifest = next((file.sha256 for file in files if file.name == "manifest.json"), None)
    failure = values.get("failure")
    details = {"status": target.value, "manifest_sha256": manifest, "failure": failure and failure["code"]}
    return AuditEvent(
        organization=before.organization,
        at=values["completed_at"],
        action=f"report_{target.value}",
        actor=f"run:{before.run_id}" if before.run_id else "run",
        subject=before.id,
        details={name: value for name, value in details.items() if value is not None},
    )


def _expiry_event(row: ReportRow, moment: datetime) -> AuditEvent:
    digests = {artifact.format.value: artifact.sha256 for artifact in row.artifacts}
    return AuditEvent(
        organization=row.organization,
        at=moment,
        action="report_expired",
        actor="retention",
        subject=row.id,
        details={"sha256": digests},
    )


def _now() -> datetime:
    return datetime.now(UTC)
