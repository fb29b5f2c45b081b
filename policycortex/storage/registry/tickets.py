"""Tickets and the queue of their steps: a step is claimed with a lease before it is sent, and settled after."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, exists, func, insert, select, update

from policycortex.channels.tracker import TicketPlace
from policycortex.errors import ConflictError, NotFoundError
from policycortex.names import Severity, TicketStepKind, TicketStepStatus
from policycortex.storage.registry.alert_tables import note_failed_ticket
from policycortex.storage.registry.base import Database, insert_for
from policycortex.storage.registry.report_changes import ensure_organization
from policycortex.storage.registry.ticket_rows import NewStep, StepRow, TicketChange, TicketRow
from policycortex.storage.registry.ticket_tables import IS_STEP_OPEN, ticket_steps, tickets
from policycortex.storage.registry.work_queue import WorkQueue

_STEP: Final = [c for c in ticket_steps.c if c.name != "lease_until"]
_DONE: Final = TicketStepStatus.DONE.value
_FAILED: Final = TicketStepStatus.FAILED.value
_QUEUE: Final = WorkQueue(
    table=ticket_steps, is_open=IS_STEP_OPEN, group=ticket_steps.c.connection, order=(ticket_steps.c.created_at,)
)


class TicketRepository:
    """Keeps tickets; claims and settles their steps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def apply_change(
        self, organization: str, connection_name: str, change: TicketChange, before: TicketRow | None, *, now: datetime
    ) -> bool:
        """Write what a planning decided; False: another planning was faster, and nothing is written.

        ``before`` is the ticket as the planning read it; None for a new one.
        """
        with self._database.writing() as connection:
            ensure_organization(connection, organization, now)
            ticket_id = _changed(connection, (organization, connection_name), change, before, now=now)
            if ticket_id is None:
                return False
            place = select(func.coalesce(func.max(ticket_steps.c.place), 0)).where(
                ticket_steps.c.ticket_id == ticket_id
            )
            first = int(connection.execute(place).scalar_one()) + 1
            rows = [
                _step_values((organization, connection_name), ticket_id, first + number, step, now=now)
                for number, step in enumerate(change.steps)
            ]
            if rows:
                connection.execute(insert(ticket_steps), rows)
            return True

    def list_tickets(
        self,
        organization: str | None,
        *,
        connection: str | None = None,
        is_open: bool | None = None,
        has_failed: bool | None = None,
        limit: int,
        offset: int = 0,
    ) -> tuple[tuple[TicketRow, ...], int]:
        """A page, the last changed first, and the number of all. ``organization`` None: of all."""
        conditions = [] if organization is None else [tickets.c.organization == organization]
        if connection is not None:
            conditions.append(tickets.c.connection == connection)
        if is_open is not None:
            conditions.append(tickets.c.is_wanted_open.is_(is_open))
        if has_failed is not None:
            conditions.append(_has_failed() if has_failed else ~_has_failed())
        query = _tickets().where(*conditions).order_by(tickets.c.changed_at.desc(), tickets.c.id)
        count = select(func.count()).select_from(tickets).where(*conditions)
        with self._database.reading() as opened:
            rows = opened.execute(query.limit(limit).offset(offset)).mappings().all()
            total = opened.execute(count).scalar_one()
        return tuple(_ticket(row) for row in rows), int(total)

    def list_by_number(self, organization: str, connection: str) -> dict[int, TicketRow]:
        """All tickets of the organisation in one tracker."""
        mine = (tickets.c.organization == organization, tickets.c.connection == connection)
        with self._database.reading() as opened:
            return {row["number"]: _ticket(row) for row in opened.execute(_tickets().where(*mine)).mappings()}

    def get_ticket(self, organization: str | None, ticket_id: str) -> TicketRow:
        """The ticket. Raises NotFoundError, also for another organisation's."""
        with self._database.reading() as connection:
            return _load(connection, organization, ticket_id)

    def list_steps(self, ticket_id: str) -> tuple[StepRow, ...]:
        """Its steps in their order."""
        query = select(*_STEP).where(ticket_steps.c.ticket_id == ticket_id).order_by(ticket_steps.c.place)
        with self._database.reading() as connection:
            return tuple(_step(row) for row in connection.execute(query).mappings())

    def retry_ticket(self, organization: str | None, ticket_id: str, *, now: datetime) -> TicketRow:
        """Let its failed steps be tried again. Raises NotFoundError, ConflictError where none has failed."""
        failed = (ticket_steps.c.ticket_id == ticket_id, ticket_steps.c.status == _FAILED)
        again = {"status": TicketStepStatus.PENDING.value, "next_attempt_at": now, "ended_at": None, "attempt_count": 0}
        with self._database.writing() as connection:
            _load(connection, organization, ticket_id)
            if not connection.execute(update(ticket_steps).where(*failed).values(**again)).rowcount:
                raise ConflictError(f"no step of ticket {ticket_id} has failed; what waits is done without a retry")
            return _load(connection, organization, ticket_id)

    def has_due_steps(self, *, now: datetime) -> bool:
        """Whether ``claim_step`` would find one."""
        with self._database.reading() as connection:
            return _QUEUE.has_due(connection, now=now, ready=(_is_next(),))

    def claim_step(
        self, *, now: datetime, lease: timedelta, except_connections: Collection[str] = ()
    ) -> StepRow | None:
        """Claim the step that waited longest and count the attempt; None: none is due.

        This is written before the tracker is asked for anything. A step whose sender died is claimed again when its
        lease has expired.
        """
        ready = (_is_next(),)
        with self._database.writing() as connection:
            found = _QUEUE.claim(connection, now=now, lease=lease, except_groups=except_connections, ready=ready)
            if found is None:
                return None
            return _step(connection.execute(select(*_STEP).where(ticket_steps.c.id == found)).mappings().one())

    def settle_done(self, row: StepRow, answer: str, *, now: datetime, place: TicketPlace | None = None) -> None:
        """Write that the step is done; ``place`` is where a created ticket is."""
        with self._database.writing() as connection:
            is_mine = _QUEUE.settle(connection, row.id, row.attempt_count, status=_DONE, answer=answer, ended_at=now)
            if not is_mine or place is None:
                return
            values = {"tracker_id": place.id, "name": place.name, "url": place.url}
            connection.execute(update(tickets).where(tickets.c.id == row.ticket_id).values(**values))

    def settle_deferred(self, row: StepRow, reason: str, *, again: datetime, rest_until: datetime | None) -> None:
        """Let the step wait. Until ``rest_until`` no other step of its connection is tried either."""
        pending = TicketStepStatus.PENDING.value
        with self._database.writing() as connection:
            is_mine = _QUEUE.settle(
                connection, row.id, row.attempt_count, status=pending, answer=reason, next_attempt_at=again
            )
            if not is_mine or rest_until is None:
                return
            steps = ticket_steps.c
            waiting = (IS_STEP_OPEN, steps.connection == row.connection, steps.next_attempt_at < rest_until)
            connection.execute(update(ticket_steps).where(*waiting).values(next_attempt_at=rest_until))

    def settle_failed(self, row: StepRow, reason: str, *, now: datetime) -> None:
        """Write that the step failed, with an alert for the organisation; later steps of the ticket wait."""
        with self._database.writing() as connection:
            if _QUEUE.settle(connection, row.id, row.attempt_count, status=_FAILED, answer=reason, ended_at=now):
                title = _load(connection, row.organization, row.ticket_id).title
                note_failed_ticket(
                    connection, row.organization, tracker=row.connection, reason=f"{title}: {reason}", now=now
                )


def _changed(
    connection: Connection, owner: tuple[str, str], change: TicketChange, before: TicketRow | None, *, now: datetime
) -> str | None:
    """Insert or update the ticket; its id, or None where it is not as ``before`` any more."""
    wanted = {"is_wanted_open": change.is_wanted_open, "waived": change.waived, "changed_at": now}
    if before is not None:
        unchanged = (
            tickets.c.id == before.id,
            tickets.c.is_wanted_open.is_(before.is_wanted_open),
            tickets.c.waived == before.waived,
        )
        return before.id if connection.execute(update(tickets).where(*unchanged).values(**wanted)).rowcount else None
    if change.new is None:
        return None
    new_id = f"tkt_{secrets.token_hex(8)}"
    values = {
        "id": new_id,
        "organization": owner[0],
        "connection": owner[1],
        "number": change.number,
        "marker": change.new.marker,
        "severity": change.new.severity.value,
        "title": change.new.title,
        "created_at": now,
    }
    inserted = insert_for(connection.dialect.name, tickets).values(**values, **wanted)
    inserted = inserted.on_conflict_do_nothing(index_elements=["organization", "connection", "number"])
    return new_id if connection.execute(inserted).rowcount else None


def _step_values(owner: tuple[str, str], ticket_id: str, place: int, step: NewStep, *, now: datetime) -> dict[str, Any]:
    return {
        "id": f"tks_{secrets.token_hex(8)}",
        "ticket_id": ticket_id,
        "organization": owner[0],
        "connection": owner[1],
        "place": place,
        "kind": step.kind.value,
        "content": dict(step.content),
        "status": TicketStepStatus.PENDING.value,
        "attempt_count": 0,
        "next_attempt_at": now,
        "created_at": now,
        "answer": "",
    }


def _tickets() -> Any:  # noqa: ANN401 - SQLAlchemy's expression
    mine = ticket_steps.c.ticket_id == tickets.c.id
    counted = select(func.count()).select_from(ticket_steps).where(mine)
    return select(
        tickets,
        counted.where(ticket_steps.c.status != _DONE).scalar_subquery().label("open_steps"),
        counted.where(ticket_steps.c.status == _FAILED).scalar_subquery().label("failed_steps"),
    )


def _has_failed() -> Any:  # noqa: ANN401 - SQLAlchemy's expression
    return exists().where(ticket_steps.c.ticket_id == tickets.c.id, ticket_steps.c.status == _FAILED)


def _load(connection: Connection, organization: str | None, ticket_id: str) -> TicketRow:
    query = _tickets().where(tickets.c.id == ticket_id)
    if organization is not None:
        query = query.where(tickets.c.organization == organization)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFoundError(f"no ticket {ticket_id}")
    return _ticket(row)


def _is_next() -> ColumnElement[bool]:
    """Whether all earlier steps of the ticket are done."""
    earlier = ticket_steps.alias("earlier")
    return ~exists().where(
        earlier.c.ticket_id == ticket_steps.c.ticket_id,
        earlier.c.place < ticket_steps.c.place,
        earlier.c.status != _DONE,
    )


def _ticket(row: RowMapping) -> TicketRow:
    return TicketRow(**{**row, "severity": Severity(row["severity"])})


def _step(row: RowMapping) -> StepRow:
    return StepRow(**{**row, "kind": TicketStepKind(row["kind"]), "status": TicketStepStatus(row["status"])})
