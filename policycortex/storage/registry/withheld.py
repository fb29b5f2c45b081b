"""Deliveries that are withheld until newer scans are imported, and the report that is made for them then."""

from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, insert, select, update

from policycortex.audit.chain import AuditEvent
from policycortex.names import DeliveryStatus
from policycortex.storage.registry.audit_log import AuditLogRepository
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.delivery_ends import DELIVERY_COLUMNS, IS_COMPLETED
from policycortex.storage.registry.report_changes import insert_report
from policycortex.storage.registry.schedule_rows import DeliveryRow, NewReport
from policycortex.storage.registry.schedule_tables import WAITS_FOR_SCAN, deliveries, schedule_ticks
from policycortex.storage.registry.tables import report_shares, reports

_MADE_AGAIN = "its report is made again from newer scans"


class WithheldRepository:
    """Lists and moves deliveries that wait for scans."""

    def __init__(self, database: Database, audit_log: AuditLogRepository) -> None:
        self._database, self._audit_log = database, audit_log

    def list_waiting_for_scans(self, *, now: datetime) -> dict[str, tuple[DeliveryRow, ...]]:
        """Those that are due to be looked at again, by report id, without attempts."""
        is_due = (WAITS_FOR_SCAN, IS_COMPLETED, deliveries.c.next_attempt_at <= now)
        query = select(*DELIVERY_COLUMNS).where(*is_due)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        found = [DeliveryRow(**dict(row) | {"status": DeliveryStatus(row["status"])}) for row in rows]
        found.sort(key=lambda row: (row.report_id, row.id))
        return {report_id: tuple(group) for report_id, group in groupby(found, key=lambda row: row.report_id)}

    def wait_on(self, report_id: str, reason: str, *, until: datetime) -> None:
        """Look at the report's waiting deliveries again at that time."""
        mine = (WAITS_FOR_SCAN, deliveries.c.report_id == report_id)
        with self._database.writing() as connection:
            connection.execute(update(deliveries).where(*mine).values(next_attempt_at=until, reason=reason))

    def move_to_new_report(self, report_id: str, new: NewReport, *, now: datetime) -> bool:
        """Request ``new`` in place of the report, for its waiting deliveries and its tick.

        It is shared as the report was. False, and nothing is written, if none waits any more or the report is gone.
        """
        with self._database.writing() as connection:
            waiting = select(deliveries.c.id).where(WAITS_FOR_SCAN, IS_COMPLETED, deliveries.c.report_id == report_id)
            ids = connection.execute(waiting.with_for_update()).scalars().all()
            if not ids:
                return False
            insert_report(connection, new, now)
            _share_alike(connection, report_id, new.id)
            values = {
                "report_id": new.id,
                "status": DeliveryStatus.WAITING.value,
                "attempt_count": 0,
                "next_attempt_at": now,
                "reason": _MADE_AGAIN,
            }
            connection.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(**values))
            tick = schedule_ticks.c.report_id == report_id
            connection.execute(update(schedule_ticks).where(tick).values(report_id=new.id))
            self._audit_log.append(connection, _made_again(report_id, new, now))
            return True


def _share_alike(connection: Connection, report_id: str, new_id: str) -> None:
    columns = (reports.c.is_restricted, reports.c.sharing)
    sharing = connection.execute(select(*columns).where(reports.c.id == report_id)).mappings().one()
    connection.execute(update(reports).where(reports.c.id == new_id).values(**sharing))
    keys = connection.execute(select(report_shares.c.key_id).where(report_shares.c.report_id == report_id))
    for key_id in keys.scalars().all():
        connection.execute(insert(report_shares).values(report_id=new_id, key_id=key_id))


def _made_again(report_id: str, new: NewReport, now: datetime) -> AuditEvent:
    return AuditEvent(
        organization=new.organization,
        at=now,
        action="report_created",
        actor="delivery",
        subject=new.id,
        details={"in_place_of": report_id, "reason": "newer scans were imported"},
    )
