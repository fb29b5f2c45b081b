"""Notices that an attestation ends soon or has ended: each once, with an audit event and an alert to the owners."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, ForeignKey, Select, String, Table, and_, exists, not_, or_, select

from policycortex.audit.chain import AuditEvent
from policycortex.storage.registry.alert_tables import note_expiry
from policycortex.storage.registry.approvals import ends_soon, has_begun
from policycortex.storage.registry.attestations import attestations
from policycortex.storage.registry.audit_log import AuditLogRepository
from policycortex.storage.registry.base import Database, UtcDateTime, insert_for, metadata

ACTOR = "clock"
"""Of the audit event: no person did it."""


class NoticeKind(StrEnum):
    """What a notice states of an attestation."""

    EXPIRING = "expiring"
    EXPIRED = "expired"


attestation_notices = Table(
    "attestation_notices",
    metadata,
    Column("attestation_id", String(32), ForeignKey("attestations.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("noted_at", UtcDateTime, nullable=False),
)


class AttestationNoticeRepository:
    """Finds attestations whose end must be reported, and notes that it was."""

    def __init__(self, database: Database, audit_log: AuditLogRepository) -> None:
        self._database, self._audit_log = database, audit_log

    def is_any_due(self, *, before: timedelta, now: datetime) -> bool:
        """Whether ``note_due`` would find one."""
        with self._database.reading() as connection:
            return connection.execute(_due(before, now).limit(1)).first() is not None

    def note_due(self, *, before: timedelta, now: datetime) -> tuple[tuple[str, NoticeKind], ...]:
        """Note attestations in force that end within ``before``, and those that have ended. Returns the new ones.

        Each with its audit event and alert in one transaction; a second call at the same time notes nothing twice. One
        that was revoked, or never approved, has no notice. An ended one that was not noted before has one notice.
        """
        noted: list[tuple[str, NoticeKind]] = []
        with self._database.reading() as connection:
            due = connection.execute(_due(before, now)).mappings().all()
        for row in due:
            kind = NoticeKind.EXPIRED if row["valid_until"] <= now else NoticeKind.EXPIRING
            with self._database.writing() as connection:
                values = {"attestation_id": row["id"], "kind": kind.value, "noted_at": now}
                added = insert_for(connection.dialect.name, attestation_notices).values(values)
                if not connection.execute(added.on_conflict_do_nothing()).rowcount:
                    continue
                reason = _reason(row, kind)
                note_expiry(
                    connection, row["organization"], attestation_id=row["id"], kind=kind, reason=reason, now=now
                )
                self._audit_log.append(connection, _event(row, kind, now))
            noted.append((row["id"], kind))
        return tuple(noted)


def _due(before: timedelta, now: datetime) -> Select[Any]:
    own = attestations.c
    ended = and_(has_begun(attestations, now), own.valid_until <= now, _is_new(NoticeKind.EXPIRED))
    expiring = and_(ends_soon(attestations, before=before, now=now), _is_new(NoticeKind.EXPIRING))
    columns = (own.id, own.organization, own.framework, own.requirements, own.statement, own.valid_until)
    return select(*columns).where(or_(ended, expiring)).order_by(own.valid_until, own.id)


def _is_new(kind: NoticeKind) -> ColumnElement[bool]:
    notices = attestation_notices.c
    return not_(exists().where(notices.attestation_id == attestations.c.id, notices.kind == kind.value))


def _reason(row: Any, kind: NoticeKind) -> str:  # noqa: ANN401 - a row of the query
    names = row["requirements"]
    named = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    verb = "ended" if kind is NoticeKind.EXPIRED else "ends"
    about = f"{row['statement'].replace('_', ' ')} for {named} of {row['framework']}"
    return f"attestation {row['id']} ({about}) {verb} at {row['valid_until']:%Y-%m-%d %H:%M} UTC"


def _event(row: Any, kind: NoticeKind, now: datetime) -> AuditEvent:  # noqa: ANN401 - a row of the query
    return AuditEvent(
        organization=row["organization"],
        at=now,
        action=f"attestation_{kind.value}",
        actor=ACTOR,
        subject=row["id"],
        details={"framework": row["framework"], "until": row["valid_until"].isoformat()},
    )
