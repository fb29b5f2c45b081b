"""Stored responses by Idempotency-Key: the same request within 24 hours returns the first response."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, Connection, String, Table, delete, select, update

from policycortex.errors import ConflictError
from policycortex.storage.registry.base import Database, JsonColumn, UtcDateTime, insert_for, metadata

KEPT_FOR: Final = timedelta(hours=24)
_ABANDONED_AFTER: Final = timedelta(minutes=1)  # a request takes seconds: without a response its process died

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("organization", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("report_id", String(32), nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("answer", JsonColumn),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The client's key and the digest of its request."""

    organization: str
    key: str
    fingerprint: str
    """SHA-256 of the request; another request with the same key is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The state of a key after ``claim_key``."""

    report_id: str
    """Id of the report. After a crash the same id is claimed again, so that no second report is made."""
    answer: Mapping[str, Any] | None
    """The stored response; None: do the work, then call ``settle_key``."""


class IdempotencyRepository:
    """Claim a key before the work, settle it after, release it when the work failed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim_key(self, claim: Claim, *, report_id: str, now: datetime) -> Claimed:
        """Claim the key for a new report, or load its state. Raises ConflictError: other request, or running."""
        with self._database.writing() as connection:
            return _claim(connection, claim, report_id, now)

    def settle_key(self, claim: Claim, answer: Mapping[str, Any]) -> None:
        """Store the response."""
        with self._database.writing() as connection:
            connection.execute(update(idempotency_keys).where(*_same(claim)).values(answer=dict(answer)))

    def release_key(self, claim: Claim) -> None:
        """Delete the claim, because the work failed."""
        with self._database.writing() as connection:
            connection.execute(delete(idempotency_keys).where(*_same(claim), idempotency_keys.c.answer.is_(None)))


def _claim(connection: Connection, claim: Claim, report_id: str, now: datetime) -> Claimed:
    connection.execute(delete(idempotency_keys).where(idempotency_keys.c.created_at <= now - KEPT_FOR))
    row = connection.execute(select(idempotency_keys).where(*_same(claim))).mappings().first()
    if row is None:
        _insert(connection, claim, report_id, now)
        return Claimed(report_id=report_id, answer=None)
    if row["fingerprint"] != claim.fingerprint:
        raise ConflictError("This Idempotency-Key was used for another request; use a new key")
    if row["answer"] is None and now - row["created_at"] < _ABANDONED_AFTER:
        raise ConflictError("The first request with this Idempotency-Key is still running; try again shortly")
    if row["answer"] is None:
        connection.execute(update(idempotency_keys).where(*_same(claim)).values(created_at=now))
    return Claimed(report_id=row["report_id"], answer=row["answer"])


def _insert(connection: Connection, claim: Claim, report_id: str, now: datetime) -> None:
    values = {"organization": claim.organization, "key": claim.key, "fingerprint": claim.fingerprint}
    row = insert_for(connection.dialect.name, idempotency_keys).values(**values, report_id=report_id, created_at=now)
    if connection.execute(row.on_conflict_do_nothing()).rowcount != 1:
        raise ConflictError("The first request with this Idempotency-Key is still running; try again shortly")


def _same(claim: Claim) -> tuple[Any, ...]:
    return (idempotency_keys.c.organization == claim.organization, idempotency_keys.c.key == claim.key)
