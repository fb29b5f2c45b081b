"""The catalog's statistics of files: of partitioned tables only those of the columns that find files are kept.

DuckLake notes the least and greatest value of every column of every file, and for each column that a question filters
it reads the notes of all columns of all files: what a year of days adds to every answer. Our questions find files by
organization and day alone; a file without notes on a column is one that DuckLake opens.
"""

from typing import Final

from policycortex.settings import Settings
from policycortex.storage.lake.catalog import CATALOG_SCHEMA
from policycortex.storage.lake.session import Cursor

_CATALOG: Final = "__ducklake_metadata_lake"
"""DuckLake's own name for the attached catalog."""


def forget_statistics(cursor: Cursor, settings: Settings) -> int:
    """Delete the notes on all other columns of partitioned tables; their number. Hold the writer's lock.

    Raises duckdb.Error when the catalog refuses.
    """
    place = f"{_CATALOG}.{CATALOG_SCHEMA if settings.database_url else 'main'}"
    row = cursor.execute(
        f"DELETE FROM {place}.ducklake_file_column_stats "  # noqa: S608 - names of our own catalog
        f"WHERE table_id IN (SELECT table_id FROM {place}.ducklake_partition_column) "
        f"AND (table_id, column_id) NOT IN (SELECT (table_id, column_id) FROM {place}.ducklake_partition_column)"
    ).fetchone()
    return int(row[0]) if row else 0
