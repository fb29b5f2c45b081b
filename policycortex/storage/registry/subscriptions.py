"""Subscriptions to events, and their queue: an event is claimed with a lease before it is sent, and settled after."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from policycortex.errors import ConflictError, NotFoundError
from policycortex.names import EventKind, EventStatus
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.event_rows import EventRow, NewSubscription, SubscriptionRow
from policycortex.storage.registry.event_tables import IS_EVENT_OPEN, events, note_event, subscriptions
from policycortex.storage.registry.report_changes import ensure_organization
from policycortex.storage.registry.work_queue import WorkQueue

_SUBSCRIPTION: Final = [c for c in subscriptions.c if c.name != "deleted_at"]
_EVENT: Final = [c for c in events.c if c.name != "lease_until"]
_MOST: Final = 100
_QUEUE: Final = WorkQueue(
    table=events, is_open=IS_EVENT_OPEN, group=events.c.subscription_id, order=(events.c.occurred_at,)
)


class SubscriptionRepository:
    """Keeps subscriptions; claims and settles their events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_subscription(
        self, organization: str, new: NewSubscription, *, by: str, now: datetime
    ) -> SubscriptionRow:
        """Subscribe from now on. Raises ConflictError when the organisation has a hundred already."""
        values = {
            "id": f"sub_{secrets.token_hex(8)}",
            "organization": organization,
            "name": new.name,
            "connection": new.connection,
            "url": new.url,
            "kinds": [kind.value for kind in new.kinds],
            "created_at": now,
            "created_by": by,
        }
        with self._database.writing() as connection:
            ensure_organization(connection, organization, now)
            if _count(connection, organization) >= _MOST:
                raise ConflictError(f"the organisation has {_MOST} subscriptions; delete one first")
            connection.execute(insert(subscriptions).values(**values))
            return _load(connection, organization, str(values["id"]))

    def list_subscriptions(self, organization: str, *, limit: int, offset: int) -> tuple[SubscriptionRow, ...]:
        """A page, newest first."""
        query = select(*_SUBSCRIPTION).where(*_mine(organization))
        query = query.order_by(subscriptions.c.created_at.desc(), subscriptions.c.id).limit(limit).offset(offset)
        with self._database.reading() as connection:
            return tuple(_subscription(row) for row in connection.execute(query).mappings())

    def count_subscriptions(self, organization: str) -> int:
        """How many the organisation has."""
        with self._database.reading() as connection:
            return _count(connection, organization)

    def get_subscription(self, organization: str | None, subscription_id: str) -> SubscriptionRow:
        """The subscription. Raises NotFoundError, also for another organisation's and for a deleted one."""
        with self._database.reading() as connection:
            return _load(connection, organization, subscription_id)

    def delete_subscription(self, organization: str, subscription_id: str, *, now: datetime) -> None:
        """Delete it; its events that wait are not sent. Raises NotFoundError."""
        with self._database.writing() as connection:
            _load(connection, organization, subscription_id)
            one = subscriptions.c.id == subscription_id
            connection.execute(update(subscriptions).where(one).values(deleted_at=now))
            waiting = (events.c.subscription_id == subscription_id, events.c.status == EventStatus.PENDING.value)
            connection.execute(delete(events).where(*waiting))

    def list_events(
        self, organization: str, subscription_id: str, *, limit: int, offset: int
    ) -> tuple[tuple[EventRow, ...], int]:
        """A page of its events, newest first, and the number of all. Raises NotFoundError."""
        mine = events.c.subscription_id == subscription_id
        query = select(*_EVENT).where(mine).order_by(events.c.occurred_at.desc(), events.c.id)
        with self._database.reading() as connection:
            _load(connection, organization, subscription_id)
            rows = connection.execute(query.limit(limit).offset(offset)).mappings().all()
            total = connection.execute(select(func.count()).select_from(events).where(mine)).scalar_one()
        return tuple(_event(row) for row in rows), int(total)

    def replay_event(self, organization: str, subscription_id: str, event_id: str, *, now: datetime) -> EventRow:
        """Send a failed or sent event again, under its id. Raises NotFoundError, ConflictError for one that waits."""
        mine = (events.c.subscription_id == subscription_id, events.c.event_id == event_id)
        with self._database.writing() as connection:
            _load(connection, organization, subscription_id)
            row = connection.execute(select(*_EVENT).where(*mine)).mappings().first()
            if row is None:
                raise NotFoundError(f"no event {event_id}")
            if row["status"] in {EventStatus.PENDING.value, EventStatus.SENDING.value}:
                raise ConflictError(f"event {event_id} is {row['status']}; it is sent without being replayed")
            again = {"status": EventStatus.PENDING.value, "attempt_count": 0, "next_attempt_at": now, "ended_at": None}
            connection.execute(update(events).where(*mine).values(**again))
            return _event(connection.execute(select(*_EVENT).where(*mine)).mappings().one())

    def has_due_events(self, *, now: datetime) -> bool:
        """Whether ``claim_event`` would find one."""
        with self._database.reading() as connection:
            return _QUEUE.has_due(connection, now=now)

    def claim_event(
        self, *, now: datetime, lease: timedelta, except_subscriptions: Collection[str] = ()
    ) -> EventRow | None:
        """Claim the event that waited longest and count the attempt; None: none is due.

        An event whose sender died is claimed again when its lease has expired. Its id stays the same.
        """
        with self._database.writing() as connection:
            found = _QUEUE.claim(connection, now=now, lease=lease, except_groups=except_subscriptions)
            if found is None:
                return None
            return _event(connection.execute(select(*_EVENT).where(events.c.id == found)).mappings().one())

    def settle_event(
        self, row: EventRow, status: EventStatus, answer: str, *, now: datetime, next_attempt_at: datetime | None = None
    ) -> None:
        """Write how the attempt ended. Nothing is written when another sender has claimed the event meanwhile."""
        values = {
            "status": status.value,
            "answer": answer,
            "ended_at": None if status is EventStatus.PENDING else now,
            "next_attempt_at": next_attempt_at or row.next_attempt_at,
        }
        with self._database.writing() as connection:
            _QUEUE.settle(connection, row.id, row.attempt_count, **values)

    def note_events(
        self, organization: str, kind: EventKind, found: dict[str, dict[str, Any]], *, now: datetime
    ) -> int:
        """Add events that no other change of the registry adds: data by key. Returns how many are new."""
        with self._database.writing() as connection:
            return sum(note_event(connection, organization, kind, key, data, now=now) for key, data in found.items())

    def list_wanted(self, kind: EventKind) -> tuple[str, ...]:
        """Organisations with a subscription to the kind, sorted."""
        query = select(subscriptions.c.organization, subscriptions.c.kinds).where(subscriptions.c.deleted_at.is_(None))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(sorted({organization for organization, kinds in rows if kind.value in kinds}))

    def remove_ended_events(self, *, before: datetime) -> int:
        """Delete events that ended before that time; how many."""
        with self._database.writing() as connection:
            return connection.execute(delete(events).where(events.c.ended_at < before)).rowcount


def _mine(organization: str | None) -> tuple[Any, ...]:
    live = subscriptions.c.deleted_at.is_(None)
    return (live,) if organization is None else (live, subscriptions.c.organization == organization)


def _count(connection: Connection, organization: str) -> int:
    query = select(func.count()).select_from(subscriptions).where(*_mine(organization))
    return int(connection.execute(query).scalar_one())


def _load(connection: Connection, organization: str | None, subscription_id: str) -> SubscriptionRow:
    query = select(*_SUBSCRIPTION).where(*_mine(organization), subscriptions.c.id == subscription_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFoundError(f"no subscription {subscription_id}")
    return _subscription(row)


def _subscription(row: RowMapping) -> SubscriptionRow:
    return SubscriptionRow(**{**row, "kinds": tuple(EventKind(kind) for kind in row["kinds"])})


def _event(row: RowMapping) -> EventRow:
    return EventRow(**{**row, "kind": EventKind(row["kind"]), "status": EventStatus(row["status"])})
