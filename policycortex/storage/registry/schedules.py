"""Schedules and their ticks. A tick is processed once: the row of the first process prevents a second one."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, case, func, insert, select, update

from policycortex.errors import ConflictError, NotFoundError
from policycortex.names import DeliveryStatus, ReportStatus
from policycortex.storage.registry.audit_log import AuditLogRepository
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.delivery_ends import SCHEDULE_DELETED, cancel_deliveries
from policycortex.storage.registry.key_tables import same_lineage
from policycortex.storage.registry.report_changes import ensure_organization
from policycortex.storage.registry.schedule_rows import ScheduleRow, TickClaim, TickRow
from policycortex.storage.registry.schedule_tables import deliveries, schedule_ticks, schedules
from policycortex.storage.registry.tables import reports
from policycortex.storage.registry.tick_claims import insert_ticks, report_events
from policycortex.storage.registry.visibility import hidden_among

_COLUMNS: Final = [c for c in schedules.c if c.name not in {"search_text", "deleted_at"}]
_NOT_SHARED: Final = "its report is not shared with this key"
_WORST_FIRST: Final = (
    DeliveryStatus.FAILED,
    DeliveryStatus.UNCERTAIN,
    DeliveryStatus.ABANDONED,
    DeliveryStatus.SENDING,
    DeliveryStatus.PENDING,
    DeliveryStatus.WAITING,
    DeliveryStatus.WITHHELD,
    DeliveryStatus.CANCELLED,
    DeliveryStatus.SENT,
)
_WORST_DELIVERY: Final = (
    select(func.min(case({status.value: n for n, status in enumerate(_WORST_FIRST)}, value=deliveries.c.status)))
    .where(deliveries.c.report_id == schedule_ticks.c.report_id)
    .scalar_subquery()
)
_TICKS: Final = (
    select(
        *schedule_ticks.c,
        reports.c.status.label("report_status"),
        reports.c.run_id,
        reports.c.completed_at,
        _WORST_DELIVERY.label("worst_delivery"),
    )
    .select_from(schedule_ticks.outerjoin(reports, reports.c.id == schedule_ticks.c.report_id))
    .order_by(schedule_ticks.c.tick.desc(), schedule_ticks.c.part)
)


class ScheduleRepository:
    """Creates, changes and deletes schedules, and claims their ticks."""

    def __init__(self, database: Database, audit_log: AuditLogRepository) -> None:
        self._database, self._audit_log = database, audit_log

    def create_schedule(
        self,
        *,
        schedule_id: str | None = None,
        organization: str,
        name: str,
        description: str,
        cron: str,
        timezone: str,
        body: Mapping[str, Any],
        is_enabled: bool,
        misfire: str,
        grace_seconds: int,
        next_tick_at: datetime | None,
        created_by: str | None,
        now: datetime,
    ) -> ScheduleRow:
        """Create the schedule, with a new id unless one is given; its first tick is ``next_tick_at``."""
        row = {
            "id": schedule_id or f"sch_{secrets.token_hex(8)}",
            "organization": organization,
            "name": name,
            "search_text": f"{name}\n{description}".casefold(),
            "description": description,
            "cron": cron,
            "timezone": timezone,
            "body": dict(body),
            "is_enabled": is_enabled,
            "misfire": misfire,
            "grace_seconds": grace_seconds,
            "created_at": now,
            "created_by": created_by,
            "updated_at": now,
            "revision": 1,
            "next_tick_at": next_tick_at if is_enabled else None,
        }
        with self._database.writing() as connection:
            ensure_organization(connection, organization, now)
            connection.execute(insert(schedules).values(row))
            return _load(connection, str(row["id"]))

    def get_schedule(self, organization: str, schedule_id: str) -> ScheduleRow:
        """The schedule. Raises NotFoundError, also for another organisation's."""
        with self._database.reading() as connection:
            return _load(connection, schedule_id, organization)

    def find_schedule(self, schedule_id: str) -> ScheduleRow:
        """As ``get_schedule``, for callers that serve every organisation."""
        with self._database.reading() as connection:
            return _load(connection, schedule_id)

    def find_schedule_or_none(self, schedule_id: str) -> ScheduleRow | None:
        """As ``find_schedule``; None when there is none."""
        query = select(*_COLUMNS).where(schedules.c.id == schedule_id, schedules.c.deleted_at.is_(None))
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return _schedule(row) if row is not None else None

    def find_timing(self, schedule_id: str) -> tuple[str, str]:
        """Cron expression and time zone of a schedule, also of a deleted one."""
        with self._database.reading() as connection:
            query = select(schedules.c.cron, schedules.c.timezone).where(schedules.c.id == schedule_id)
            row = connection.execute(query).one()
            return row.cron, row.timezone

    def list_schedules(
        self,
        organization: str | None,
        *,
        is_enabled: bool | None = None,
        text: str | None = None,
        created_by: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> tuple[tuple[ScheduleRow, ...], int]:
        """A page, newest first, and the number of all; None for the organisation means all organisations.

        ``created_by``: a key, which stands for the same key before and after rotations.
        """
        where: list[ColumnElement[bool]] = [schedules.c.deleted_at.is_(None)]
        if organization is not None:
            where.append(schedules.c.organization == organization)
        if is_enabled is not None:
            where.append(schedules.c.is_enabled.is_(is_enabled))
        if created_by is not None:
            where.append(schedules.c.created_by.in_(same_lineage(created_by)))
        if text:
            where.append(schedules.c.search_text.contains(text.casefold(), autoescape=True))
        query = select(*_COLUMNS).where(*where).order_by(schedules.c.created_at.desc(), schedules.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).mappings().all()
            total = connection.execute(select(func.count()).select_from(schedules).where(*where)).scalar_one()
        return tuple(_schedule(row) for row in rows), int(total)

    def list_schedule_marks(self) -> dict[str, int]:
        """Id to revision of every enabled schedule of all organisations that has not ended."""
        live = (schedules.c.deleted_at.is_(None), schedules.c.is_enabled, schedules.c.next_tick_at.is_not(None))
        with self._database.reading() as connection:
            rows = connection.execute(select(schedules.c.id, schedules.c.revision).where(*live))
            return {row.id: row.revision for row in rows}

    def change_schedule(
        self,
        before: ScheduleRow,
        changes: Mapping[str, Any],
        *,
        due: Sequence[TickClaim],
        next_tick_at: datetime | None,
        now: datetime,
    ) -> ScheduleRow:
        """Write new values, and process in the same transaction the ticks that were due under the old values.

        Raises ConflictError when it was changed since ``before`` was read.
        """
        values = dict(changes) | {"updated_at": now, "revision": before.revision + 1, "next_tick_at": next_tick_at}
        values["search_text"] = f"{values.get('name', before.name)}\n{values.get('description', before.description)}"
        values["search_text"] = values["search_text"].casefold()
        with self._database.writing() as connection:
            _lock(connection, before)
            made = insert_ticks(connection, before, due, now)
            self._audit_log.append(connection, *report_events(before, due, made, now))
            connection.execute(update(schedules).where(schedules.c.id == before.id).values(**values))
            return _load(connection, before.id)

    def delete_schedule(self, before: ScheduleRow, *, now: datetime) -> int:
        """Delete it, and cancel its deliveries that are not sent; how many. Its ticks and reports stay.

        Raises ConflictError as ``change_schedule``.
        """
        ended = {"deleted_at": now, "is_enabled": False, "next_tick_at": None, "revision": before.revision + 1}
        with self._database.writing() as connection:
            _lock(connection, before)
            connection.execute(update(schedules).where(schedules.c.id == before.id).values(**ended))
            mine = deliveries.c.schedule_id == before.id
            return cancel_deliveries(connection, mine, reason=SCHEDULE_DELETED, now=now)

    def list_due_schedules(self, *, now: datetime, limit: int = 500) -> tuple[ScheduleRow, ...]:
        """Schedules with an unprocessed tick, longest waiting first."""
        query = select(*_COLUMNS).where(schedules.c.next_tick_at <= now, schedules.c.deleted_at.is_(None))
        query = query.order_by(schedules.c.next_tick_at, schedules.c.id).limit(limit)
        with self._database.reading() as connection:
            return tuple(_schedule(row) for row in connection.execute(query).mappings())

    def claim_ticks(
        self, before: ScheduleRow, claims: Sequence[TickClaim], *, next_tick_at: datetime | None, now: datetime
    ) -> tuple[str, ...]:
        """Process due ticks: rows, reports and their deliveries in one transaction. Returns ids of new reports.

        Raises ConflictError, and writes nothing, when another claim or change was first.
        """
        with self._database.writing() as connection:
            _lock(connection, before)
            made = insert_ticks(connection, before, claims, now)
            connection.execute(update(schedules).where(schedules.c.id == before.id).values(next_tick_at=next_tick_at))
            self._audit_log.append(connection, *report_events(before, claims, made, now))
            return made

    def run_now(self, schedule: ScheduleRow, claims: Sequence[TickClaim], *, now: datetime) -> tuple[str, ...]:
        """Process an extra tick; the next regular tick does not change. Returns the ids of its reports.

        Raises ConflictError when the schedule has a tick of that time already.
        """
        with self._database.writing() as connection:
            _lock(connection, schedule)
            made = insert_ticks(connection, schedule, claims, now)
            if not made:
                raise ConflictError("the schedule was run at the same moment by another request; read its last_run")
            self._audit_log.append(connection, *report_events(schedule, claims, made, now))
            return made

    def list_ticks(
        self, schedule_id: str, *, reader: str | None = None, limit: int = 20, offset: int = 0
    ) -> tuple[tuple[TickRow, ...], int]:
        """A page of processed ticks, newest first, and the number of all.

        ``reader``: the key that reads; a report that it may not see is not named. None may read all.
        """
        mine = schedule_ticks.c.schedule_id == schedule_id
        with self._database.reading() as connection:
            rows = connection.execute(_TICKS.where(mine).limit(limit).offset(offset)).mappings().all()
            total = connection.execute(select(func.count()).select_from(schedule_ticks).where(mine)).scalar_one()
            return _ticks_for(connection, rows, reader), int(total)

    def last_runs(self, schedule_ids: Sequence[str], *, reader: str | None = None) -> dict[str, TickRow]:
        """The newest tick of each schedule, also one that made no report; of several parts the one in the worst state.

        ``reader`` as in ``list_ticks``.
        """
        newest = (
            select(schedule_ticks.c.schedule_id, func.max(schedule_ticks.c.tick).label("tick"))
            .where(schedule_ticks.c.schedule_id.in_(schedule_ids))
            .group_by(schedule_ticks.c.schedule_id)
            .subquery()
        )
        same = (schedule_ticks.c.schedule_id == newest.c.schedule_id) & (schedule_ticks.c.tick == newest.c.tick)
        with self._database.reading() as connection:
            rows = connection.execute(_TICKS.join(newest, same)).mappings().all()
            ticks = sorted(_ticks_for(connection, rows, reader), key=_badness)
            return {tick.schedule_id: tick for tick in ticks}

    def find_tick(self, report_id: str) -> TickRow | None:
        """The tick that requested the report; None for a report requested in another way."""
        with self._database.reading() as connection:
            row = connection.execute(_TICKS.where(schedule_ticks.c.report_id == report_id)).mappings().first()
        return _tick(row) if row is not None else None


def _ticks_for(connection: Connection, rows: Sequence[RowMapping], reader: str | None) -> tuple[TickRow, ...]:
    """The ticks, without id, run and time of the reports that the reader may not see."""
    hidden = hidden_among(connection, [row["report_id"] for row in rows if row["report_id"] is not None], reader)
    nothing = {"report_id": None, "run_id": None, "completed_at": None, "reason": _NOT_SHARED, "worst_delivery": None}
    return tuple(_tick(dict(row) | (nothing if row["report_id"] in hidden else {})) for row in rows)


def _badness(tick: TickRow) -> tuple[bool, int]:
    """Greater for a tick that is in a worse state."""
    is_failed = tick.is_invalid or tick.report_status == ReportStatus.FAILED
    return is_failed, -_WORST_FIRST.index(tick.delivery_status) if tick.delivery_status else -len(_WORST_FIRST)


def _tick(row: Mapping[Any, Any]) -> TickRow:
    values = dict(row)
    worst = values.pop("worst_delivery")
    return TickRow(**values, delivery_status=_WORST_FIRST[worst] if worst is not None else None)


def _lock(connection: Connection, before: ScheduleRow) -> None:
    """Lock the row for the rest of the transaction. Raises ConflictError when it has changed since it was read."""
    query = select(schedules.c.revision, schedules.c.next_tick_at).where(
        schedules.c.id == before.id, schedules.c.deleted_at.is_(None)
    )
    row = connection.execute(query.with_for_update()).first()
    if row is None:
        raise NotFoundError(f"schedule {before.id} is gone")
    if (row.revision, row.next_tick_at) != (before.revision, before.next_tick_at):
        raise ConflictError(f"schedule {before.id} was changed meanwhile; read it again")


def _load(connection: Connection, schedule_id: str, organization: str | None = None) -> ScheduleRow:
    query = select(*_COLUMNS).where(schedules.c.id == schedule_id, schedules.c.deleted_at.is_(None))
    if organization is not None:
        query = query.where(schedules.c.organization == organization)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFoundError(f"no schedule {schedule_id}")
    return _schedule(row)


def _schedule(row: RowMapping) -> ScheduleRow:
    return ScheduleRow(**row)
