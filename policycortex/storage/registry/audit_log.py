"""The audit log: records are appended under a lock on the organisation's head, so that its chain never forks."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from policycortex.audit.chain import (
    FIELDS,
    AuditEvent,
    AuditKeySource,
    AuditRecord,
    ChainPoint,
    chain_start,
    make_record,
    seal_digest,
)
from policycortex.errors import ConflictError
from policycortex.storage.registry.base import Database, UtcDateTime, insert_for, metadata

audit_trail = Table(
    "audit_trail",
    metadata,
    Column("organization", String(64), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("moment", UtcDateTime, nullable=False),  # the same as ``at``, for searching
    Column("at", String(32), nullable=False),
    Column("action", String(64), nullable=False),
    Column("actor", String(128), nullable=False),
    Column("address", String(64)),
    Column("request_id", Text),
    Column("subject", Text),
    Column("outcome", String(16), nullable=False),
    Column("details", Text, nullable=False),  # JSON as text: the digest needs the exact bytes
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("seal", String(64), nullable=False),
    Column("entry_id", String(64), unique=True),
)
Index("ix_audit_trail_moment", audit_trail.c.organization, audit_trail.c.moment)
Index("ix_audit_trail_subject", audit_trail.c.organization, audit_trail.c.subject)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("organization", String(64), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("floor_sequence", BigInteger, nullable=False),  # records up to here were retired
    Column("floor_digest", String(64), nullable=False),
    Column("floor_seal", String(64), nullable=False),
    Column("exported_sequence", BigInteger, nullable=False),
)

_RECORD: Final = [audit_trail.c[name] for name in FIELDS]
_BATCH: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogState:
    """Start and end of an organisation's chain, and how far it was exported."""

    organization: str
    head: ChainPoint
    floor: ChainPoint
    """The record after it is the oldest one that is stored."""
    is_floor_true: bool
    """False when the floor was changed without the key."""
    exported_sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogFilter:
    """Filters of a page of records; None filters nothing."""

    action: str | None = None
    actor: str | None = None
    subject: str | None = None
    outcome: str | None = None
    after: datetime | None = None
    before: datetime | None = None


class AuditLogRepository:
    """Appends, reads and retires records."""

    def __init__(self, database: Database, key_of: AuditKeySource) -> None:
        self._database, self._key_of = database, key_of

    def append_events(self, *acts: AuditEvent) -> None:
        """Append the events in order, all or none; events whose entry id is stored already are skipped."""
        with self._database.writing() as connection:
            self.append(connection, *acts)

    def append(self, connection: Connection, *acts: AuditEvent) -> None:
        """As ``append_events``, within the caller's transaction: the change and its record, or neither."""
        fresh = _without_known(connection, acts)
        for organization in sorted({act.organization for act in fresh}):
            at, key, rows = _lock_head(connection, organization, self._key_of), self._key_of(organization), []
            for act in (act for act in fresh if act.organization == organization):
                record = make_record(act, at, key)
                rows.append(_row(record, act))
                at = ChainPoint(sequence=record.sequence, digest=record.digest)
            connection.execute(insert(audit_trail), rows)
            mine = audit_heads.c.organization == organization
            connection.execute(update(audit_heads).where(mine).values(sequence=at.sequence, digest=at.digest))

    def load_state(self, organization: str) -> AuditLogState:
        """Head and floor of the chain; the chain's start for an organisation without records."""
        with self._database.reading() as connection:
            query = select(audit_heads).where(audit_heads.c.organization == organization)
            row = connection.execute(query).mappings().first()
        if row is None:
            start = chain_start(organization)
            return AuditLogState(
                organization=organization, head=start, floor=start, is_floor_true=True, exported_sequence=0
            )
        floor = ChainPoint(sequence=row["floor_sequence"], digest=row["floor_digest"])
        return AuditLogState(
            organization=organization,
            head=ChainPoint(sequence=row["sequence"], digest=row["digest"]),
            floor=floor,
            is_floor_true=row["floor_seal"] == _seal_floor(organization, floor, self._key_of),
            exported_sequence=row["exported_sequence"],
        )

    def list_organizations(self) -> tuple[str, ...]:
        """Organisations that have records, sorted."""
        with self._database.reading() as connection:
            query = select(audit_heads.c.organization).order_by(audit_heads.c.organization)
            return tuple(connection.execute(query).scalars())

    def list_records(
        self, organization: str, wanted: AuditLogFilter | None = None, *, limit: int = 20, offset: int = 0
    ) -> tuple[tuple[AuditRecord, ...], int]:
        """A page of records, newest first, and the number of all."""
        where = _conditions(organization, wanted or AuditLogFilter())
        query = select(*_RECORD).where(*where).order_by(audit_trail.c.sequence.desc()).limit(limit).offset(offset)
        with self._database.reading() as connection:
            records = tuple(_record(row) for row in connection.execute(query).mappings())
            total = connection.execute(select(func.count()).select_from(audit_trail).where(*where)).scalar_one()
        return records, int(total)

    def read_records(self, organization: str, *, after: int = 0, up_to: int | None = None) -> Iterator[AuditRecord]:
        """Records in order, read in batches, so that a large log needs little memory."""
        at = after
        while True:
            mine = (audit_trail.c.organization == organization, audit_trail.c.sequence > at)
            query = select(*_RECORD).where(*mine).order_by(audit_trail.c.sequence).limit(_BATCH)
            with self._database.reading() as connection:
                rows = connection.execute(query).mappings().all()
            for row in rows:
                if up_to is not None and row["sequence"] > up_to:
                    return
                yield _record(row)
            if len(rows) < _BATCH:
                return
            at = rows[-1]["sequence"]

    def note_export(self, organization: str, sequence: int) -> None:
        """Store that all records up to this one were exported."""
        mine = (audit_heads.c.organization == organization, audit_heads.c.exported_sequence < sequence)
        with self._database.writing() as connection:
            connection.execute(update(audit_heads).where(*mine).values(exported_sequence=sequence))

    def retire_records(self, organization: str, *, before: datetime, is_export_needed: bool, now: datetime) -> int:
        """Remove records older than ``before``, oldest first. Returns how many.

        The chain then starts at the last removed record (the floor), and a record names what was removed.

        With ``is_export_needed`` only exported records are removed. Raises ConflictError when the log was changed.
        """
        with self._database.writing() as connection:
            head = _lock_head(connection, organization, self._key_of)
            row = connection.execute(select(audit_heads).where(audit_heads.c.organization == organization)).one()
            newer = (audit_trail.c.organization == organization, audit_trail.c.moment >= before)
            first_kept = connection.execute(select(func.min(audit_trail.c.sequence)).where(*newer)).scalar_one()
            last = min((first_kept or head.sequence + 1) - 1, head.sequence)
            if is_export_needed:
                last = min(last, row.exported_sequence)
            if last <= row.floor_sequence:
                return 0
            same = (audit_trail.c.organization == organization, audit_trail.c.sequence == last)
            digest = connection.execute(select(audit_trail.c.digest).where(*same)).scalar_one_or_none()
            if digest is None:
                raise ConflictError(
                    f"record {last} of the audit log of {organization!r} is missing; check the log first"
                )
            floor = ChainPoint(sequence=last, digest=digest)
            old = (audit_trail.c.organization == organization, audit_trail.c.sequence <= last)
            count = connection.execute(delete(audit_trail).where(*old)).rowcount
            seal = _seal_floor(organization, floor, self._key_of)
            values = {"floor_sequence": last, "floor_digest": digest, "floor_seal": seal}
            connection.execute(update(audit_heads).where(audit_heads.c.organization == organization).values(**values))
            details = {"from": row.floor_sequence + 1, "to": last, "digest": digest}
            act = AuditEvent(
                organization=organization, at=now, action="trail_retired", actor="retention", details=details
            )
            self.append(connection, act)
            return count


def _without_known(connection: Connection, acts: Sequence[AuditEvent]) -> list[AuditEvent]:
    ids = [act.entry_id for act in acts if act.entry_id is not None]
    known: set[str] = set()
    for first in range(0, len(ids), _BATCH // 2):
        part = ids[first : first + _BATCH // 2]
        query = select(audit_trail.c.entry_id).where(audit_trail.c.entry_id.in_(part))
        known |= {entry for entry in connection.execute(query).scalars() if entry is not None}
    return [act for act in acts if act.entry_id is None or act.entry_id not in known]


def _lock_head(connection: Connection, organization: str, key_of: AuditKeySource) -> ChainPoint:
    """The chain's last point, locked until the transaction ends."""
    query = select(audit_heads.c.sequence, audit_heads.c.digest).where(audit_heads.c.organization == organization)
    found = connection.execute(query.with_for_update()).first()
    if found is None:
        start = chain_start(organization)
        values = {
            "organization": organization,
            "sequence": 0,
            "digest": start.digest,
            "floor_sequence": 0,
            "floor_digest": start.digest,
            "floor_seal": _seal_floor(organization, start, key_of),
            "exported_sequence": 0,
        }
        connection.execute(insert_for(connection.dialect.name, audit_heads).values(values).on_conflict_do_nothing())
        found = connection.execute(query.with_for_update()).one()
    return ChainPoint(sequence=found.sequence, digest=found.digest)


def _seal_floor(organization: str, floor: ChainPoint, key_of: AuditKeySource) -> str:
    return seal_digest(f"floor {floor.sequence} {floor.digest}", key_of(organization))


def _conditions(organization: str, wanted: AuditLogFilter) -> list[ColumnElement[bool]]:
    columns = audit_trail.c
    exact: Collection[tuple[Column[Any], str | None]] = (
        (columns.action, wanted.action),
        (columns.actor, wanted.actor),
        (columns.subject, wanted.subject),
        (columns.outcome, wanted.outcome),
    )
    where: list[ColumnElement[bool]] = [columns.organization == organization]
    where += [column == value for column, value in exact if value is not None]
    if wanted.after is not None:
        where.append(columns.moment >= wanted.after)
    if wanted.before is not None:
        where.append(columns.moment < wanted.before)
    return where


def _row(record: AuditRecord, act: AuditEvent) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in FIELDS}
    values["details"] = json.dumps(dict(record.details), ensure_ascii=False)
    return values | {"moment": act.at, "entry_id": act.entry_id}


def _record(row: RowMapping) -> AuditRecord:
    return AuditRecord(**{**row, "details": json.loads(row["details"])})
