"""Removes unused snapshots, merges small files, removes files of no snapshot and statistics that select no files.

Each step is a transaction of the catalog, or deletes files that no snapshot uses. After an interruption the next call
continues. Steps run under the writer's lock, so that no file of a running writer is deleted.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from policycortex.settings import Settings
from policycortex.storage.lake.catalog import metadata_tables
from policycortex.storage.lake.column_statistics import forget_statistics
from policycortex.storage.lake.compaction import merge_small_files
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.lake.lock import writer_lock
from policycortex.storage.lake.session import Cursor, LakeSession

_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedFromLake:
    """What was removed, or would be in a dry run."""

    snapshots: int
    expired_files: int
    """Files that only expired snapshots used."""
    orphaned_files: int
    """Files that no snapshot ever used."""
    merged_files: int
    """Small files whose rows are in fewer files now; they are deleted once nobody reads them any more."""


def clean_lake(
    settings: Settings, *, pinned: Collection[str], expire_before: datetime, settled_before: datetime, is_dry_run: bool
) -> RemovedFromLake:
    """Expire snapshots older than ``expire_before`` that are neither ``pinned`` nor the newest; delete their files.

    Small files are merged, which changes no rows of any snapshot.

    A file is deleted when it has had no snapshot since ``settled_before``: readers that started earlier may still need
    it. Raises StoreBusyError when a writer holds the lake.
    """
    with open_lake(settings) as lake, lake.session.cursor() as cursor:
        with writer_lock(settings):
            snapshots = _expirable(cursor, {int(number) for number in pinned}, expire_before)
            if not is_dry_run:
                _expire(cursor, snapshots)
        merged = merge_small_files(lake.session, is_dry_run=is_dry_run)
        with writer_lock(settings):
            expired = _delete_unused(cursor, settings, settled_before, is_dry_run=is_dry_run)
            orphaned = _delete(cursor, "ducklake_delete_orphaned_files", settled_before, is_dry_run=is_dry_run)
            if not is_dry_run:
                forget_statistics(cursor, settings)
    return RemovedFromLake(
        snapshots=len(snapshots), expired_files=expired, orphaned_files=orphaned, merged_files=merged
    )


def load_snapshots(session: LakeSession) -> tuple[int, ...]:
    """Numbers of all readable snapshots, in order."""
    with session.cursor() as cursor:
        rows = cursor.execute("SELECT snapshot_id FROM ducklake_snapshots('lake') ORDER BY ALL").fetchall()
    return tuple(int(row[0]) for row in rows)


def _expirable(cursor: Cursor, pinned: set[int], before: datetime) -> list[int]:
    statement = (
        "SELECT snapshot_id FROM ducklake_snapshots('lake') "
        "WHERE snapshot_time < $before AND snapshot_id < (SELECT max(snapshot_id) FROM ducklake_snapshots('lake'))"
    )
    found = cursor.execute(statement, {"before": before}).fetchall()
    return sorted(int(row[0]) for row in found if int(row[0]) not in pinned)


def _expire(cursor: Cursor, snapshots: list[int]) -> None:
    for start in range(0, len(snapshots), _BATCH):
        cursor.execute(
            "CALL ducklake_expire_snapshots('lake', versions => $versions)",
            {"versions": snapshots[start : start + _BATCH]},
        )


def _delete_unused(cursor: Cursor, settings: Settings, before: datetime, *, is_dry_run: bool) -> int:
    """Delete the files that have had no snapshot since ``before``; their number.

    In SQLite, DuckLake compares these times as texts, and writes its own with a space where the other has a T: all
    files of the day of ``before`` would count as older.
    """
    files = f"{metadata_tables(settings)}.ducklake_files_scheduled_for_deletion"
    if is_dry_run:
        older = f"SELECT count(*) FROM {files} WHERE schedule_start::TIMESTAMPTZ < $before"  # noqa: S608 - a constant
        row = cursor.execute(older, {"before": before}).fetchone()
        return int(row[0]) if row else 0
    if settings.database_url is None:
        cursor.execute(f"UPDATE {files} SET schedule_start = replace(schedule_start, ' ', 'T')")  # noqa: S608
    return _delete(cursor, "ducklake_cleanup_old_files", before, is_dry_run=False)


def _delete(cursor: Cursor, function: str, before: datetime, *, is_dry_run: bool) -> int:
    statement = f"CALL {function}('lake', older_than => $before, dry_run => {is_dry_run})"
    return len(cursor.execute(statement, {"before": before}).fetchall())
