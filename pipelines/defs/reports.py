"""The asset of report files: one materialization per requested report."""

from contextlib import closing
from datetime import UTC, datetime

import dagster as dg

from pipelines.defs.ingest import OWNERS
from pipelines.defs.posture import FRAMEWORK_SCORES, REQUIREMENT_RESULTS
from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures, is_last_attempt
from pipelines.partitions import report_periods
from pipelines.report_facts import describe_completed, report_tags
from pipelines.resources import CoreResource
from pipelines.run_config import REPORT, config_of
from pipelines.run_traces import report_span
from policycortex.names import ReportStatus
from policycortex.requests.model import request_from_json
from policycortex.settings import Settings
from policycortex.storage.registry import ReportRow, open_registry
from policycortex.workflow.reports import fail_report, produce_report

ARTIFACTS = dg.AssetKey(["reports", "artifacts"])


@dg.asset(
    key=ARTIFACTS,
    deps=[
        dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping()) for key in (REQUIREMENT_RESULTS, FRAMEWORK_SCORES)
    ],
    group_name="reports",
    config_schema=REPORT,
    partitions_def=report_periods,
    owners=OWNERS,
    kinds={"pdf", "excel", "json"},
    retry_policy=RETRY_TRANSIENT,
)
def artifacts(context: dg.AssetExecutionContext, core: CoreResource) -> dg.MaterializeResult[None]:
    """The files of one requested report, with their digests. The partition names period, framework, type and scope."""
    settings, report_id = core.settings(), config_of(context)["report_id"]
    try:
        facts = {"policycortex.report_id": report_id, "policycortex.attempt": context.retry_number + 1}
        with core_errors_as_failures(core), report_span(context, settings, facts):
            row, change_points = _produce(context, settings, report_id)
    except dg.Failure as failure:
        if is_last_attempt(failure, context.retry_number):
            reason = failure.description or "the run failed"
            if fail_report(settings, report_id, reason) is ReportStatus.CANCELLED:
                # The report was cancelled before Dagster received the cancellation: the run has to end as canceled.
                context.instance.report_run_canceling(context.run, "The report was cancelled.")
        raise
    return dg.MaterializeResult(metadata=describe_completed(settings, row, change_points=change_points))


def _produce(context: dg.AssetExecutionContext, settings: Settings, report_id: str) -> tuple[ReportRow, float | None]:
    """The completed report. One that an earlier run completed before it was killed is not made again."""
    with closing(open_registry(settings)) as registry:
        row = registry.reports.find_report(report_id)
    context.instance.add_run_tags(context.run.run_id, report_tags(request_from_json(row.order), report_id))
    if row.status is ReportStatus.COMPLETED:
        context.log.info(
            "run %s completed report %s at %s; nothing is left to do", row.run_id, report_id, row.completed_at
        )
        return row, None
    produced = produce_report(
        settings, report_id, run_id=context.run.run_id, now=datetime.now(UTC), progress=context.log.info
    )
    with closing(open_registry(settings)) as registry:
        return registry.reports.find_report(report_id), produced.change_points
