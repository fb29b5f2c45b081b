"""Nightly removal of files and snapshots that are no longer referenced, and of old records of Dagster."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Final

import dagster as dg

from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.platform.history import remove_history
from pipelines.resources import CoreResource
from pipelines.stored_days import add_stored_days
from policycortex.names import TAG_GROUP, UPKEEP
from policycortex.workflow.garbage_collection import collect_garbage

JOBS_WITHOUT_ASSETS: Final = (
    "deliver_reports",
    "send_alerts",
    "send_events",
    "find_events",
    "send_tickets",
    "plan_tickets",
    "export_audit_trail",
    "expire_reports",
    "note_attestations",
    "remove_garbage",
)


@dg.op(
    name="collect",
    retry_policy=RETRY_TRANSIENT,
    pool="lake",
    out=dg.Out(dg.Nothing),
    description="Removes unreferenced report files, snapshots and files of the lake, old temporary folders, and old "
    "files of the landing zone.",
)
def collect(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """The defaults of ``policycortex gc``: keep what is younger than a day, and snapshots of the last 30 days.

    Also adds days that Dagster should know as partitions and does not, such as those of a scanner's clock ahead.
    """
    with core_errors_as_failures(core):
        removed = collect_garbage(core.settings(), now=datetime.now(UTC))
        add_stored_days(context.instance, core.settings())
    if removed.missing_files:
        context.log.warning("files of completed reports are missing in the store: %d", removed.missing_files)
    context.add_output_metadata(asdict(removed))


@dg.op(
    name="trim_history",
    ins={"collected": dg.In(dg.Nothing)},
    description="Removes records of old deliveries, alerts and upkeep, and the output of old runs.",
)
def trim_history(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """Everything older than ``POLICYCORTEX_RUN_HISTORY_DAYS``."""
    with core_errors_as_failures(core):
        before = datetime.now(UTC) - timedelta(days=core.settings().run_history_days)
        removed = remove_history(context.instance, jobs=JOBS_WITHOUT_ASSETS, before=before)
    context.add_output_metadata(asdict(removed))


@dg.job(
    name="remove_garbage",
    tags={TAG_GROUP: UPKEEP},
    description="Remove unreferenced files, which `policycortex gc --dry-run` lists, and old records of runs.",
)
def remove_garbage() -> None:
    """Files first, because they are the larger part."""
    trim_history(collect())


nightly_upkeep = dg.ScheduleDefinition(
    name="nightly_upkeep",
    job=remove_garbage,
    cron_schedule="30 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each night, removes files and snapshots that are no longer referenced.",
)
