"""Merges small files of the lake: each import adds a file per day, and a query opens all files of its days.

DuckLake writes the rows of several files into one and notes in it which snapshot added each row, so every snapshot is
read as before. The former files are deleted after the grace period like other unused files, because readers that
started earlier may still need them. Each step is one transaction under the writer's lock: after an interruption all
rows are in the former files, and the next call continues.
"""

from typing import Final

from policycortex.settings import Settings
from policycortex.storage.lake.catalog import metadata_tables
from policycortex.storage.lake.session import Cursor, LakeSession

_LARGE_BYTES: Final = 32_000_000
"""Larger files stay as they are, so that a late scan of a few rows does not write a large day again."""

_GROUPS_AT_ONCE: Final = 20
"""New files of each table per transaction: imports wait for the lock meanwhile."""

_MESSAGE: Final = "merge small files"

_SMALL: Final = """
WITH parts AS (
    SELECT data_file_id, list(partition_value ORDER BY partition_key_index) AS part
    FROM {tables}.ducklake_file_partition_value GROUP BY data_file_id
), small AS (
    SELECT table_id, part, count(*) AS files
    FROM {tables}.ducklake_data_file LEFT JOIN parts USING (data_file_id)
    WHERE end_snapshot IS NULL AND file_size_bytes < $large GROUP BY table_id, part
)
SELECT coalesce(sum(files) FILTER (files > 1), 0) FROM small
"""


def merge_small_files(session: LakeSession, *, is_dry_run: bool) -> int:
    """The number of files that became fewer ones, or in a dry run that would; waits for writers between the steps.

    Raises StoreBusyError when a writer holds the lake.
    """
    if is_dry_run:
        with session.cursor() as cursor:
            return _count_small(cursor, session.settings)
    merged = 0
    while found := session.write(_MESSAGE, _merge):
        merged += found
    return merged


def _count_small(cursor: Cursor, settings: Settings) -> int:
    """Newest files of the same table and day that are small and not alone."""
    row = cursor.execute(_SMALL.format(tables=metadata_tables(settings)), {"large": _LARGE_BYTES}).fetchone()
    return int(row[0]) if row else 0


def _merge(cursor: Cursor) -> int:
    """One step: the number of files that were merged."""
    rows = cursor.execute(
        "SELECT files_processed FROM ducklake_merge_adjacent_files('lake', max_compacted_files => $groups, "
        "max_file_size => $large)",
        {"groups": _GROUPS_AT_ONCE, "large": _LARGE_BYTES},
    ).fetchall()
    return sum(int(row[0]) for row in rows)
