"""Catalog statistics of files: for partitioned tables only those of the partition columns are kept.

DuckLake stores the minimum and maximum of every column of every file. For each column that a query filters, it reads
the statistics of all columns of all files, so queries get slower with each day of history. The product's queries
select files by organization and day only. DuckLake reads a file without statistics of a column.
"""

from policycortex.settings import Settings
from policycortex.storage.lake.catalog import metadata_tables
from policycortex.storage.lake.session import Cursor


def forget_statistics(cursor: Cursor, settings: Settings) -> int:
    """Delete the statistics of all other columns of partitioned tables. Returns how many.

    The caller holds the writer's lock. Raises duckdb.Error.
    """
    catalog = metadata_tables(settings)
    row = cursor.execute(
        f"DELETE FROM {catalog}.ducklake_file_column_stats "  # noqa: S608 - names of our own catalog
        f"WHERE table_id IN (SELECT table_id FROM {catalog}.ducklake_partition_column) "
        f"AND (table_id, column_id) NOT IN (SELECT (table_id, column_id) FROM {catalog}.ducklake_partition_column)"
    ).fetchone()
    return int(row[0]) if row else 0
