"""What keeps proof and house in order by the hour: the audit trail leaves, and what is past its time goes."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.resources import CoreResource
from policycortex.workflow.audit_export import export_trails, retire_trails
from policycortex.workflow.retention import expire_reports


@dg.op(name="ship_trail", retry_policy=RETRY_TRANSIENT, description="Copies what is new of every trail to its target.")
def ship_trail(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """Nothing to do where no target is set; then the oldest records go, if they may."""
    with core_errors_as_failures(core):
        exported = export_trails(core.settings(), now=datetime.now(UTC))
        retired = retire_trails(core.settings(), now=datetime.now(UTC))
    context.add_output_metadata(
        {"files": [file.name for file in exported], "records_retired": sum(retired.values()), "count": len(exported)}
    )


@dg.op(name="expire", retry_policy=RETRY_TRANSIENT, description="Expires reports whose time has come.")
def expire(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """Their files, links and copies go; the trail's record stays."""
    with core_errors_as_failures(core):
        summary = expire_reports(core.settings(), now=datetime.now(UTC))
    context.add_output_metadata({"expired": list(summary.expired), "cleared": summary.cleared})


@dg.job(name="export_audit_trail", description="Copy the audit trail to POLICYCORTEX_TRAIL_EXPORT.")
def export_audit_trail() -> None:
    """One op."""
    ship_trail()


@dg.job(name="expire_reports", description="Remove reports that are past their time.")
def expire_due_reports() -> None:
    """One op."""
    expire()


hourly_trail = dg.ScheduleDefinition(
    name="hourly_trail",
    job=export_audit_trail,
    cron_schedule="7 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each hour the new records leave the house, so that cutting the trail's tail shows.",
)

hourly_retention = dg.ScheduleDefinition(
    name="hourly_retention",
    job=expire_due_reports,
    cron_schedule="37 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each hour reports that are past their time lose their files and links.",
)
