"""Hourly jobs: export the audit log, expire reports."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.resources import CoreResource
from policycortex.names import TAG_GROUP, UPKEEP
from policycortex.workflow.audit_export import export_audit_logs, retire_audit_records
from policycortex.workflow.retention import expire_reports, has_due_expiries


@dg.op(name="ship_trail", retry_policy=RETRY_TRANSIENT, description="Exports the new records of each audit log.")
def ship_trail(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """Export, then remove records that are past their retention. Does nothing where neither is set."""
    with core_errors_as_failures(core):
        exported = export_audit_logs(core.settings(), now=datetime.now(UTC))
        retired = retire_audit_records(core.settings(), now=datetime.now(UTC))
    context.add_output_metadata(
        {"files": [file.name for file in exported], "records_retired": sum(retired.values()), "count": len(exported)}
    )


@dg.op(name="expire", retry_policy=RETRY_TRANSIENT, description="Expires reports that are past their retention.")
def expire(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """Removes their files and links; the records in the audit log stay."""
    with core_errors_as_failures(core):
        summary = expire_reports(core.settings(), now=datetime.now(UTC))
    context.add_output_metadata({"expired": list(summary.expired), "cleared": summary.cleared})


@dg.job(
    name="export_audit_trail",
    tags={TAG_GROUP: UPKEEP},
    description="Export the audit log to POLICYCORTEX_TRAIL_EXPORT.",
)
def export_audit_trail() -> None:
    """One op."""
    ship_trail()


@dg.job(name="expire_reports", tags={TAG_GROUP: UPKEEP}, description="Expire reports that are past their retention.")
def expire_due_reports() -> None:
    """One op."""
    expire()


@dg.schedule(
    name="hourly_trail",
    job=export_audit_trail,
    cron_schedule="7 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each hour, exports the new records of the audit log, so that a truncated log can be detected.",
)
def hourly_trail(core: CoreResource) -> dg.RunRequest | dg.SkipReason:
    """No run where neither an export nor a retention is set: it would do nothing, 8,760 times a year."""
    with core_errors_as_failures(core):
        settings = core.settings()
    if settings.trail_export is None and settings.trail_retention_days is None:
        return dg.SkipReason("POLICYCORTEX_TRAIL_EXPORT and POLICYCORTEX_TRAIL_RETENTION_DAYS are not set")
    return dg.RunRequest()


@dg.schedule(
    name="hourly_retention",
    job=expire_due_reports,
    cron_schedule="37 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each hour, removes files and links of reports that are past their retention.",
)
def hourly_retention(core: CoreResource) -> dg.RunRequest | dg.SkipReason:
    """No run where no report is due and no files are left."""
    with core_errors_as_failures(core):
        is_due = has_due_expiries(core.settings(), now=datetime.now(UTC))
    return dg.RunRequest() if is_due else dg.SkipReason("no report is past its retention")
