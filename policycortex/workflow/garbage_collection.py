"""Removes files and snapshots that nothing refers to. Files that may still be needed stay.

A report stores its files before its row names them, so files of open reports stay. The row of an ended report gets no
more files. After an interruption the next call finds the rest.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from policycortex.settings import Settings
from policycortex.storage.lake.attach import SPILL_PREFIX, scratch_dir
from policycortex.storage.lake.imports import sweep_imports
from policycortex.storage.lake.maintenance import clean_lake
from policycortex.storage.objects.artifact_keys import ListedFile
from policycortex.storage.objects.artifacts import PART_PREFIX, open_artifacts
from policycortex.storage.objects.landing import open_landing
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.sqlite_space import embedded_databases, release_space

KEEP_DAYS: Final = 30.0
"""Days that a snapshot without reports is kept."""

GRACE_HOURS: Final = 24.0
"""Hours that an unreferenced file is kept: far longer than the longest run."""

SCRATCH_PREFIX: Final = "policycortex-"
"""Prefix of temporary folders of reports and deliveries."""

_REPORTS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """What was removed, or would be in a dry run."""

    artifact_files: int
    artifact_bytes: int
    snapshots: int
    lake_files: int
    merged_files: int
    """Small files of the lake whose rows were written into fewer ones."""
    scratch: int
    """Temporary files and folders of runs that died."""
    landed_files: int
    """Imported and parked files of the landing zone that are past their time."""
    access_rows: int
    """Rows of the access log that are past the retention of the audit log."""
    record_rows: int
    """Rows of the registry about what ended long ago: alerts, events, links, uploads, ticks without a report."""
    released_bytes: int
    """Space that SQLite files of the home held for deleted rows."""
    missing_files: int
    """Files that completed reports name and the store no longer has. Nothing is changed about them."""


def collect_garbage(
    settings: Settings,
    *,
    now: datetime,
    keep: timedelta = timedelta(days=KEEP_DAYS),
    grace: timedelta = timedelta(hours=GRACE_HOURS),
    is_dry_run: bool = False,
) -> Garbage:
    """Remove unreferenced files that did not change for ``grace``, and snapshots without reports after ``keep``.

    Raises StoreBusyError while a writer holds the lake, UnavailableError when a store does not answer.
    """
    settled = now - grace
    with closing(open_registry(settings)) as registry:
        missing = _count_missing(settings, registry)
        files, size = _collect_artifacts(settings, registry, settled, is_dry_run=is_dry_run)
        pinned = registry.references.load_pinned_snapshots()
        access_rows = _collect_access(settings, registry, now, is_dry_run=is_dry_run)
        history = now - timedelta(days=settings.record_history_days)
        record_rows = registry.history.remove_before(history, is_dry_run=is_dry_run)
    lake = clean_lake(
        settings, pinned=pinned, expire_before=now - max(keep, grace), settled_before=settled, is_dry_run=is_dry_run
    )
    return Garbage(
        artifact_files=files,
        artifact_bytes=size,
        snapshots=lake.snapshots,
        lake_files=lake.expired_files + lake.orphaned_files,
        merged_files=lake.merged_files,
        scratch=_collect_scratch(settings, settled, is_dry_run=is_dry_run),
        landed_files=_collect_landed(settings, now, is_dry_run=is_dry_run),
        access_rows=access_rows,
        record_rows=record_rows,
        released_bytes=sum(release_space(path, is_dry_run=is_dry_run) for path in embedded_databases(settings)),
        missing_files=missing,
    )


def _collect_access(settings: Settings, registry: Registry, now: datetime, *, is_dry_run: bool) -> int:
    """The access log has no chain, so that it needs no record of what was removed."""
    if settings.trail_retention_days is None:
        return 0
    before = now - timedelta(days=settings.trail_retention_days)
    return registry.access_log.remove_before(before, is_dry_run=is_dry_run)


def _collect_landed(settings: Settings, now: datetime, *, is_dry_run: bool) -> int:
    landing, count = open_landing(settings), 0
    before = now - timedelta(days=settings.landing_history_days)
    for file in landing.list_processed():
        if file.modified_at < before:
            count += 1
            if not is_dry_run:
                landing.remove(file)
    return count


def _count_missing(settings: Settings, registry: Registry) -> int:
    """Compare with a listing, which costs fewer requests than a question for each file; ask again for what it lacks."""
    store = open_artifacts(settings)
    stored = {file.key for file in store.list_files()}
    named = registry.migration.list_stored_files()
    return sum(file.key not in stored and not store.has_file(file.key, file.size_bytes) for file in named)


def _collect_artifacts(
    settings: Settings, registry: Registry, settled: datetime, *, is_dry_run: bool
) -> tuple[int, int]:
    store, count, size = open_artifacts(settings), 0, 0
    for reports in _by_report(store.list_files()):
        # after the listing, so that files named since then are known
        known = registry.references.load_report_files(tuple(reports))
        for report_id, files in reports.items():
            report = known.get(report_id)
            for file in files:
                is_part = file.key.rpartition("/")[2].startswith(PART_PREFIX)
                is_wanted = report is not None and (file.key in report.keys or (report.is_open and not is_part))
                if is_wanted or file.modified_at >= settled:
                    continue
                count, size = count + 1, size + file.size_bytes
                if not is_dry_run:
                    store.delete_file(file)
    return count, size


def _by_report(files: Iterator[ListedFile]) -> Iterator[dict[str, list[ListedFile]]]:
    """The files, grouped by report, some hundred reports at a time."""
    held: dict[str, list[ListedFile]] = {}
    for file in files:
        report_id = file.key.partition("/")[0]
        if report_id not in held and len(held) >= _REPORTS_AT_ONCE:
            yield held
            held = {}
        held.setdefault(report_id, []).append(file)
    if held:
        yield held


def _collect_scratch(settings: Settings, settled: datetime, *, is_dry_run: bool) -> int:
    """Remove what killed runs left: folders in the system's temporary folder, and DuckDB's temporary files."""
    spilled = scratch_dir(settings).glob(f"{SPILL_PREFIX}*")
    abandoned = Path(tempfile.gettempdir()).glob(f"{SCRATCH_PREFIX}*")
    old = [path for path in (*spilled, *abandoned) if _is_abandoned(path, settled)]
    if is_dry_run:
        return len(old)
    for path in old:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(old) + sweep_imports(settings)


def _is_abandoned(path: Path, settled: datetime) -> bool:
    """A folder is as old as the newest of its files: a running process may still write to them."""
    try:
        found = path.lstat()
        within = [each.lstat().st_mtime for each in path.iterdir()] if stat.S_ISDIR(found.st_mode) else []
    except OSError:
        return False
    return found.st_uid == os.getuid() and datetime.fromtimestamp(max(found.st_mtime, *within), UTC) < settled
