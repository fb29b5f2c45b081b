"""Sensors: posture after imports, and failed report runs. The landing zone has a module of its own."""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.ingest import FINDINGS
from pipelines.defs.jobs import ingest_findings, make_report, refresh_posture
from pipelines.partitions import windows_of
from pipelines.resources import CoreResource
from policycortex.names import OWN_FAILURES, TAG_FAILURE_REASON, TAG_REPORT, TAG_WILL_RETRY
from policycortex.workflow.reports import fail_report

TAG_FOLLOWED = "policycortex/posture"
"""Run tag; ``inline`` on an import whose caller refreshes the posture itself."""


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[ingest_findings],
    request_job=refresh_posture,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After an import, rebuilds and assesses the affected days: one run per range of days.",
)
def posture_follows_imports(context: dg.RunStatusSensorContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Reads the affected days from the import's materializations."""
    run = context.dagster_run
    if run.tags.get(TAG_FOLLOWED) == "inline":
        yield dg.SkipReason("the caller of this import refreshes the posture itself")
        return
    logs = context.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    events = [log.get_dagster_event() for log in logs]
    days = [event.partition for event in events if event.asset_key == FINDINGS]
    for window in windows_of(context.instance, (day for day in days if day)):
        yield dg.RunRequest(run_key=f"{run.run_id}:{window.start}", tags=window.tags)


@dg.run_failure_sensor(
    monitored_jobs=[make_report],
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks a report failed, with the reason, when its run failed and could not do so itself.",
)
def failed_reports(context: dg.RunFailureSensorContext, core: CoreResource) -> None:
    """A run that was lost (killed, or never started) is followed by another run, so its report stays open."""
    tags = context.dagster_run.tags
    is_own = tags.get(TAG_FAILURE_REASON) in OWN_FAILURES and tags.get(TAG_WILL_RETRY) != "true"
    if is_own and TAG_REPORT in tags:
        fail_report(core.settings(), tags[TAG_REPORT], context.failure_event.message or "the run failed")
