"""The catalog of a lake at a snapshot, read once into memory.

DuckLake asks its catalog for a table's files at each statement, and SQLite gives it all files of all tables each time:
30 ms after five years of days, some twenty times a report. At a snapshot the answers cannot change.
"""

from typing import Final

import duckdb

from policycortex.settings import Settings
from policycortex.storage.lake.attach import translate_attach_error
from policycortex.storage.lake.catalog import catalog_path
from policycortex.storage.lake.extensions import quoted

METADATA: Final = "__ducklake_metadata_lake"
"""DuckLake's name for the catalog of the lake attached as ``lake``."""
_TABLES: Final = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'ducklake%'"
_ONLY_FOR_WRITING: Final = frozenset({"ducklake_file_partition_value", "ducklake_snapshot_changes"})


def keep_catalog(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Put a copy in memory in place of the SQLite catalog of this connection's lake; it must be at a snapshot.

    A catalog in Postgres stays where it is: it is asked with filters. Raises as ``connect_lake`` does.
    """
    if settings.database_url:
        return
    try:
        connection.execute(f"ATTACH {quoted(str(catalog_path(settings)))} AS kept_from (TYPE sqlite, READ_ONLY)")
        names = connection.execute("FROM sqlite_query('kept_from', $tables)", {"tables": _TABLES}).fetchall()
        connection.execute(f"DETACH {METADATA}")
        connection.execute(f"ATTACH ':memory:' AS {METADATA}")
        connection.execute("BEGIN TRANSACTION")  # one state of the catalog
        for (name,) in names:
            rows = "LIMIT 0" if name in _ONLY_FOR_WRITING else ""
            connection.execute(f"CREATE TABLE {METADATA}.main.{name} AS FROM kept_from.main.{name} {rows}")
        connection.execute("COMMIT")
        connection.execute("DETACH kept_from")
    except duckdb.Error as error:
        raise translate_attach_error(error, settings) from None
