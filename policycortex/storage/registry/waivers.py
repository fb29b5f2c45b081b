"""Waivers: one person requests, another approves, anyone revokes. Values are added and never overwritten.

A key and the keys that it was rotated to are one person.
"""

import secrets
from datetime import datetime
from typing import Final, NoReturn

from sqlalchemy import Column, ForeignKey, Index, RowMapping, String, Table, Text, func, insert, select, update

from policycortex.errors import ConflictError, NotFoundError
from policycortex.period import Period
from policycortex.scoring.waivers import Waiver, WaiverScope
from policycortex.storage.registry.base import Database, UtcDateTime, metadata
from policycortex.storage.registry.key_tables import same_lineage
from policycortex.storage.registry.report_changes import ensure_organization

waivers = Table(
    "waivers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False),
    Column("framework", String(100)),
    Column("requirement_id", Text),
    Column("check_id", Text),
    Column("account_id", Text),
    Column("resource_glob", Text),
    Column("reason", Text, nullable=False),
    Column("valid_from", UtcDateTime, nullable=False),
    Column("valid_until", UtcDateTime, nullable=False),
    Column("requested_by", String(64), nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("approved_by", String(64)),
    Column("approved_at", UtcDateTime),
    Column("revoked_by", String(64)),
    Column("revoked_at", UtcDateTime),
    Index("ix_waivers_requested", "organization", "requested_at", "id"),
)

_SCOPE: Final = {
    "framework": waivers.c.framework,
    "requirement": waivers.c.requirement_id,
    "check": waivers.c.check_id,
    "account": waivers.c.account_id,
    "resource": waivers.c.resource_glob,
}


class WaiverRepository:
    """Requests, approves, revokes and lists waivers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def request_waiver(
        self, organization: str, scope: WaiverScope, *, reason: str, valid: Period, by: str, now: datetime
    ) -> Waiver:
        """Create a request. It has no effect until somebody else approves it."""
        waiver = Waiver(
            id=f"wvr_{secrets.token_hex(8)}",
            organization=organization,
            scope=scope,
            reason=reason,
            valid_from=valid.start,
            valid_until=valid.end,
            requested_by=by,
            requested_at=now,
        )
        values = {column: getattr(scope, name) for name, column in _SCOPE.items()}
        own = ("id", "organization", "reason", "valid_from", "valid_until", "requested_by", "requested_at")
        with self._database.writing() as connection:
            ensure_organization(connection, organization, now)
            row = {column.name: value for column, value in values.items()} | {n: getattr(waiver, n) for n in own}
            connection.execute(insert(waivers).values(row))
        return waiver

    def approve_waiver(self, organization: str, waiver_id: str, *, by: str, now: datetime) -> Waiver:
        """Approve it. Raises NotFoundError; ConflictError: own request, approved already, or revoked.

        A request of any key with the same lineage is the caller's own.
        """
        fresh = (waivers.c.approved_at.is_(None), waivers.c.revoked_at.is_(None))
        others = (waivers.c.requested_by != by, waivers.c.requested_by.not_in(same_lineage(by)))
        with self._database.writing() as connection:
            mine = (waivers.c.id == waiver_id, waivers.c.organization == organization)
            done = connection.execute(
                update(waivers).where(*mine, *fresh, *others).values(approved_by=by, approved_at=now)
            )
        waiver = self.get_waiver(organization, waiver_id)
        if not done.rowcount:
            _refuse_approval(waiver, by)
        return waiver

    def revoke_waiver(self, organization: str, waiver_id: str, *, by: str, now: datetime) -> Waiver:
        """Revoke it; periods that ended before keep it. A second revocation changes nothing."""
        with self._database.writing() as connection:
            live = (
                waivers.c.id == waiver_id,
                waivers.c.organization == organization,
                waivers.c.revoked_at.is_(None),
            )
            connection.execute(update(waivers).where(*live).values(revoked_by=by, revoked_at=now))
        return self.get_waiver(organization, waiver_id)

    def get_waiver(self, organization: str, waiver_id: str) -> Waiver:
        """The organisation's waiver of this id, ended or not. Raises NotFoundError."""
        query = select(waivers).where(waivers.c.id == waiver_id, waivers.c.organization == organization)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError(f"no waiver {waiver_id}; 'policycortex waivers list' shows all")
        return _waiver(row)

    def list_waivers(
        self, organization: str, *, limit: int | None = None, offset: int = 0, newest_first: bool = False
    ) -> tuple[Waiver, ...]:
        """Waivers of the organisation, ended ones too, in the order of their requests."""
        keys = (waivers.c.requested_at, waivers.c.id)
        order = [key.desc() for key in keys] if newest_first else keys
        query = select(waivers).where(waivers.c.organization == organization).order_by(*order)
        with self._database.reading() as connection:
            return tuple(_waiver(row) for row in connection.execute(query.limit(limit).offset(offset)).mappings())

    def count_waivers(self, organization: str) -> int:
        """The number of waivers that ``list_waivers`` returns without a limit."""
        query = select(func.count()).where(waivers.c.organization == organization)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def list_waiver_organizations(self) -> tuple[str, ...]:
        """Organisations that have waivers, sorted."""
        query = select(waivers.c.organization).distinct().order_by(waivers.c.organization)
        with self._database.reading() as connection:
            return tuple(connection.execute(query).scalars())


def _refuse_approval(waiver: Waiver, by: str) -> NoReturn:
    if waiver.revoked_at is not None:
        raise ConflictError(f"waiver {waiver.id} was revoked; request a new one")
    if waiver.approved_at is not None:
        raise ConflictError(f"waiver {waiver.id} is approved already, by {waiver.approved_by}")
    requester = by if waiver.requested_by == by else f"{waiver.requested_by}, the same key before or after a rotation,"
    raise ConflictError(
        f"{requester} requested waiver {waiver.id}, so {by} cannot approve it; approve it with another key"
    )


def _waiver(row: RowMapping) -> Waiver:
    values = dict(row)
    scope = WaiverScope(**{name: values.pop(column.name) for name, column in _SCOPE.items()})
    return Waiver(scope=scope, **values)
