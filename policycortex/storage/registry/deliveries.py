"""Deliveries and their attempts: a delivery is claimed before it is sent and settled after; all attempts are kept."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    and_,
    case,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    union_all,
    update,
)

from policycortex.audit.chain import AuditEvent, AuditOutcome
from policycortex.errors import ConflictError, NotFoundError
from policycortex.names import DeliveryStatus, ReportStatus
from policycortex.storage.registry.alert_tables import note_failed_delivery
from policycortex.storage.registry.audit_log import AuditLogRepository
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.delivery_ends import (
    BY_PERSON,
    DELIVERY_COLUMNS,
    IS_COMPLETED,
    SCHEDULE_DELETED,
    cancel_deliveries,
    end_without_report,
    has_to_end,
    is_schedule_gone,
    note_delivery_event,
)
from policycortex.storage.registry.report_queries import load_report
from policycortex.storage.registry.schedule_rows import (
    REPLAYABLE,
    AttemptRow,
    DeliveryRow,
    Endpoint,
    NewDelivery,
    Settled,
)
from policycortex.storage.registry.schedule_tables import (
    IS_OPEN,
    deliveries,
    delivery_attempts,
    insert_deliveries,
    schedule_ticks,
)
from policycortex.storage.registry.send_limits import SendLimits, is_at, within_limits
from policycortex.storage.registry.visibility import hidden_among, hidden_reports

_MOST_PARTS: Final = 100
"""Parts of a union; SQLite takes 500."""

_ALERTED: Final = (DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN)


class DeliveryRepository:
    """Claims, settles and lists deliveries. They are created with their reports (see ``insert_deliveries``)."""

    def __init__(self, database: Database, audit_log: AuditLogRepository) -> None:
        self._database, self._audit_log = database, audit_log

    def get_delivery(self, organization: str, delivery_id: str, *, reader: str | None = None) -> DeliveryRow:
        """The delivery with all its attempts. ``reader``: the key that reads; None may read all.

        Raises NotFoundError, also for another organisation's and for one of a report that the reader may not see.
        """
        with self._database.reading() as connection:
            return _load(connection, delivery_id, organization, reader=reader)

    def list_deliveries(
        self,
        organization: str | None,
        *,
        status: DeliveryStatus | None = None,
        channel: str | None = None,
        report_id: str | None = None,
        schedule_id: str | None = None,
        target: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        reader: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> tuple[tuple[DeliveryRow, ...], int]:
        """A page without attempts, newest first, and the number of all.

        ``created_after`` is inclusive, ``created_before`` exclusive.
        ``reader``: the key that reads; deliveries of reports that it may not see are neither listed nor counted.
        """
        wanted = {
            deliveries.c.organization: organization,
            deliveries.c.status: status.value if status is not None else None,
            deliveries.c.channel: channel,
            deliveries.c.report_id: report_id,
            deliveries.c.schedule_id: schedule_id,
            deliveries.c.target: target,
        }
        where = [column == value for column, value in wanted.items() if value is not None]
        where += [deliveries.c.created_at >= created_after] if created_after is not None else []
        where += [deliveries.c.created_at < created_before] if created_before is not None else []
        if organization is not None and reader is not None:
            where.append(deliveries.c.report_id.not_in(hidden_reports(organization, reader)))
        query = select(*DELIVERY_COLUMNS).where(*where).order_by(deliveries.c.created_at.desc(), deliveries.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).mappings().all()
            total = connection.execute(select(func.count()).select_from(deliveries).where(*where)).scalar_one()
        return tuple(_delivery(row) for row in rows), int(total)

    def release_deliveries(self, *, now: datetime) -> int:
        """Release deliveries of completed reports, and end those of ended and deleted ones; how many changed."""
        waiting = and_(IS_OPEN, deliveries.c.status == DeliveryStatus.WAITING.value)
        with self._database.writing() as connection:
            moved = end_without_report(connection, now=now)
            released = {"status": DeliveryStatus.PENDING.value, "next_attempt_at": now}
            return (
                moved + connection.execute(update(deliveries).where(waiting, IS_COMPLETED).values(**released)).rowcount
            )

    def has_due_deliveries(
        self,
        *,
        now: datetime,
        limits: SendLimits = SendLimits(),  # noqa: B008 - it is frozen
    ) -> bool:
        """Whether ``claim_delivery``, ``release_deliveries`` or ``list_lost_deliveries`` would find something."""
        waits = and_(deliveries.c.status == DeliveryStatus.WAITING.value, IS_COMPLETED)
        with self._database.reading() as connection:
            is_claimable = and_(_is_due(now), *within_limits(connection, limits, now=now))
            query = select(deliveries.c.id).where(IS_OPEN, or_(is_claimable, _is_lost(now), waits)).limit(1)
            return connection.execute(query).first() is not None or has_to_end(connection)

    def claim_delivery(
        self,
        *,
        now: datetime,
        lease: timedelta,
        except_endpoints: Collection[Endpoint] = (),
        limits: SendLimits = SendLimits(),  # noqa: B008 - it is frozen
    ) -> DeliveryRow | None:
        """Claim the due delivery that waited longest, and write its attempt before sending.

        None: none is due whose organisation and endpoint are below their limits.
        """
        except_these = [not_(is_at(endpoint)) for endpoint in except_endpoints]
        query = select(deliveries.c.id).where(_is_due(now), *except_these)
        query = query.order_by(deliveries.c.next_attempt_at, deliveries.c.id).limit(1)
        with self._database.writing() as connection:
            query = query.where(*within_limits(connection, limits, now=now))
            found = connection.execute(query.with_for_update(skip_locked=True)).scalar_one_or_none()
            if found is None:
                return None
            row = _load(connection, found)
            values = {"status": DeliveryStatus.SENDING.value, "lease_until": now + lease}
            counts = {"attempt_count": row.attempt_count + 1, "number": row.number + 1}
            connection.execute(update(deliveries).where(deliveries.c.id == found).values(**values, **counts))
            attempt = {"delivery_id": found, "number": row.number + 1, "connection": row.connection}
            connection.execute(insert(delivery_attempts).values(**attempt, started_at=now, answer=""))
            return _load(connection, found)

    def extend_leases(self, held: Mapping[str, int], *, until: datetime) -> None:
        """Extend the leases of running attempts: delivery id to the attempt's number."""
        with self._database.writing() as connection:
            for delivery_id, number in held.items():
                mine = (
                    deliveries.c.id == delivery_id,
                    deliveries.c.status == DeliveryStatus.SENDING.value,
                    deliveries.c.number == number,
                )
                connection.execute(update(deliveries).where(*mine).values(lease_until=until))

    def list_lost_deliveries(self, *, now: datetime) -> tuple[DeliveryRow, ...]:
        """Deliveries whose sender died: claimed, not settled, and the lease has expired."""
        with self._database.reading() as connection:
            rows = connection.execute(select(*DELIVERY_COLUMNS).where(_is_lost(now))).mappings().all()
        return tuple(_delivery(row) for row in rows)

    def settle_delivery(self, claimed: DeliveryRow, settled: Settled, *, now: datetime) -> None:
        """Write how the attempt ended. Raises ConflictError when another sender has claimed the delivery."""
        is_end = settled.status is not DeliveryStatus.PENDING and not settled.is_waiting_for_scan
        values: dict[str, Any] = {
            "status": settled.status.value,
            "lease_until": None,
            "reason": "" if settled.status is DeliveryStatus.SENT else settled.answer,
            "ended_at": now if is_end else None,
            "next_attempt_at": settled.next_attempt_at or now,
        }
        if settled.receipt is not None:
            values["receipt"] = dict(settled.receipt)
        mine = (
            deliveries.c.id == claimed.id,
            deliveries.c.status == DeliveryStatus.SENDING.value,
            deliveries.c.number == claimed.number,
        )
        with self._database.writing() as connection:
            if connection.execute(update(deliveries).where(*mine).values(**values)).rowcount != 1:
                raise ConflictError(f"delivery {claimed.id} is no longer held by attempt {claimed.number}")
            _end_attempt(connection, claimed, settled, now)
            if not is_end and is_schedule_gone(connection, claimed):
                mine_again = deliveries.c.id == claimed.id
                cancel_deliveries(connection, mine_again, reason=SCHEDULE_DELETED, now=now)
            if settled.status in _ALERTED:
                note_failed_delivery(connection, claimed, now=now)
                note_delivery_event(connection, claimed, settled, now=now)
            self._audit_log.append(connection, _attempted(claimed, settled, now))

    def add_deliveries(
        self, organization: str, report_id: str, new: Collection[NewDelivery], *, reader: str | None, now: datetime
    ) -> tuple[DeliveryRow, ...]:
        """Deliver a report to further destinations; the deliveries as they are then, also those it had already.

        Raises NotFoundError when the reader may not see the report, ConflictError when it has no files.
        """
        with self._database.writing() as connection:
            report = load_report(connection, report_id, organization=organization, reader=reader)
            if report.status not in {ReportStatus.PENDING, ReportStatus.RUNNING, ReportStatus.COMPLETED}:
                raise ConflictError(f"report {report_id} is {report.status.value}; there is nothing to deliver")
            insert_deliveries(
                connection, organization=organization, report_id=report_id, schedule_id=None, new=new, now=now
            )
            keys = [delivery.key for delivery in new]
            mine = (deliveries.c.report_id == report_id, deliveries.c.destination_key.in_(keys))
            rows = connection.execute(select(*DELIVERY_COLUMNS).where(*mine).order_by(deliveries.c.id)).mappings().all()
        return tuple(_delivery(row) for row in rows)

    def cancel_delivery(
        self, organization: str | None, delivery_id: str, *, reader: str | None = None, now: datetime
    ) -> DeliveryRow:
        """Cancel it before it is sent; again changes nothing. Raises NotFoundError as ``get_delivery``, and
        ConflictError when it is being sent or has ended."""
        with self._database.writing() as connection:
            before = _load(connection, delivery_id, organization, reader=reader)
            if before.status is DeliveryStatus.CANCELLED:
                return before
            if not cancel_deliveries(connection, deliveries.c.id == delivery_id, reason=BY_PERSON, now=now):
                raise ConflictError(
                    f"delivery {delivery_id} is {before.status.value}; only one that waits to be sent is cancelled"
                )
            return _load(connection, delivery_id)

    def replay_delivery(
        self, organization: str | None, delivery_id: str, *, reader: str | None = None, now: datetime
    ) -> DeliveryRow:
        """Make it pending again on request. Raises NotFoundError as ``get_delivery``, and ConflictError when its
        status does not allow it."""
        with self._database.writing() as connection:
            before = _load(connection, delivery_id, organization, reader=reader)
            if before.status not in REPLAYABLE:
                raise ConflictError(
                    f"delivery {delivery_id} is {before.status.value}; failed, uncertain, withheld and cancelled ones"
                    " are replayed"
                )
            same = (deliveries.c.id == delivery_id, deliveries.c.status == before.status.value)
            values = {"attempt_count": 0, "ended_at": None, "reason": "replayed", "condition": None}
            again = {"next_attempt_at": now, "alert_id": None}
            written = connection.execute(
                update(deliveries).where(*same).values(status=DeliveryStatus.PENDING.value, **values, **again)
            )
            if written.rowcount != 1:
                raise ConflictError(f"delivery {delivery_id} was changed by someone else meanwhile")
            return _load(connection, delivery_id)

    def find_delivered_before(self, row: DeliveryRow) -> str | None:
        """The schedule's newest report of an earlier tick and the same part that was sent to the same destination.

        By id. None: there is none, or no schedule requested the report of ``row``.
        """
        mine = schedule_ticks.c.report_id == row.report_id
        tick = select(schedule_ticks.c.tick).where(mine).scalar_subquery()
        part = select(schedule_ticks.c.part).where(mine).scalar_subquery()
        key = select(deliveries.c.destination_key).where(deliveries.c.id == row.id).scalar_subquery()
        sent = deliveries.alias("sent")
        query = select(sent.c.report_id).join(schedule_ticks, schedule_ticks.c.report_id == sent.c.report_id)
        query = query.where(schedule_ticks.c.schedule_id == row.schedule_id, schedule_ticks.c.tick < tick)
        query = query.where(schedule_ticks.c.part == part)
        query = query.where(sent.c.destination_key == key, sent.c.status == DeliveryStatus.SENT.value)
        with self._database.reading() as connection:
            return connection.execute(query.order_by(schedule_ticks.c.tick.desc()).limit(1)).scalar_one_or_none()

    def recent_outcomes(
        self, endpoints: Sequence[Endpoint], *, limit: int = 5
    ) -> dict[Endpoint, tuple[tuple[datetime, str], ...]]:
        """Time and outcome of each endpoint's newest ended attempts, newest first; one query for 100 endpoints."""
        found: dict[Endpoint, list[tuple[datetime, str]]] = {endpoint: [] for endpoint in endpoints}
        with self._database.reading() as connection:
            for first in range(0, len(endpoints), _MOST_PARTS):
                part = endpoints[first : first + _MOST_PARTS]
                queries = [_newest_attempts(number, endpoint, limit) for number, endpoint in enumerate(part)]
                for row in connection.execute(union_all(*queries)):
                    found[part[row.number]].append((row.ended_at, row.outcome))
        return {endpoint: tuple(sorted(ended, reverse=True)) for endpoint, ended in found.items()}

    def due_endpoints(self, *, now: datetime, channels_per_target: Collection[str]) -> tuple[Endpoint, ...]:
        """Endpoints of due deliveries. Each target of ``channels_per_target`` is an endpoint of its own."""
        has_target = deliveries.c.channel.in_(channels_per_target)
        target = case((has_target, deliveries.c.target), else_="").label("target")
        query = select(deliveries.c.channel, deliveries.c.connection, target).where(_is_due(now)).distinct()
        with self._database.reading() as connection:
            rows = connection.execute(query)
            return tuple(Endpoint(channel=row.channel, connection=row.connection, target=row.target) for row in rows)

    def list_alerted_deliveries(self, alert_id: str) -> tuple[DeliveryRow, ...]:
        """The deliveries that an alert is about, without attempts; those replayed meanwhile are left out."""
        query = select(*DELIVERY_COLUMNS).where(deliveries.c.alert_id == alert_id)
        query = query.order_by(deliveries.c.ended_at, deliveries.c.id)
        with self._database.reading() as connection:
            return tuple(_delivery(row) for row in connection.execute(query).mappings())


def _newest_attempts(number: int, endpoint: Endpoint, limit: int) -> Select[Any]:
    """A part of a union, which SQLite takes with a limit only as a subquery."""
    query = select(literal(number).label("number"), delivery_attempts.c.ended_at, delivery_attempts.c.outcome).where(
        delivery_attempts.c.connection == endpoint.connection, delivery_attempts.c.ended_at.is_not(None)
    )
    if endpoint.target:
        query = query.join(deliveries, deliveries.c.id == delivery_attempts.c.delivery_id)
        query = query.where(deliveries.c.target == endpoint.target)
    return query.order_by(delivery_attempts.c.ended_at.desc()).limit(limit).subquery().select()


def _attempted(claimed: DeliveryRow, settled: Settled, now: datetime) -> AuditEvent:
    digest = settled.receipt.get("payload_sha256") if settled.receipt is not None else None
    return AuditEvent(
        organization=claimed.organization,
        at=now,
        action="report_delivered" if settled.outcome == "sent" else "delivery_attempted",
        actor=f"schedule:{claimed.schedule_id}" if claimed.schedule_id else "delivery",
        subject=claimed.report_id,
        outcome=AuditOutcome.DONE if settled.outcome in {"sent", "withheld"} else AuditOutcome.FAILED,
        details={
            "delivery": claimed.id,
            "channel": claimed.channel,
            "target": claimed.target,
            "attempt": claimed.number,
            "ended": settled.outcome,
            "payload_sha256": digest,
        },
    )


def _is_due(now: datetime) -> Any:  # noqa: ANN401 - SQLAlchemy's expression
    return and_(
        IS_OPEN,
        deliveries.c.status == DeliveryStatus.PENDING.value,
        deliveries.c.next_attempt_at <= now,
        IS_COMPLETED,
    )


def _is_lost(now: datetime) -> Any:  # noqa: ANN401 - SQLAlchemy's expression
    return and_(IS_OPEN, deliveries.c.status == DeliveryStatus.SENDING.value, deliveries.c.lease_until < now)


def _end_attempt(connection: Connection, claimed: DeliveryRow, settled: Settled, now: datetime) -> None:
    mine = (delivery_attempts.c.delivery_id == claimed.id, delivery_attempts.c.number == claimed.number)
    digest = settled.receipt.get("payload_sha256") if settled.receipt is not None else None
    values = {"ended_at": now, "outcome": settled.outcome, "answer": settled.answer, "payload_sha256": digest}
    connection.execute(update(delivery_attempts).where(*mine).values(**values))


def _load(
    connection: Connection, delivery_id: str, organization: str | None = None, *, reader: str | None = None
) -> DeliveryRow:
    query = select(*DELIVERY_COLUMNS).where(deliveries.c.id == delivery_id)
    if organization is not None:
        query = query.where(deliveries.c.organization == organization)
    row = connection.execute(query).mappings().first()
    if row is None or hidden_among(connection, (row["report_id"],), reader):
        raise NotFoundError(f"no delivery {delivery_id}")
    tries = select(delivery_attempts).where(delivery_attempts.c.delivery_id == delivery_id)
    attempts = connection.execute(tries.order_by(delivery_attempts.c.number)).mappings().all()
    return _delivery(row, tuple(_attempt(attempt) for attempt in attempts))


def _delivery(row: RowMapping, attempts: tuple[AttemptRow, ...] = ()) -> DeliveryRow:
    return DeliveryRow(**dict(row) | {"status": DeliveryStatus(row["status"])}, attempts=attempts)


def _attempt(row: RowMapping) -> AttemptRow:
    return AttemptRow(**{name: value for name, value in row.items() if name not in {"delivery_id", "connection"}})
