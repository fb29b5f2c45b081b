"""What removes, each night, the files and snapshots that nothing names any more."""

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
    description="Removes what nothing names: files of reports, snapshots and files of the lake, temporary folders.",
)
def collect(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """As ``policycortex gc`` does by default: what is younger than a day stays, snapshots for 30 days."""
    with core_errors_as_failures(core):
        removed = collect_garbage(core.settings(), now=datetime.now(UTC))
    context.add_output_metadata(asdict(removed))


@dg.job(name="remove_garbage", description="Free what nothing names any more; `policycortex gc --dry-run` tells what.")
def remove_garbage() -> None:
    """One op."""
    collect()


nightly_upkeep = dg.ScheduleDefinition(
    name="nightly_upkeep",
    job=remove_garbage,
    cron_schedule="30 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each night files and snapshots go that nothing names any more.",
)
