"""A table whose entries are sent in the background: claimed with a lease before they are sent, settled after.

The table has the columns ``id``, ``status``, ``attempt_count``, ``next_attempt_at`` and ``lease_until``. Deliveries
have a queue of their own, with a record of each attempt and with limits.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, or_, select, update

PENDING: Final = "pending"
SENDING: Final = "sending"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkQueue:
    """The queue in one table."""

    table: Table
    is_open: ColumnElement[bool]
    """Pending or sending, in the words of the table's index."""
    group: Column[Any]
    """Entries with the same value are sent one after the other."""
    order: Sequence[Column[Any]] = ()
    """Of entries with the same time of the next attempt, before the id."""

    def is_due(self, now: datetime, ready: Sequence[ColumnElement[bool]] = ()) -> ColumnElement[bool]:
        """Entries whose time has come and that are ``ready``, and those whose sender died: their lease has expired."""
        columns = self.table.c
        waits = and_(columns.status == PENDING, columns.next_attempt_at <= now, *ready)
        return and_(self.is_open, or_(waits, and_(columns.status == SENDING, columns.lease_until < now)))

    def has_due(self, connection: Connection, *, now: datetime, ready: Sequence[ColumnElement[bool]] = ()) -> bool:
        """Whether ``claim`` would find one."""
        query = select(self.table.c.id).where(self.is_due(now, ready)).limit(1)
        return connection.execute(query).first() is not None

    def claim(
        self,
        connection: Connection,
        *,
        now: datetime,
        lease: timedelta,
        except_groups: Collection[str],
        ready: Sequence[ColumnElement[bool]] = (),
    ) -> str | None:
        """Claim the entry that waited longest and count the attempt; its id. None: none is due."""
        columns = self.table.c
        query = select(columns.id).where(self.is_due(now, ready), self.group.not_in(except_groups))
        query = query.order_by(columns.next_attempt_at, *self.order, columns.id).limit(1)
        found: str | None = connection.execute(query.with_for_update(skip_locked=True)).scalar_one_or_none()
        if found is not None:
            values = {"status": SENDING, "lease_until": now + lease, "attempt_count": columns.attempt_count + 1}
            connection.execute(update(self.table).where(columns.id == found).values(**values))
        return found

    def settle(self, connection: Connection, entry_id: str, attempt: int, **values: Any) -> bool:  # noqa: ANN401
        """Write how that attempt ended. False: another sender has claimed the entry, and nothing is written."""
        columns = self.table.c
        mine = (columns.id == entry_id, columns.status == SENDING, columns.attempt_count == attempt)
        return bool(connection.execute(update(self.table).where(*mine).values(lease_until=None, **values)).rowcount)
