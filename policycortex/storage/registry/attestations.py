"""Attestations in the registry: the statement and its scope beside what all approved records have, and its evidence."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    RowMapping,
    String,
    Table,
    Text,
    func,
    insert,
    select,
)

from policycortex.errors import ConflictError
from policycortex.period import Period
from policycortex.scoring.attestations import Attestation, AttestationScope, EvidenceFile, Statement
from policycortex.storage.registry.approvals import ApprovalRepository, approval_table
from policycortex.storage.registry.base import Database, JsonColumn, UtcDateTime, metadata
from policycortex.storage.registry.report_changes import ensure_organization
from policycortex.storage.registry.tables import organizations

attestations = approval_table(
    "attestations",
    Column("statement", String(32), nullable=False),
    Column("framework", String(100), nullable=False),
    Column("requirements", JsonColumn, nullable=False),
    Column("profile", String(100)),
    Column("accounts", JsonColumn, nullable=False),
    Column("environments", JsonColumn),
)

attestation_evidence = Table(
    "attestation_evidence",
    metadata,
    Column("attestation_id", String(32), ForeignKey("attestations.id"), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("key", Text, nullable=False),
    Column("attached_by", String(64), nullable=False),
    Column("attached_at", UtcDateTime, nullable=False),
)

MOST_FILES: Final = 50
"""Evidence files of one attestation."""

_IDS_AT_ONCE: Final = 500
_FILE: Final = [column for column in attestation_evidence.c if column.name != "attestation_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStatement:
    """One of several statements that are requested together."""

    statement: Statement
    scope: AttestationScope
    reason: str
    valid: Period
    role: str | None
    has_start: bool
    """Whether the person gave the first day; otherwise it is the time of the request and no part of the content."""

    @property
    def content(self) -> tuple[object, ...]:
        """What it says, without its first day."""
        return self.statement, self.scope, self.reason, self.role, self.valid.end

    def find_same(self, records: Iterable[Attestation]) -> Attestation | None:
        """The first of some records with the same content that has its first day, too, where one was given."""
        return next((each for each in records if not self.has_start or each.valid_from == self.valid.start), None)


class AttestationRepository(ApprovalRepository[Attestation]):
    """Requests, approves, revokes and lists attestations, and notes their evidence files."""

    noun = "attestation"
    prefix = "att"

    def __init__(self, database: Database) -> None:
        super().__init__(database, attestations)

    def request_attestation(
        self,
        organization: str,
        statement: Statement,
        scope: AttestationScope,
        *,
        reason: str,
        valid: Period,
        by: str,
        now: datetime,
        role: str | None = None,
    ) -> Attestation:
        """Create a request. It has no effect until somebody else approves it."""
        about = _columns_of(statement, scope)
        return self._insert(organization, about, reason=reason, valid=valid, by=by, now=now, role=role)

    def request_attestations(
        self, organization: str, wanted: Sequence[NewStatement], *, by: str, now: datetime
    ) -> tuple[tuple[Attestation, bool], ...]:
        """Create several requests in one transaction, all or none. Returns each with whether it is new.

        A statement that was requested with the same content, and is neither revoked nor over, is not requested again.
        """
        own, made = self._table.c, list[tuple[Attestation, bool]]()
        with self._database.writing() as connection:
            ensure_organization(connection, organization, now)
            lock = select(organizations.c.id).where(organizations.c.id == organization)
            connection.execute(lock.with_for_update())  # two imports of one file must not both add it
            live = (own.organization == organization, own.revoked_at.is_(None), own.valid_until > now)
            rows = connection.execute(select(self._table).where(*live)).mappings().all()
            known = defaultdict[tuple[object, ...], list[Attestation]](list)
            for record in self._read_all(connection, rows):
                known[_content_of(record)].append(record)
            for each in wanted:
                found = each.find_same(known[each.content])
                if found is None:
                    values = self._new_values(
                        organization,
                        _columns_of(each.statement, each.scope),
                        reason=each.reason,
                        valid=each.valid,
                        by=by,
                        now=now,
                        role=each.role,
                    )
                    connection.execute(insert(self._table).values(values))
                    known[each.content].append(self._read(values))
                made.append((found or known[each.content][-1], found is None))
        return tuple(made)

    def attach_evidence(self, organization: str, attestation_id: str, file: EvidenceFile) -> Attestation:
        """Note a stored file. The same bytes again change nothing.

        Raises NotFoundError; ConflictError: approved already, as the approver has seen what there was; revoked; or too
        many files.
        """
        self.get_record(organization, attestation_id)
        own, files = self._table.c, attestation_evidence
        with self._database.writing() as connection:
            waiting = select(own.id).where(own.id == attestation_id, own.organization == organization)
            waiting = waiting.where(own.approved_at.is_(None), own.revoked_at.is_(None)).with_for_update()
            if connection.execute(waiting).first() is None:
                message = f"attestation {attestation_id} is not waiting for approval; request a new one with the file"
                raise ConflictError(message)
            known = select(func.count()).where(files.c.attestation_id == attestation_id)
            same = known.where(files.c.sha256 == file.sha256)
            if not connection.execute(same).scalar_one():
                if connection.execute(known).scalar_one() >= MOST_FILES:
                    raise ConflictError(
                        f"attestation {attestation_id} has {MOST_FILES} evidence files; put some into one"
                    )
                row = {column.name: getattr(file, column.name) for column in _FILE}
                connection.execute(insert(files).values(attestation_id=attestation_id, **row))
        return self.get_record(organization, attestation_id)

    def _check_seen(self, connection: Connection, record_id: str, seen: Collection[str]) -> None:
        files = attestation_evidence.c
        there = set(connection.execute(select(files.sha256).where(files.attestation_id == record_id)).scalars())
        if there != set(seen):
            unseen, gone = sorted(there - set(seen)), sorted(set(seen) - there)
            parts = [f"{len(unseen)} not named ({unseen[0]}...)"] if unseen else []
            parts += [f"{len(gone)} that it does not have ({gone[0]}...)"] if gone else []
            named = f"attestation {record_id} has other evidence than the approval names"
            raise ConflictError(f"{named}: {', '.join(parts)}; look at it again")

    def _read_all(self, connection: Connection, rows: Iterable[RowMapping]) -> tuple[Attestation, ...]:
        values = [dict(row) for row in rows]
        evidence = _load_evidence(connection, [each["id"] for each in values])
        return tuple(self._read(each | {"evidence": tuple(evidence.get(each["id"], ()))}) for each in values)

    def _read(self, values: dict[str, Any]) -> Attestation:
        scope = AttestationScope(
            framework=values.pop("framework"),
            requirements=tuple(values.pop("requirements")),
            profile=values.pop("profile"),
            accounts=tuple(values.pop("accounts")),
            environments=tuple(values.pop("environments") or ()),
        )
        return Attestation(statement=Statement(values.pop("statement")), scope=scope, **values)


def _content_of(record: Attestation) -> tuple[object, ...]:
    """As ``NewStatement.content``."""
    return record.statement, record.scope, record.reason, record.requester_role, record.valid_until


def _columns_of(statement: Statement, scope: AttestationScope) -> Mapping[str, object]:
    """The values of the table's own columns."""
    return {
        "statement": statement.value,
        "framework": scope.framework,
        "requirements": list(scope.requirements),
        "profile": scope.profile,
        "accounts": list(scope.accounts),
        "environments": list(scope.environments),
    }


def _load_evidence(connection: Connection, ids: list[str]) -> Mapping[str, list[EvidenceFile]]:
    """Evidence files by attestation, in the order in which they were attached."""
    files = attestation_evidence.c
    query = select(files.attestation_id, *_FILE).order_by(files.attached_at, files.sha256)
    found: defaultdict[str, list[EvidenceFile]] = defaultdict(list)
    for start in range(0, len(ids), _IDS_AT_ONCE):
        part = query.where(files.attestation_id.in_(ids[start : start + _IDS_AT_ONCE]))
        for row in connection.execute(part).mappings():
            values = dict(row)
            found[values.pop("attestation_id")].append(EvidenceFile(**values))
    return found
