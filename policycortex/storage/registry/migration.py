"""Copies all rows of a registry into an empty one, in one transaction of the caller, and compares count and digest."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Integer, Select, Table, func, insert, select, text

from policycortex.errors import IntegrityError
from policycortex.names import ReportStatus
from policycortex.storage.objects.artifact_keys import StoredArtifact
from policycortex.storage.registry.attestations import attestation_evidence
from policycortex.storage.registry.base import Database, metadata
from policycortex.storage.registry.tables import report_artifacts, report_files, reports

_ROWS_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class TableContent:
    """The content of one table: number of rows, and the SHA-256 over them in the order of their keys."""

    rows: int
    sha256: str


class MigrationRepository:
    """Copies a registry to another database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe_content(self) -> dict[str, TableContent]:
        """The content of every table, by name."""
        with self._database.streaming() as connection:
            return {table.name: content_of(connection, table) for table in metadata.sorted_tables}

    def copy_rows_to(self, target: Connection) -> int:
        """Insert every row into the tables of ``target``, parents first. Returns how many."""
        copied = 0
        with self._database.streaming() as connection:
            for table in metadata.sorted_tables:
                for rows in _batches(connection, table):
                    target.execute(insert(table), [dict(row) for row in rows])
                    copied += len(rows)
                _raise_sequences(target, table)
        return copied

    def list_stored_files(self) -> tuple[StoredArtifact, ...]:
        """Every stored file of reports that are neither deleted nor expired, and all evidence of attestations."""
        living = reports.c.deleted_at.is_(None), reports.c.status != ReportStatus.EXPIRED.value
        queries = [
            *(
                _files_of(table).join(reports, reports.c.id == table.c.report_id).where(*living)
                for table in (report_artifacts, report_files)
            ),
            _files_of(attestation_evidence),
        ]
        with self._database.reading() as connection:
            return tuple(
                StoredArtifact(key=row.key, size_bytes=row.size_bytes, sha256=row.sha256)
                for query in queries
                for row in connection.execute(query)
            )

    def compare_rows(self, connection: Connection, expected: Mapping[str, TableContent]) -> None:
        """Compare inside the transaction of the copy. Raises IntegrityError, so that the transaction is rolled back."""
        for table in metadata.sorted_tables:
            found = content_of(connection, table)
            if found != expected[table.name]:
                raise IntegrityError(
                    f"table {table.name} holds {found.rows} rows there and {expected[table.name].rows} here, or other "
                    "values; nothing was kept"
                )

    def transaction(self) -> Any:  # noqa: ANN401 - a context manager of a Connection
        """A transaction that other stores in the same database may use."""
        return self._database.writing()


def _files_of(table: Table) -> Select[Any]:
    """Key, size and digest of the files that a table names, in the order of their keys."""
    return select(table.c.key, table.c.size_bytes, table.c.sha256).order_by(table.c.key)


def content_of(connection: Connection, table: Table) -> TableContent:
    """Count and digest of a table; the same rows give the same digest in SQLite and in Postgres."""
    digest, count = hashlib.sha256(), 0
    for rows in _batches(connection, table):
        for row in rows:
            digest.update(msgspec.json.encode(_plain(row), order="sorted"))
            digest.update(b"\n")
            count += 1
    return TableContent(rows=count, sha256=digest.hexdigest())


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.timestamp() if isinstance(v, datetime) else v for k, v in row.items()}


def _batches(connection: Connection, table: Table) -> Iterator[list[Mapping[str, Any]]]:
    # sorted by bytes, not by the database's collation: SQLite and Postgres must agree on the order
    keys = [
        c if isinstance(c.type, Integer) or not _is_text(c) else _bytewise(connection, c) for c in table.primary_key
    ]
    result = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table).order_by(*keys))
    for rows in result.mappings().partitions(_ROWS_AT_ONCE):
        yield [{str(name): value for name, value in row.items()} for row in rows]


def _is_text(column: Any) -> bool:  # noqa: ANN401 - a Column of any type
    return column.type.python_type is str


def _bytewise(connection: Connection, column: Any) -> Any:  # noqa: ANN401 - an expression of any column
    return column.collate("C") if connection.dialect.name == "postgresql" else column


def _raise_sequences(target: Connection, table: Table) -> None:
    """Set the Postgres sequence to the highest copied number."""
    column = table.autoincrement_column
    if column is None or target.dialect.name != "postgresql":
        return
    highest = target.execute(select(func.max(column))).scalar()
    sequence = target.execute(
        text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name}
    ).scalar()
    if highest is not None and sequence is not None:
        target.execute(text("SELECT setval(:sequence, :highest)"), {"sequence": sequence, "highest": highest})
