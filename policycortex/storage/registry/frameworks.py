"""Uploaded frameworks as bytes in the product's own format. ``policycortex.frameworks`` reads them.

Every version stays with the time from which it was known, so that a report can be made as known on an earlier date.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Column, Connection, ForeignKey, LargeBinary, String, Table, bindparam, select

from policycortex.storage.registry.base import Database, UtcDateTime, insert_for, metadata
from policycortex.storage.registry.report_changes import ensure_organization

uploaded_frameworks = Table(
    "uploaded_frameworks",
    metadata,
    Column("organization", String(64), ForeignKey("organizations.id"), primary_key=True),
    Column("framework_id", String(100), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("uploaded_at", UtcDateTime, nullable=False),
    Column("uploaded_by", String(32)),
)

framework_versions = Table(
    "framework_versions",
    metadata,
    Column("organization", String(64), ForeignKey("organizations.id"), primary_key=True),
    Column("framework_id", String(100), primary_key=True),
    Column("known_from", UtcDateTime, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

_FILES: Final = (
    select(uploaded_frameworks.c.framework_id, uploaded_frameworks.c.content)
    .where(uploaded_frameworks.c.organization == bindparam("organization"))
    .order_by(uploaded_frameworks.c.framework_id)
)
_VERSIONS: Final = (
    select(framework_versions.c.known_from, framework_versions.c.content)
    .where(
        framework_versions.c.organization == bindparam("organization"),
        framework_versions.c.framework_id == bindparam("framework_id"),
    )
    .order_by(framework_versions.c.known_from)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkVersion:
    """One version of a framework."""

    known_from: datetime
    content: bytes


class FrameworkRepository:
    """Stores uploaded frameworks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_framework(
        self, organization: str, framework_id: str, content: bytes, *, uploaded_by: str | None, now: datetime
    ) -> None:
        """Store it, or replace the one with the same id."""
        key = {"organization": organization, "framework_id": framework_id}
        values = {"content": content, "uploaded_at": now, "uploaded_by": uploaded_by}
        with self._database.writing() as connection:
            ensure_organization(connection, organization, now)
            row = insert_for(connection.dialect.name, uploaded_frameworks).values(**key, **values)
            key_columns = list(uploaded_frameworks.primary_key.columns)
            connection.execute(row.on_conflict_do_update(index_elements=key_columns, set_=values))
            _insert_version(connection, key, content, now)

    def keep_version(self, organization: str, framework_id: str, content: bytes, *, now: datetime) -> None:
        """Keep a version that was not uploaded, such as a file of a folder, unless it is the newest."""
        with self._database.writing() as connection:
            newest = connection.execute(
                _VERSIONS.order_by(None).order_by(framework_versions.c.known_from.desc()).limit(1),
                {"organization": organization, "framework_id": framework_id},
            ).first()
            if newest is None or bytes(newest.content) != content:
                ensure_organization(connection, organization, now)
                _insert_version(connection, {"organization": organization, "framework_id": framework_id}, content, now)

    def list_versions(self, organization: str, framework_id: str) -> tuple[FrameworkVersion, ...]:
        """All kept versions of the organisation's framework, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_VERSIONS, {"organization": organization, "framework_id": framework_id}).all()
        return tuple(FrameworkVersion(known_from=row.known_from, content=bytes(row.content)) for row in rows)

    def list_framework_files(self, organization: str) -> dict[str, bytes]:
        """The organisation's uploads by framework id, sorted."""
        with self._database.reading() as connection:
            rows = connection.execute(_FILES, {"organization": organization}).all()
        return {framework_id: bytes(content) for framework_id, content in rows}

    def list_framework_organizations(self) -> tuple[str, ...]:
        """Organisations that have uploads, sorted."""
        query = select(uploaded_frameworks.c.organization).distinct().order_by(uploaded_frameworks.c.organization)
        with self._database.reading() as connection:
            return tuple(connection.execute(query).scalars())


def _insert_version(connection: Connection, key: Mapping[str, str], content: bytes, now: datetime) -> None:
    values = {**key, "known_from": now, "content": content}
    row = insert_for(connection.dialect.name, framework_versions).values(values)
    keys = list(framework_versions.primary_key.columns)
    connection.execute(row.on_conflict_do_update(index_elements=keys, set_={"content": content}))
