"""Answers already given, by the client's own key: the same request within 24 hours gets the same answer, once made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, Connection, String, Table, delete, select, update

from policycortex.errors import ConflictError
from policycortex.storage.registry.base import Database, JsonColumn, UtcDateTime, insert_for, metadata

KEPT_FOR: Final = timedelta(hours=24)
_ABANDONED_AFTER: Final = timedelta(minutes=1)  # a request lives seconds; its process died if it said nothing by then

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
    """The client's key together with what it was sent with."""

    organization: str
    key: str
    fingerprint: str
    """SHA-256 of the request; another one under the same key is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What the key stands for."""

    report_id: str
    """The report to make. After a crash the same id is claimed again, so that nothing is made twice."""
    answer: Mapping[str, Any] | None
    """The answer given before; None: go on and settle."""


class IdempotencyRepository:
    """Claim before the work, settle after it, release when it failed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim_key(self, claim: Claim, *, report_id: str, now: datetime) -> Claimed:
        """Take the key for a new report, or find what it stands for. Raises ConflictError: other body, or at work."""
        with self._database.writing() as connection:
            return _claim(connection, claim, report_id, now)

    def settle_key(self, claim: Claim, answer: Mapping[str, Any]) -> None:
        """Keep the answer for whoever asks again."""
        with self._database.writing() as connection:
            connection.execute(update(idempotency_keys).where(*_same(claim)).values(answer=dict(answer)))

    def release_key(self, claim: Claim) -> None:
        """The work failed: the key is free again."""
        with self._database.writing() as connection:
            connection.execute(delete(idempotency_keys).where(*_same(claim), idempotency_keys.c.answer.is_(None)))


def _claim(connection: Connection, claim: Claim, report_id: str, now: datetime) -> Claimed:
    connection.execute(delete(idempotency_keys).where(idempotency_keys.c.created_at <= now - KEPT_FOR))
    row = connection.execute(select(idempotency_keys).where(*_same(claim))).mappings().first()
    if row is None:
        _insert(connection, claim, report_id, now)
        return Claimed(report_id=report_id, answer=None)
    if row["fingerprint"] != claim.fingerprint:
        raise ConflictError("This Idempotency-Key came with another request before; use a fresh key")
    if row["answer"] is None and now - row["created_at"] < _ABANDONED_AFTER:
        raise ConflictError("The first request with this Idempotency-Key is still at work; ask again shortly")
    if row["answer"] is None:
        connection.execute(update(idempotency_keys).where(*_same(claim)).values(created_at=now))
    return Claimed(report_id=row["report_id"], answer=row["answer"])


def _insert(connection: Connection, claim: Claim, report_id: str, now: datetime) -> None:
    values = {"organization": claim.organization, "key": claim.key, "fingerprint": claim.fingerprint}
    row = insert_for(connection.dialect.name, idempotency_keys).values(**values, report_id=report_id, created_at=now)
    if connection.execute(row.on_conflict_do_nothing()).rowcount != 1:
        raise ConflictError("The first request with this Idempotency-Key is still at work; ask again shortly")


def _same(claim: Claim) -> tuple[Any, ...]:
    return (idempotency_keys.c.organization == claim.organization, idempotency_keys.c.key == claim.key)
