"""What the daemon watches: files that land, days that change, report runs that end without having said so."""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import dagster as dg

from pipelines.defs.ingest import FINDINGS, ImportConfig
from pipelines.defs.jobs import ingest_findings, make_report, refresh_posture
from pipelines.partitions import range_tags, today, windows_of
from pipelines.resources import CoreResource
from policycortex import workflow
from policycortex.names import DEFAULT_ORGANIZATION, TAG_ORGANIZATION, TAG_REPORT

TAG_FOLLOWED = "policycortex/posture"
"""Set to ``inline`` on an import whose caller refreshes the posture itself."""

_SETTLED_SECONDS: Final = 5
"""A file untouched for so long is complete: writers that pause longer should rename into place."""


@dg.sensor(
    job=ingest_findings,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Imports files put into <home>/landing/<organisation>/ (or landing/ itself), once they stop growing.",
)
def landing_zone(core: CoreResource) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per file; the run key holds size and time, so a file that changed is imported again."""
    folder = core.settings().home / "landing"
    settled = datetime.now(UTC).timestamp() - _SETTLED_SECONDS
    found = [(path, path.stat()) for path in sorted(folder.rglob("*")) if not path.name.startswith(".")]
    files = [(path, state) for path, state in found if stat.S_ISREG(state.st_mode) and state.st_mtime < settled]
    for path, state in files:
        organization = _organization_of(path, folder)
        yield dg.RunRequest(
            run_key=f"{path.relative_to(folder)}:{state.st_size}:{state.st_mtime_ns}",
            run_config=dg.RunConfig(ops={"imports": ImportConfig(paths=[str(path)], organization=organization)}),
            tags={TAG_ORGANIZATION: organization},
        )
    if not files:
        yield dg.SkipReason(f"nothing has landed in {folder}")


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[ingest_findings],
    request_job=refresh_posture,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After an import, rebuilds and judges the days it touched: one run per stretch of days.",
)
def posture_follows_imports(context: dg.RunStatusSensorContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Reads the touched days from the import's own materializations."""
    run = context.dagster_run
    if run.tags.get(TAG_FOLLOWED) == "inline":
        yield dg.SkipReason("whoever started this import refreshes the posture itself")
        return
    logs = context.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    events = [log.get_dagster_event() for log in logs]
    days = [event.partition for event in events if event.asset_key == FINDINGS]
    for first, last in windows_of((day for day in days if day), today=today()):
        yield dg.RunRequest(run_key=f"{run.run_id}:{first}", tags=range_tags(first, last))


@dg.run_failure_sensor(
    monitored_jobs=[make_report],
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks a report failed, with the reason, when its run ended without doing so itself (a killed worker).",
)
def failed_reports(context: dg.RunFailureSensorContext, core: CoreResource) -> None:
    """A run that Dagster will try again is left alone: its report is still on the way."""
    run = context.dagster_run
    if run.tags.get("dagster/will_retry") != "true" and TAG_REPORT in run.tags:
        workflow.fail_report(core.settings(), run.tags[TAG_REPORT], context.failure_event.message or "the run failed")


def _organization_of(path: Path, folder: Path) -> str:
    parts = path.relative_to(folder).parts
    return parts[0] if len(parts) > 1 else DEFAULT_ORGANIZATION
