"""``policycortex gc``: removes unreferenced files, and prints one line per kind."""

from datetime import UTC, datetime, timedelta

from policycortex.settings import Settings
from policycortex.workflow.garbage_collection import collect_garbage


def remove_garbage(settings: Settings, *, keep_days: float, grace_hours: float, is_dry_run: bool) -> None:
    """Remove, and print what was removed."""
    found = collect_garbage(
        settings,
        now=datetime.now(UTC),
        keep=timedelta(days=keep_days),
        grace=timedelta(hours=grace_hours),
        is_dry_run=is_dry_run,
    )
    verb = "would remove" if is_dry_run else "removed"
    print(f"{verb} {found.artifact_files} artifact files ({found.artifact_bytes} bytes) that no report names")
    print(f"{verb} {found.snapshots} snapshots of the lake that no report was made from")
    print(f"{verb} {found.lake_files} files of the lake that no snapshot names")
    print(f"{'would merge' if is_dry_run else 'merged'} {found.merged_files} small files of the lake into fewer ones")
    print(f"{verb} {found.scratch} temporary files of runs that were killed")
    print(f"{verb} {found.landed_files} imported and parked files of the landing zone that are past their time")
    print(f"{verb} {found.access_rows} rows of the access log that are past the retention of the audit log")
    print(f"{verb} {found.record_rows} records of alerts, events, links, uploads and ticks that ended long ago")
    print(f"{verb} {found.released_bytes} bytes that databases of the home held for deleted rows")
    if found.missing_files:
        print(
            f"{found.missing_files} files of completed reports are missing; restore them, or request the reports again"
        )
