"""Statements ``met`` that a scanner's finding outranks: noted once, with an audit event and an alert to the owners."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Column, Connection, Date, ForeignKey, String, Table, func, insert, select, update

from policycortex.audit.chain import AuditEvent
from policycortex.storage.registry.alert_tables import note_contradiction
from policycortex.storage.registry.attestations import attestations
from policycortex.storage.registry.audit_log import AuditLogRepository
from policycortex.storage.registry.base import Database, metadata

ACTOR = "scan"
"""Of the audit event: no person did it."""

attestation_contradictions = Table(
    "attestation_contradictions",
    metadata,
    Column("attestation_id", String(32), ForeignKey("attestations.id"), primary_key=True),
    Column("requirement", String(200), primary_key=True),
    Column("since", Date, primary_key=True),
    Column("until", Date),
)
"""From the first day to the day on which it ended; null: it has not."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Contradiction:
    """A requirement that an attestation states as met, and that fails."""

    attestation_id: str
    framework: str
    requirement: str


class ContradictionRepository:
    """Notes contradictions as of the newest assessed day."""

    def __init__(self, database: Database, audit_log: AuditLogRepository) -> None:
        self._database, self._audit_log = database, audit_log

    def note_day(
        self, organization: str, day: date, found: Iterable[Contradiction], *, now: datetime
    ) -> tuple[Contradiction, ...]:
        """Note those that begin on ``day``, and end those that are not in ``found``. Returns the new ones.

        ``found`` are all of the organisation. A day before one that is noted changes nothing. Again: nothing new.
        """
        own, current = attestation_contradictions.c, sorted(set(found))
        with self._database.writing() as connection:
            if day < _newest(connection, organization):
                return ()
            open_ = _load_open(connection, organization)
            for id_, requirement in open_ - {(c.attestation_id, c.requirement) for c in current}:
                mine = (own.attestation_id == id_, own.requirement == requirement, own.until.is_(None))
                connection.execute(update(attestation_contradictions).where(*mine).values(until=day))
            new = [c for c in current if (c.attestation_id, c.requirement) not in open_]
            new = [c for c in new if not _is_noted(connection, c, day)]
            for each in new:
                row = {"attestation_id": each.attestation_id, "requirement": each.requirement, "since": day}
                connection.execute(insert(attestation_contradictions).values(row))
                note_contradiction(
                    connection,
                    organization,
                    attestation_id=each.attestation_id,
                    requirement=each.requirement,
                    day=day,
                    reason=_reason(each, day),
                    now=now,
                )
            self._audit_log.append(connection, *(_event(organization, each, day, now) for each in new))
        return tuple(new)


def _newest(connection: Connection, organization: str) -> date:
    table = attestation_contradictions
    query = select(func.max(table.c.since), func.max(table.c.until)).select_from(
        table.join(attestations, attestations.c.id == table.c.attestation_id)
    )
    row = connection.execute(query.where(attestations.c.organization == organization)).one()
    return max((day for day in row if day is not None), default=date.min)


def _load_open(connection: Connection, organization: str) -> set[tuple[str, str]]:
    table = attestation_contradictions
    query = select(table.c.attestation_id, table.c.requirement).select_from(
        table.join(attestations, attestations.c.id == table.c.attestation_id)
    )
    query = query.where(attestations.c.organization == organization, table.c.until.is_(None))
    return {(row.attestation_id, row.requirement) for row in connection.execute(query)}


def _is_noted(connection: Connection, each: Contradiction, day: date) -> bool:
    """Whether it began on this day already and ended on it: two scans of one day differ."""
    own = attestation_contradictions.c
    query = select(own.since).where(
        own.attestation_id == each.attestation_id, own.requirement == each.requirement, own.since == day
    )
    return connection.execute(query).first() is not None


def _reason(each: Contradiction, day: date) -> str:
    return (
        f"{each.requirement} of {each.framework} fails on {day}, and attestation {each.attestation_id} states it as met"
    )


def _event(organization: str, each: Contradiction, day: date, now: datetime) -> AuditEvent:
    return AuditEvent(
        organization=organization,
        at=now,
        action="attestation_contradicted",
        actor=ACTOR,
        subject=each.attestation_id,
        details={"framework": each.framework, "requirement": each.requirement, "day": day.isoformat()},
    )
