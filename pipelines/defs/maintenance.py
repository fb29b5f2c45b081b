"""Nightly removal of files and snapshots that are no longer referenced."""

from dataclasses import asdict
from datetime import UTC, datetime

import dagster as dg

from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.resources import CoreResource
from policycortex.workflow.garbage_collection import collect_garbage


@dg.op(
    name="collect",
    retry_policy=RETRY_TRANSIENT,
    pool="lake",
    description="Removes unreferenced report files, snapshots and files of the lake, and old temporary folders.",
)
def collect(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """The defaults of ``policycortex gc``: keep what is younger than a day, and snapshots of the last 30 days."""
    with core_errors_as_failures(core):
        removed = collect_garbage(core.settings(), now=datetime.now(UTC))
    if removed.missing_files:
        context.log.warning("files of completed reports are missing in the store: %d", removed.missing_files)
    context.add_output_metadata(asdict(removed))


@dg.job(
    name="remove_garbage",
    description="Remove unreferenced files and snapshots; `policycortex gc --dry-run` lists them.",
)
def remove_garbage() -> None:
    """One op."""
    collect()


nightly_upkeep = dg.ScheduleDefinition(
    name="nightly_upkeep",
    job=remove_garbage,
    cron_schedule="30 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each night, removes files and snapshots that are no longer referenced.",
)
