"""Answers already given, by the client's own key: the same request within 24 hours gets the same answer, once made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, String, Table, delete, insert, select, update

from policycortex.errors import ConflictError
from policycortex.storage.registry.base import JsonColumn, Store, UtcDateTime, metadata

KEPT_FOR: Final = timedelta(hours=24)
_ABANDONED_AFTER: Final = timedelta(minutes=1)  # a request lives seconds; its process died if it said nothing by then

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("organization", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
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


class IdempotencyVerbs(Store):
    """Claim before the work, settle after it, release when it failed."""

    def claim_key(self, claim: Claim, *, now: datetime) -> Mapping[str, Any] | None:
        """None: go on and settle. Else the answer given before. Raises ConflictError: other body, or still at work."""
        with self._writing() as connection:
            connection.execute(delete(idempotency_keys).where(idempotency_keys.c.created_at <= now - KEPT_FOR))
            row = connection.execute(select(idempotency_keys).where(*_same(claim))).mappings().first()
            if row is not None and row["fingerprint"] != claim.fingerprint:
                raise ConflictError("this Idempotency-Key came with another request before; use a fresh key")
            if row is not None and row["answer"] is not None:
                return dict(row["answer"])
            if row is not None and now - row["created_at"] < _ABANDONED_AFTER:
                raise ConflictError("the first request with this Idempotency-Key is still at work; ask again shortly")
            connection.execute(delete(idempotency_keys).where(*_same(claim)))
            values = {"organization": claim.organization, "key": claim.key, "fingerprint": claim.fingerprint}
            connection.execute(insert(idempotency_keys).values(**values, created_at=now))
        return None

    def settle_key(self, claim: Claim, answer: Mapping[str, Any]) -> None:
        """Keep the answer for whoever asks again."""
        with self._writing() as connection:
            connection.execute(update(idempotency_keys).where(*_same(claim)).values(answer=dict(answer)))

    def release_key(self, claim: Claim) -> None:
        """The work failed: the key is free again."""
        with self._writing() as connection:
            connection.execute(delete(idempotency_keys).where(*_same(claim), idempotency_keys.c.answer.is_(None)))


def _same(claim: Claim) -> tuple[Any, ...]:
    return (idempotency_keys.c.organization == claim.organization, idempotency_keys.c.key == claim.key)
