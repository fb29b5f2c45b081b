"""A report's life: ordered, running, and one of its ends. Each verb is one transaction; an end is never left again."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from policycortex.audit.chain import AuditEvent
from policycortex.errors import ConflictError, NotFoundError
from policycortex.names import ReportStatus, ReportType
from policycortex.storage.registry.access import insert_access
from policycortex.storage.registry.audit_log import TrailVerbs
from policycortex.storage.registry.base import insert_for
from policycortex.storage.registry.links import download_links
from policycortex.storage.registry.report_counts import shift_tally
from policycortex.storage.registry.report_queries import INSIDE, load_report, report_from
from policycortex.storage.registry.rows import AccessRow, Failure, FileRow, NewArtifact, ReportRow
from policycortex.storage.registry.schedule_rows import NewDelivery, NewReport
from policycortex.storage.registry.schedule_tables import insert_deliveries
from policycortex.storage.registry.tables import organizations, report_artifacts, report_files, report_shares, reports

OPEN: Final = (ReportStatus.PENDING, ReportStatus.RUNNING)
_RUNS_END: Final = (ReportStatus.COMPLETED, ReportStatus.FAILED)
ENDED: Final = (ReportStatus.COMPLETED, ReportStatus.FAILED, ReportStatus.CANCELLED, ReportStatus.EXPIRED)

_INSERT: Final = insert(reports)


class ReportVerbs(TrailVerbs):
    """Everything that changes a report. ``now`` is the clock's where it is not given."""

    def create_report(
        self,
        *,
        organization: str,
        name: str,
        type: ReportType,  # noqa: A002 - the documentation's word
        framework: str | None,
        description: str,
        order: Mapping[str, Any],
        due_at: datetime | None = None,
        created_by: str | None = None,
        report_id: str | None = None,
        deliveries: Collection[NewDelivery] = (),
        sealed_password: str | None = None,
        access: AccessRow | None = None,
        now: datetime | None = None,
    ) -> ReportRow:
        """Write a pending report, where it is to go, and the first line of its access log.

        Its run is launched by the caller, or when it is due.
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
        )

        def write(connection: Connection) -> ReportRow:
            if organization not in self._organizations:
                ensure_organization(connection, organization, moment)
            made = insert_report(connection, new, moment)
            insert_deliveries(
                connection, organization=organization, report_id=new.id, schedule_id=None, new=deliveries, now=moment
            )
            if access is not None:
                insert_access(connection, access)
            return made

        made = self._together.run(write, order=f"tally {organization} {new.type.value} {framework}")
        self._organizations.add(organization)
        return made

    def set_run(self, report_id: str, run_id: str) -> None:
        """Note which run makes it; a report that came to its end meanwhile stays as it is."""
        with self._writing() as connection:
            connection.execute(
                update(reports).where(reports.c.id == report_id, reports.c.status.in_(OPEN)).values(run_id=run_id)
            )

    def release_run(self, report_id: str, run_id: str) -> bool:
        """The run was lost: the report is pending again, unless it ended or another run took it; whether it was."""
        with self._writing() as connection:
            before = load_report(connection, report_id)
            if before.status not in OPEN or before.run_id != run_id:
                return False
            _write_move(
                connection, before, ReportStatus.PENDING, {"run_id": None, "started_at": None, "progress_pct": 0}
            )
            return True

    def mark_running(self, report_id: str, run_id: str, *, now: datetime | None = None) -> ReportRow:
        """The run has begun; a retry takes over from the run before it. Raises ConflictError on an end."""
        moment = now or _now()
        return self._move(report_id, OPEN, ReportStatus.RUNNING, run_id=run_id, started_at=moment, progress_pct=1)

    def note_progress(self, report_id: str, progress_pct: int) -> None:
        """How far the run is, 0-100; ignored unless it is running."""
        running = (reports.c.id == report_id, reports.c.status == ReportStatus.RUNNING)
        with self._writing() as connection:
            connection.execute(update(reports).where(*running).values(progress_pct=min(max(progress_pct, 0), 99)))

    def complete_report(
        self,
        report_id: str,
        *,
        artifacts: Collection[NewArtifact],
        summary: Mapping[str, Any],
        content: Mapping[str, Any],
        snapshot: str,
        files: Collection[FileRow] = (),
        expires_at: datetime | None = None,
        now: datetime | None = None,
    ) -> ReportRow:
        """The files are stored; from here on they are served. Raises ConflictError when it has ended already."""
        values: dict[str, Any] = {
            "completed_at": now or _now(),
            "progress_pct": 100,
            "summary": dict(summary),
            "content": dict(content),
            "snapshot": snapshot,
            "expires_at": expires_at,
            "size_bytes": sum(artifact.size_bytes for artifact in artifacts),
        }
        return self._move(report_id, OPEN, ReportStatus.COMPLETED, artifacts=artifacts, files=files, **values)

    def fail_report(self, report_id: str, failure: Failure, *, now: datetime | None = None) -> ReportRow:
        """No artifacts will come, and why. Raises ConflictError when it has ended already."""
        return self._move(report_id, OPEN, ReportStatus.FAILED, completed_at=now or _now(), failure=asdict(failure))

    def cancel_report(self, organization: str, report_id: str, *, now: datetime | None = None) -> ReportRow:
        """Nobody wants it any more; the caller ends the run. Raises ConflictError when it has ended already."""
        moment = now or _now()
        return self._move(report_id, OPEN, ReportStatus.CANCELLED, organization=organization, completed_at=moment)

    def withdraw_report(self, report_id: str, failure: Failure) -> None:
        """Take back an order that was never launched: it leaves every list, and no run may pick it up."""
        self.fail_report(report_id, failure)
        with self._writing() as connection:
            _remove(connection, load_report(connection, report_id), _now())

    def delete_report(self, organization: str, report_id: str, *, now: datetime | None = None) -> ReportRow:
        """Out of every list and answer; an open one is cancelled. The caller removes its files, then forgets them."""
        with self._writing() as connection:
            before = load_report(connection, report_id, organization=organization)
            if before.status in OPEN:
                _write_move(connection, before, ReportStatus.CANCELLED, {"completed_at": now or _now()})
            _remove(connection, load_report(connection, report_id), now or _now())
            return before

    def expire_reports(self, *, now: datetime | None = None) -> tuple[ReportRow, ...]:
        """Move completed reports past their time to ``expired``; returns them: the caller removes their files."""
        moment = now or _now()
        past = (
            reports.c.status == ReportStatus.COMPLETED,
            reports.c.expires_at <= moment,
            reports.c.deleted_at.is_(None),
        )
        with self._writing() as connection:
            ids = connection.execute(select(reports.c.id).where(*past)).scalars().all()
            rows = tuple(load_report(connection, report_id) for report_id in ids)
            for row in rows:
                _write_move(connection, row, ReportStatus.EXPIRED, {})
                still = (download_links.c.report_id == row.id, download_links.c.revoked_at.is_(None))
                connection.execute(update(download_links).where(*still).values(revoked_at=moment))
                self._append(connection, _expiry(row, moment))
            return rows

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
        with self._writing() as connection:
            before = load_report(connection, report_id, organization=organization)
            if before.status not in origins:
                raise ConflictError(f"report {report_id} is {before.status.value}; it cannot become {target.value}")
            _write_move(connection, before, target, values)
            if target in _RUNS_END:
                self._append(connection, _ending(before, target, values, files))
            _write_artifacts(connection, report_id, artifacts)
            for file in files:
                connection.execute(insert(report_files).values(report_id=report_id, **asdict(file)))
            return load_report(connection, report_id)


def _ending(
    before: ReportRow, target: ReportStatus, values: Mapping[str, Any], files: Collection[FileRow]
) -> AuditEvent:
    """What the trail says of the end that a run came to."""
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


def _expiry(row: ReportRow, moment: datetime) -> AuditEvent:
    digests = {artifact.format.value: artifact.sha256 for artifact in row.artifacts}
    return AuditEvent(
        organization=row.organization,
        at=moment,
        action="report_expired",
        actor="retention",
        subject=row.id,
        details={"sha256": digests},
    )


def insert_report(connection: Connection, new: NewReport, moment: datetime) -> ReportRow:
    """A pending report of an organisation that has its row, within the caller's transaction; as it would be read."""
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
        "size_bytes": 0,
        "is_restricted": False,
        "sealed_password": new.sealed_password,
    }
    connection.execute(_INSERT, row)
    shift_tally(connection, row, 1)
    return report_from({name: value for name, value in row.items() if name not in INSIDE})


def ensure_organization(connection: Connection, organization: str, moment: datetime) -> None:
    """Write the organisation's row unless it is there."""
    connection.execute(_ensure(connection.dialect.name), {"id": organization, "created_at": moment})


@cache
def _ensure(dialect: str) -> postgresql.Insert | sqlite.Insert:
    return insert_for(dialect, organizations).on_conflict_do_nothing()


def _write_move(connection: Connection, before: ReportRow, target: ReportStatus, values: Mapping[str, Any]) -> None:
    same = (reports.c.id == before.id, reports.c.status == before.status.value)
    if target in ENDED:
        values = {**values, "sealed_password": None}  # nobody needs it any more
    written = connection.execute(update(reports).where(*same).values(status=target.value, **values))
    if written.rowcount != 1:
        raise ConflictError(
            f"report {before.id} was changed by someone else meanwhile; it cannot become {target.value}"
        )
    key = {"organization": before.organization, "type": before.type.value, "framework": before.framework}
    shift_tally(connection, {**key, "status": before.status.value}, -1)
    shift_tally(connection, {**key, "status": target.value}, 1)


def _write_artifacts(connection: Connection, report_id: str, artifacts: Collection[NewArtifact]) -> None:
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


def _remove(connection: Connection, row: ReportRow, moment: datetime) -> None:
    live = (reports.c.id == row.id, reports.c.deleted_at.is_(None))
    if connection.execute(update(reports).where(*live).values(deleted_at=moment)).rowcount != 1:
        raise NotFoundError(f"report {row.id} is gone already")
    connection.execute(delete(report_shares).where(report_shares.c.report_id == row.id))
    key = {"organization": row.organization, "type": row.type.value, "framework": row.framework}
    shift_tally(connection, {**key, "status": row.status.value}, -1)


def _now() -> datetime:
    return datetime.now(UTC)
