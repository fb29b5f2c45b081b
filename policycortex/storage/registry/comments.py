"""Comments on requirements in the registry. Rows are added, and never changed or removed."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, func, insert, select

from policycortex.documents.comments import RequirementComment
from policycortex.errors import NotFoundError
from policycortex.period import Period
from policycortex.storage.registry.approvals import ROLE_LENGTH
from policycortex.storage.registry.base import Database, UtcDateTime, metadata
from policycortex.storage.registry.report_changes import ensure_organization

requirement_comments = Table(
    "requirement_comments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False),
    Column("framework", String(100), nullable=False),
    Column("requirement", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("author", String(64), nullable=False),
    Column("author_name", Text, nullable=False),
    Column("author_role", String(ROLE_LENGTH)),
    Column("made_at", UtcDateTime, nullable=False),
    Index("ix_requirement_comments_made", "organization", "framework", "made_at", "id"),
)
_OWN: Final = requirement_comments.c


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentFilter:
    """Which comments of an organisation; None: all."""

    frameworks: Collection[str] | None = None
    requirement: str | None = None
    about: Period | None = None
    """Comments on a time after its start, up to its end."""
    made_until: datetime | None = None

    def clauses(self, organization: str) -> list[Any]:
        """Conditions of SQL."""
        found: list[Any] = [_OWN.organization == organization]
        if self.frameworks is not None:
            found.append(_OWN.framework.in_(sorted(self.frameworks)))
        if self.requirement is not None:
            found.append(_OWN.requirement == self.requirement)
        if self.about is not None:
            found += [_OWN.as_of > self.about.start, _OWN.as_of <= self.about.end]
        if self.made_until is not None:
            found.append(_OWN.made_at <= self.made_until)
        return found


class CommentRepository:
    """Adds and lists comments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_comment(
        self,
        organization: str,
        *,
        framework: str,
        requirement: str,
        text: str,
        as_of: datetime,
        by: str,
        name: str,
        role: str | None,
        now: datetime,
    ) -> RequirementComment:
        """Add a comment of ``by``, whose name is ``name``. The caller has checked that the requirement exists."""
        made = RequirementComment(
            id=f"cmt_{secrets.token_hex(8)}",
            organization=organization,
            framework=framework,
            requirement=requirement,
            text=text,
            as_of=as_of,
            author=by,
            author_name=name,
            author_role=role,
            made_at=now,
        )
        values = {column.name: getattr(made, column.name) for column in _OWN}
        with self._database.writing() as connection:
            ensure_organization(connection, organization, now)
            connection.execute(insert(requirement_comments).values(values))
        return made

    def get_comment(self, organization: str, comment_id: str) -> RequirementComment:
        """The organisation's comment of this id. Raises NotFoundError."""
        query = select(requirement_comments).where(_OWN.organization == organization, _OWN.id == comment_id)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError(f"no comment {comment_id}")
        return RequirementComment(**row)

    def list_comments(
        self, organization: str, wanted: CommentFilter, *, limit: int | None = None, offset: int = 0
    ) -> tuple[RequirementComment, ...]:
        """Comments of the organisation, newest first."""
        query = select(requirement_comments).where(*wanted.clauses(organization))
        query = query.order_by(_OWN.made_at.desc(), _OWN.id).limit(limit).offset(offset)
        with self._database.reading() as connection:
            return tuple(RequirementComment(**row) for row in connection.execute(query).mappings())

    def count_comments(self, organization: str, wanted: CommentFilter) -> int:
        """The number of comments that ``list_comments`` returns without a limit."""
        query = select(func.count()).select_from(requirement_comments).where(*wanted.clauses(organization))
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())
