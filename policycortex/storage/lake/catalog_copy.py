"""Copies the catalog of a lake at a snapshot into memory.

DuckLake queries its catalog for a table's files at each statement, and SQLite returns all files of all tables: 30 ms
 with five years of days, about twenty times for a report. At a snapshot the result cannot change.
"""

from typing import Final

import duckdb

from policycortex.settings import Settings
from policycortex.storage.lake.attach import translate_attach_error
from policycortex.storage.lake.catalog import METADATA, catalog_path
from policycortex.storage.lake.extensions import quoted

_TABLES: Final = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'ducklake%'"
_ONLY_FOR_WRITING: Final = frozenset({"ducklake_file_partition_value", "ducklake_snapshot_changes"})


def copy_catalog_to_memory(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Replace the SQLite catalog of this connection by a copy in memory. The lake must be at a snapshot.

    A catalog in Postgres is not copied: Postgres filters the rows. Raises as ``connect_lake`` does.
    """
    if settings.database_url:
        return
    try:
        connection.execute(f"ATTACH {quoted(str(catalog_path(settings)))} AS copied_catalog (TYPE sqlite, READ_ONLY)")
        names = connection.execute("FROM sqlite_query('copied_catalog', $tables)", {"tables": _TABLES}).fetchall()
        connection.execute(f"DETACH {METADATA}")
        connection.execute(f"ATTACH ':memory:' AS {METADATA}")
        connection.execute("BEGIN TRANSACTION")  # one state of the catalog
        for (name,) in names:
            rows = "LIMIT 0" if name in _ONLY_FOR_WRITING else ""
            connection.execute(f"CREATE TABLE {METADATA}.main.{name} AS FROM copied_catalog.main.{name} {rows}")
        connection.execute("COMMIT")
        connection.execute("DETACH copied_catalog")
    except duckdb.Error as error:
        raise translate_attach_error(error, settings) from None
