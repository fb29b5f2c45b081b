"""Uploaded frameworks as bytes in the product's own format. ``policycortex.frameworks`` reads them."""

from datetime import datetime
from typing import Final

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table, bindparam, select

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

_FILES: Final = (
    select(uploaded_frameworks.c.framework_id, uploaded_frameworks.c.content)
    .where(uploaded_frameworks.c.organization == bindparam("organization"))
    .order_by(uploaded_frameworks.c.framework_id)
)


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
