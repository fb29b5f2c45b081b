"""``policycortex ingest``: imports files and refreshes the posture of the affected days, as runs of Dagster."""

import sys
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from pipelines.defs.ingest import FINDINGS, IMPORTS, QUARANTINE
from pipelines.defs.sensors import TAG_FOLLOWED
from pipelines.partitions import range_tags, today, windows_of
from policycortex.names import TAG_ORGANIZATION
from policycortex.settings import Settings
from policycortex.storage.objects.locations import is_object_url
from policycortex.workflow.ingest import check_locations
from policycortex_cli.runs import HomeRuns, home_runs


def ingest_paths(settings: Settings, paths: Sequence[Path | str], *, organization: str) -> None:
    """Import and refresh; prints the totals. Raises InputError for files without findings before it creates a home."""
    check_locations(paths)
    with home_runs(settings) as runs:
        import_and_refresh(runs, paths, organization=organization)


def import_and_refresh(runs: HomeRuns, paths: Sequence[Path | str], *, organization: str) -> None:
    """Run the two jobs of an ingest, one after the other."""
    given = [str(p) if is_object_url(str(p)) else str(Path(p).absolute()) for p in paths]
    config = {"imports": {"config": {"paths": given, "organization": organization}}}
    tags = {TAG_ORGANIZATION: organization, TAG_FOLLOWED: "inline"}
    done = runs.execute("ingest_findings", config=config, tags=tags)
    days = [
        event.partition for event in done.all_events if event.is_step_materialization and event.asset_key == FINDINGS
    ]
    for first, last in windows_of((day for day in days if day), today=today()):
        print(f"assessing {first} to {last}", file=sys.stderr)
        runs.execute("refresh_posture", tags={TAG_ORGANIZATION: organization} | range_tags(first, last))
    _print_counts(done)
    _print_reasons(done)


def _print_counts(done: dg.ExecuteInProcessResult) -> None:
    metadata = next(
        e.materialization.metadata for e in done.all_events if e.is_step_materialization and e.asset_key == IMPORTS
    )
    numbers = {name: metadata[name].value for name in ("records_read", "records_kept", "records_quarantined")}
    read, kept, quarantined = numbers.values()
    print(f"kept {kept} of {read}, quarantined {quarantined}")


def _print_reasons(done: dg.ExecuteInProcessResult) -> None:
    """Print the first three reasons of each file with quarantined records."""
    metadata = next(
        e.materialization.metadata for e in done.all_events if e.is_step_materialization and e.asset_key == QUARANTINE
    )
    files = metadata["files"].value
    for record in files.records if isinstance(files, dg.TableMetadataValue) else ():
        print(f"{record.data['file']}: {record.data['first reasons']}", file=sys.stderr)
