"""The sensor that assesses days after their imports."""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.ingest import FINDINGS
from pipelines.defs.jobs import ingest_findings, refresh_posture
from pipelines.partitions import windows_of

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
