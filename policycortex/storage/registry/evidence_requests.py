"""Requests of auditors for evidence on a requirement, and what people answered. Answers are added, never changed."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, exists, func, insert, select, update

from policycortex.errors import ConflictError, NotFoundError
from policycortex.storage.registry.approvals import ROLE_LENGTH
from policycortex.storage.registry.base import Database, UtcDateTime, metadata
from policycortex.storage.registry.report_changes import ensure_organization

evidence_requests = Table(
    "evidence_requests",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False),
    Column("framework", String(100), nullable=False),
    Column("requirement", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("requested_by", String(64), nullable=False),
    Column("requested_by_name", Text, nullable=False),
    Column("requested_by_role", String(ROLE_LENGTH)),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("closed_by", String(64)),
    Column("closed_by_name", Text),
    Index("ix_evidence_requests_requested", "organization", "requested_at", "id"),
)
evidence_answers = Table(
    "evidence_answers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("request_id", String(32), ForeignKey("evidence_requests.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("attestation_id", String(32), ForeignKey("attestations.id")),
    Column("author", String(64), nullable=False),
    Column("author_name", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Index("ix_evidence_answers_request", "request_id", "made_at", "id"),
)
_OWN: Final = evidence_requests.c
_ANSWER: Final = evidence_answers.c


class EvidenceRequestStatus(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceReply:
    """One answer of the organisation."""

    id: str
    text: str
    attestation_id: str | None
    """The attestation whose files show it; None: the text is the answer."""
    author: str
    author_name: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRequest:
    """What somebody asked to see of one requirement. All times are UTC."""

    id: str
    organization: str
    framework: str
    requirement: str
    """Canonical id."""
    text: str
    as_of: datetime
    """The time that it is about: the posture at the last moment before it."""
    requested_by: str
    """Id of the grant, key or person."""
    requested_by_name: str
    requested_by_role: str | None
    requested_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None
    closed_by_name: str | None = None
    answers: tuple[EvidenceReply, ...] = ()
    """Oldest first."""

    @property
    def status(self) -> EvidenceRequestStatus:
        """Closed ends it; else it is answered with its first answer."""
        if self.closed_at is not None:
            return EvidenceRequestStatus.CLOSED
        return EvidenceRequestStatus.ANSWERED if self.answers else EvidenceRequestStatus.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRequestFilter:
    """Which requests of an organisation; None: all."""

    framework: str | None = None
    requirement: str | None = None
    status: EvidenceRequestStatus | None = None
    requested_by: str | None = None

    def clauses(self, organization: str) -> list[Any]:
        """Conditions of SQL."""
        equal = {"framework": self.framework, "requirement": self.requirement, "requested_by": self.requested_by}
        found = [_OWN.organization == organization]
        found += [_OWN[name] == value for name, value in equal.items() if value is not None]
        has_answer = exists().where(_ANSWER.request_id == _OWN.id)
        match self.status:
            case EvidenceRequestStatus.OPEN:
                found += [_OWN.closed_at.is_(None), ~has_answer]
            case EvidenceRequestStatus.ANSWERED:
                found += [_OWN.closed_at.is_(None), has_answer]
            case EvidenceRequestStatus.CLOSED:
                found.append(_OWN.closed_at.is_not(None))
            case None:
                pass
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvidenceRequest:
    """A checked request, and who asks."""

    framework: str
    requirement: str
    text: str
    as_of: datetime
    by: str
    name: str
    role: str | None


class EvidenceRequestRepository:
    """Adds, lists, answers and closes requests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_request(self, organization: str, new: NewEvidenceRequest, *, now: datetime) -> EvidenceRequest:
        """Add one. The caller has checked that the requirement exists."""
        made = EvidenceRequest(
            id=f"evr_{secrets.token_hex(8)}",
            organization=organization,
            framework=new.framework,
            requirement=new.requirement,
            text=new.text,
            as_of=new.as_of,
            requested_by=new.by,
            requested_by_name=new.name,
            requested_by_role=new.role,
            requested_at=now,
        )
        with self._database.writing() as connection:
            ensure_organization(connection, organization, now)
            connection.execute(insert(evidence_requests).values({c.name: getattr(made, c.name) for c in _OWN}))
        return made

    def add_answer(
        self,
        organization: str,
        request_id: str,
        *,
        text: str,
        attestation_id: str | None,
        by: str,
        name: str,
        now: datetime,
    ) -> EvidenceRequest:
        """Answer one. Raises NotFoundError, and ConflictError when it is closed.

        The caller has checked the attestation.
        """
        values = {
            "id": f"eva_{secrets.token_hex(8)}",
            "request_id": request_id,
            "text": text,
            "attestation_id": attestation_id,
            "author": by,
            "author_name": name,
            "made_at": now,
        }
        is_open = (*self._one(organization, request_id), _OWN.closed_at.is_(None))
        with self._database.writing() as connection:
            if connection.execute(select(_OWN.id).where(*is_open)).first() is not None:
                connection.execute(insert(evidence_answers).values(values))
        found = self.get_request(organization, request_id)
        if not any(answer.id == values["id"] for answer in found.answers):
            raise ConflictError(f"The request {request_id} is closed; a closed request takes no answer")
        return found

    def close_request(
        self, organization: str, request_id: str, *, by: str, name: str, now: datetime
    ) -> EvidenceRequest:
        """Close one; one that is closed stays as it is. Raises NotFoundError."""
        still_open = (*self._one(organization, request_id), _OWN.closed_at.is_(None))
        closing = update(evidence_requests).where(*still_open)
        with self._database.writing() as connection:
            connection.execute(closing.values(closed_at=now, closed_by=by, closed_by_name=name))
        return self.get_request(organization, request_id)

    def get_request(self, organization: str, request_id: str) -> EvidenceRequest:
        """The organisation's request of this id with its answers. Raises NotFoundError."""
        found = self._load(select(evidence_requests).where(*self._one(organization, request_id)))
        if not found:
            raise NotFoundError(f"no evidence request {request_id}")
        return found[0]

    def list_requests(
        self, organization: str, wanted: EvidenceRequestFilter, *, limit: int, offset: int
    ) -> tuple[EvidenceRequest, ...]:
        """Requests with their answers, newest first."""
        query = select(evidence_requests).where(*wanted.clauses(organization))
        return self._load(query.order_by(_OWN.requested_at.desc(), _OWN.id).limit(limit).offset(offset))

    def count_requests(self, organization: str, wanted: EvidenceRequestFilter) -> int:
        """The number of requests that ``list_requests`` returns without a limit."""
        query = select(func.count()).select_from(evidence_requests).where(*wanted.clauses(organization))
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def _load(self, query: Any) -> tuple[EvidenceRequest, ...]:  # noqa: ANN401 - SQLAlchemy's statement
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
            ids = [row["id"] for row in rows]
            given = select(evidence_answers).where(_ANSWER.request_id.in_(ids)).order_by(_ANSWER.made_at, _ANSWER.id)
            answers = [dict(row) for row in connection.execute(given).mappings()] if ids else []
        return tuple(EvidenceRequest(**row, answers=_answers_of(row["id"], answers)) for row in rows)

    def _one(self, organization: str, request_id: str) -> tuple[Any, Any]:
        return (_OWN.organization == organization, _OWN.id == request_id)


def _answers_of(request_id: str, rows: Sequence[Mapping[str, Any]]) -> tuple[EvidenceReply, ...]:
    return tuple(
        EvidenceReply(**{name: value for name, value in row.items() if name != "request_id"})
        for row in rows
        if row["request_id"] == request_id
    )
