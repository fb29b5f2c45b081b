"""``policycortex ingest``: import files, then rebuild and judge the days they touch, as runs the Dagster UI shows."""

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
    """Import and refresh; prints a line per file and the totals. Raises InputError before anything is made."""
    check_locations(paths)  # what is no findings at all is told at once, before a home is made for it
    with home_runs(settings) as runs:
        import_and_refresh(runs, paths, organization=organization)


def import_and_refresh(runs: HomeRuns, paths: Sequence[Path | str], *, organization: str) -> None:
    """The two jobs of an ingest, one after the other."""
    given = [str(p) if is_object_url(str(p)) else str(Path(p).absolute()) for p in paths]
    config = {"imports": {"config": {"paths": given, "organization": organization}}}
    tags = {TAG_ORGANIZATION: organization, TAG_FOLLOWED: "inline"}
    done = runs.execute("ingest_findings", config=config, tags=tags)
    days = [
        event.partition for event in done.all_events if event.is_step_materialization and event.asset_key == FINDINGS
    ]
    for first, last in windows_of((day for day in days if day), today=today()):
        print(f"judging {first} to {last}", file=sys.stderr)
        runs.execute("refresh_posture", tags={TAG_ORGANIZATION: organization} | range_tags(first, last))
    _print_counts(done)
    _print_reasons(done)


def _print_counts(done: dg.ExecuteInProcessResult) -> None:
    told = next(
        e.materialization.metadata for e in done.all_events if e.is_step_materialization and e.asset_key == IMPORTS
    )
    numbers = {name: told[name].value for name in ("records_read", "records_kept", "records_quarantined")}
    read, kept, quarantined = numbers.values()
    print(f"kept {kept} of {read}, quarantined {quarantined}")


def _print_reasons(done: dg.ExecuteInProcessResult) -> None:
    """Of each file with bad records the first three reasons; all of them are in ``policycortex quarantine``."""
    told = next(
        e.materialization.metadata for e in done.all_events if e.is_step_materialization and e.asset_key == QUARANTINE
    )
    files = told["files"].value
    for record in files.records if isinstance(files, dg.TableMetadataValue) else ():
        print(f"{record.data['file']}: {record.data['first reasons']}", file=sys.stderr)
