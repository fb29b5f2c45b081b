"""``policycortex ingest``: imports files and refreshes the posture of the affected days, as runs of Dagster."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import dagster as dg

from pipelines.defs.ingest import FINDINGS, IMPORTS
from pipelines.defs.sensors import TAG_FOLLOWED
from pipelines.partitions import windows_of
from policycortex.errors import InputError
from policycortex.names import TAG_ORGANIZATION
from policycortex.settings import Settings
from policycortex.storage.objects.locations import is_object_url
from policycortex.workflow.ingest import FAILURES, FileOutcome, check_locations
from policycortex_cli.runs import HomeRuns, home_runs

_COUNTS: Final = ("records_read", "records_kept", "records_quarantined")
_OUTCOMES: Final = (
    (FileOutcome.CLEAN.value, "0 findings, scan recorded"),
    (FileOutcome.UNREADABLE.value, "all records in quarantine"),
    (FileOutcome.NO_RESULTS.value, "no findings and no clean scan"),
    (FileOutcome.STOPPED.value, "too many bad records, reading stopped"),
    (FileOutcome.FAILED.value, "not imported"),
    (FileOutcome.SKIPPED.value, "skipped, no findings files"),
)
_MOST_NAMES: Final = 20
"""File names of one outcome in the last line; a folder may have a million files that are no findings."""


def ingest_paths(settings: Settings, paths: Sequence[Path | str], *, organization: str, target: str = "") -> None:
    """Import and refresh; prints the totals. Raises InputError for files without findings before it creates a home."""
    check_locations(paths)
    with home_runs(settings) as runs:
        import_and_refresh(runs, paths, organization=organization, target=target)


def import_and_refresh(runs: HomeRuns, paths: Sequence[Path | str], *, organization: str, target: str = "") -> None:
    """The two jobs of an ingest, one after the other. Raises InputError at the end if a file was not imported."""
    given = [str(p) if is_object_url(str(p)) else str(Path(p).absolute()) for p in paths]
    config = {"imports": {"config": {"paths": given, "organization": organization, "target": target}}}
    tags = {TAG_ORGANIZATION: organization, TAG_FOLLOWED: "inline"}
    done = runs.execute("ingest_findings", config=config, tags=tags)
    days = [
        event.partition for event in done.all_events if event.is_step_materialization and event.asset_key == FINDINGS
    ]
    for window in windows_of(runs.instance, (day for day in days if day)):
        print(f"assessing {window}", file=sys.stderr)
        runs.execute("refresh_posture", tags={TAG_ORGANIZATION: organization} | window.tags)
    metadata = next(
        e.materialization.metadata for e in done.all_events if e.is_step_materialization and e.asset_key == IMPORTS
    )
    _print_results(metadata)


def _print_results(metadata: Mapping[str, dg.MetadataValue[Any]]) -> None:
    """Reasons, notes and scan targets on stderr; on stdout the totals, each file not plainly imported, and what counts
    nowhere.
    """
    outcomes: Any = metadata["outcomes"].value
    by_outcome: dict[str, list[str]] = {}
    for each in outcomes:
        by_outcome.setdefault(each["outcome"], []).append(each["file"])
        for text in (each["reason"], *each["notes"]):
            if text:
                print(f"{each['file']}: {text}", file=sys.stderr)
    if targets := metadata["scan_targets"].value:
        print(targets, file=sys.stderr)
    read, kept, quarantined = (metadata[name].value for name in _COUNTS)
    line = [f"kept {kept} of {read}, quarantined {quarantined}"]
    line += [f"{text}: {_names(by_outcome[name])}" for name, text in _OUTCOMES if name in by_outcome]
    print("; ".join(line))
    if "unrelated" in metadata:
        unrelated: Any = metadata["unrelated"].value
        print(*unrelated, sep="\n", end="\n" if unrelated else "")
    failed = [name for outcome in FAILURES for name in by_outcome.get(outcome, [])]
    if failed:
        raise InputError(f"{len(failed)} of {len(outcomes)} files gave no finding: {_names(failed)}; reasons above")


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")
