"""The access log: who did what with which report, in order."""

from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)

from policycortex.storage.registry.base import Database, UtcDateTime, metadata
from policycortex.storage.registry.rows import AccessRow

access_log = Table(
    "access_log",
    metadata,
    # SQLite generates values of INTEGER keys only
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("report_id", String(32), ForeignKey("reports.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("action", String(32), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("address", String(64)),
    Column("request_id", Text),
    Column("format", String(16)),
)
Index("ix_access_log_report", access_log.c.report_id, access_log.c.id)

_INSERT: Final = insert(access_log)
_COLUMNS: Final = [c for c in access_log.c if c.name != "id"]


class AccessLogRepository:
    """Writes and reads the access log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def log_access(self, *rows: AccessRow) -> None:
        """Add the rows, all or none."""
        with self._database.writing() as connection:
            insert_access(connection, *rows)

    def remove_before(self, before: datetime, *, is_dry_run: bool = False) -> int:
        """Remove the rows of before that time. Returns how many they are."""
        old = access_log.c.at < before
        if is_dry_run:
            with self._database.reading() as connection:
                return int(connection.execute(select(func.count()).select_from(access_log).where(old)).scalar_one())
        with self._database.writing() as connection:
            return connection.execute(delete(access_log).where(old)).rowcount

    def list_access(self, report_id: str, *, limit: int, offset: int) -> tuple[tuple[AccessRow, ...], int]:
        """A page, newest first, and the number of all."""
        mine = access_log.c.report_id == report_id
        query = select(*_COLUMNS).where(mine).order_by(access_log.c.id.desc()).limit(limit).offset(offset)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
            total = connection.execute(select(func.count()).select_from(access_log).where(mine)).scalar_one()
        return tuple(AccessRow(**row) for row in rows), int(total)


def insert_access(connection: Connection, *rows: AccessRow) -> None:
    """Add rows within the caller's transaction."""
    values = [{column.name: getattr(row, column.name) for column in _COLUMNS} for row in rows]
    connection.execute(_INSERT, values)
