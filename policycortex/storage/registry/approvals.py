"""What tables of approved records share: one person requests, another approves, anyone revokes.

Values are added and never overwritten. A key and the keys that it was rotated to are one person.
"""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Generic, NoReturn, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    RowMapping,
    String,
    Table,
    Text,
    and_,
    func,
    insert,
    select,
    update,
)

from policycortex.errors import ConflictError, NotFoundError
from policycortex.period import Period
from policycortex.scoring.approvals import ApprovalRecord
from policycortex.storage.registry.base import Database, UtcDateTime, metadata
from policycortex.storage.registry.key_tables import same_lineage
from policycortex.storage.registry.report_changes import ensure_organization

ROLE_LENGTH: Final = 200
"""Characters of a role."""

RecordT = TypeVar("RecordT", bound=ApprovalRecord)


def approval_table(name: str, *scope: Column[Any]) -> Table:
    """The table of one kind of record; ``scope`` are the columns of what it is about."""
    return Table(
        name,
        metadata,
        Column("id", String(32), primary_key=True),
        Column("organization", String(64), ForeignKey("organizations.id"), nullable=False),
        *scope,
        Column("reason", Text, nullable=False),
        Column("valid_from", UtcDateTime, nullable=False),
        Column("valid_until", UtcDateTime, nullable=False),
        Column("requested_by", String(64), nullable=False),
        Column("requested_at", UtcDateTime, nullable=False),
        Column("approved_by", String(64)),
        Column("approved_at", UtcDateTime),
        Column("revoked_by", String(64)),
        Column("revoked_at", UtcDateTime),
        Column("requester_role", String(ROLE_LENGTH)),
        Column("approver_role", String(ROLE_LENGTH)),
        Index(f"ix_{name}_requested", "organization", "requested_at", "id"),
    )


class ApprovalRepository(ABC, Generic[RecordT]):
    """Approves, revokes and lists the records of one table. Subclasses add the request."""

    noun: str
    """As in messages: ``waiver``."""
    prefix: str
    """Of ids: ``wvr``."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        self._table = table

    @abstractmethod
    def _read(self, values: dict[str, Any]) -> RecordT:
        """The record of a row's values by column."""

    def approve_record(
        self,
        organization: str,
        record_id: str,
        *,
        by: str,
        now: datetime,
        role: str | None = None,
        seen: Collection[str] | None = None,
    ) -> RecordT:
        """Approve it. Raises NotFoundError; ConflictError: own request, approved already, revoked, or other evidence.

        A request of any key with the same lineage is the caller's own. ``role`` is the one that the approver acts in,
        ``seen`` the SHA-256 of the evidence files that the approver has seen; None: not given.
        """
        own = self._table.c
        fresh = (own.approved_at.is_(None), own.revoked_at.is_(None))
        others = (own.requested_by != by, own.requested_by.not_in(same_lineage(by)))
        with self._database.writing() as connection:
            mine = (own.id == record_id, own.organization == organization)
            done = connection.execute(
                update(self._table)
                .where(*mine, *fresh, *others)
                .values(approved_by=by, approved_at=now, approver_role=role)
            )
            if done.rowcount and seen is not None:
                self._check_seen(connection, record_id, seen)
        record = self.get_record(organization, record_id)
        if not done.rowcount:
            self._refuse_approval(record, by)
        return record

    def _check_seen(self, _connection: Connection, record_id: str, _seen: Collection[str]) -> None:
        """Raise ConflictError where the record, whose row is locked, has other evidence than what was seen."""
        raise ConflictError(f"{self.noun} {record_id} has no evidence")

    def revoke_record(self, organization: str, record_id: str, *, by: str, now: datetime) -> RecordT:
        """Revoke it; periods that ended before keep it. A second revocation changes nothing."""
        own = self._table.c
        with self._database.writing() as connection:
            live = (own.id == record_id, own.organization == organization, own.revoked_at.is_(None))
            connection.execute(update(self._table).where(*live).values(revoked_by=by, revoked_at=now))
        return self.get_record(organization, record_id)

    def get_record(self, organization: str, record_id: str) -> RecordT:
        """The organisation's record of this id, ended or not. Raises NotFoundError."""
        own = self._table.c
        query = select(self._table).where(own.id == record_id, own.organization == organization)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
            if row is None:
                raise NotFoundError(f"no {self.noun} {record_id}; 'policycortex {self.noun}s list' shows all")
            return self._read_all(connection, [row])[0]

    def list_records(
        self, organization: str, *, limit: int | None = None, offset: int = 0, newest_first: bool = False
    ) -> tuple[RecordT, ...]:
        """Records of the organisation, ended ones too, in the order of their requests."""
        keys = (self._table.c.requested_at, self._table.c.id)
        order = [key.desc() for key in keys] if newest_first else keys
        query = select(self._table).where(self._table.c.organization == organization).order_by(*order)
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).mappings().all()
            return self._read_all(connection, rows)

    def count_records(self, organization: str) -> int:
        """The number of records that ``list_records`` returns without a limit."""
        query = select(func.count()).where(self._table.c.organization == organization)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def list_ending(self, *, before: timedelta, now: datetime) -> tuple[RecordT, ...]:
        """Records in force that end within ``before``, of all organisations, by their end."""
        table = self._table
        query = select(table).where(ends_soon(table, before=before, now=now)).order_by(table.c.valid_until, table.c.id)
        with self._database.reading() as connection:
            return self._read_all(connection, connection.execute(query).mappings().all())

    def list_organizations(self) -> tuple[str, ...]:
        """Organisations that have records, sorted."""
        column = self._table.c.organization
        with self._database.reading() as connection:
            return tuple(connection.execute(select(column).distinct().order_by(column)).scalars())

    def _insert(
        self,
        organization: str,
        about: Mapping[str, object],
        *,
        reason: str,
        valid: Period,
        by: str,
        now: datetime,
        role: str | None = None,
    ) -> RecordT:
        """Create a request; ``about`` holds the values of its own columns."""
        values = self._new_values(organization, about, reason=reason, valid=valid, by=by, now=now, role=role)
        with self._database.writing() as connection:
            ensure_organization(connection, organization, now)
            connection.execute(insert(self._table).values(values))
        return self._read(values)

    def _new_values(
        self,
        organization: str,
        about: Mapping[str, object],
        *,
        reason: str,
        valid: Period,
        by: str,
        now: datetime,
        role: str | None,
    ) -> dict[str, Any]:
        """The values of a new request's row, by column."""
        return {
            **about,
            "id": f"{self.prefix}_{secrets.token_hex(8)}",
            "organization": organization,
            "reason": reason,
            "valid_from": valid.start,
            "valid_until": valid.end,
            "requested_by": by,
            "requested_at": now,
            "requester_role": role,
        }

    def _read_all(self, _connection: Connection, rows: Iterable[RowMapping]) -> tuple[RecordT, ...]:
        """The records of some rows; a subclass reads what other tables have of them."""
        return tuple(self._read(dict(row)) for row in rows)

    def _refuse_approval(self, record: RecordT, by: str) -> NoReturn:
        named = f"{self.noun} {record.id}"
        if record.revoked_at is not None:
            raise ConflictError(f"{named} was revoked; request a new one")
        if record.approved_at is not None:
            raise ConflictError(f"{named} is approved already, by {record.approved_by}")
        same_key = record.requested_by == by
        requester = by if same_key else f"{record.requested_by}, the same key before or after a rotation,"
        raise ConflictError(f"{requester} requested {named}, so {by} cannot approve it; approve it with another key")


def has_begun(table: Table, now: datetime) -> ColumnElement[bool]:
    """Whether a record of ``table`` was approved, not revoked, and its time has begun."""
    own = table.c
    return and_(own.approved_at.is_not(None), own.revoked_at.is_(None), own.valid_from <= now)


def ends_soon(table: Table, *, before: timedelta, now: datetime) -> ColumnElement[bool]:
    """Whether a record of ``table`` is in force at ``now`` and ends within ``before``."""
    return and_(has_begun(table, now), table.c.valid_until > now, table.c.valid_until <= now + before)
