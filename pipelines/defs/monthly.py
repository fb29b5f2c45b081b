"""Monthly reports: one per closed month and framework, made without a request, for history, audits and backfills."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from pipelines.defs.ingest import OWNERS
from pipelines.defs.posture import FRAMEWORK_SCORES, REQUIREMENT_RESULTS
from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.metadata import Metadata, describe_monthly
from pipelines.partitions import monthly_periods
from pipelines.report_facts import describe_made
from pipelines.report_keys import MONTHLY, monthly_partitions_of
from pipelines.resources import CoreResource
from pipelines.run_config import MONTHLY_REPORTS, config_of
from policycortex.names import TAG_ORGANIZATION, CrosswalkEdition, ReportFormat, ReportType
from policycortex.workflow.monthly import MonthlyReportOptions, MonthlyReportResult, make_monthly_report


@dg.multi_asset(
    name="monthly_reports",
    specs=[
        dg.AssetSpec(
            key=MONTHLY,
            deps=[
                dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping())
                for key in (REQUIREMENT_RESULTS, FRAMEWORK_SCORES)
            ],
            description="Monthly reports: one per closed month and framework. An existing report is kept where nothing "
            "changed since it was made; otherwise a new report is added.",
            owners=OWNERS,
            kinds={"pdf", "csv", "json"},
        )
    ],
    group_name="reports",
    config_schema=MONTHLY_REPORTS,
    partitions_def=monthly_periods,
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool="monthly_reports",
    retry_policy=RETRY_TRANSIENT,
)
def monthly_reports(context: dg.AssetExecutionContext, core: CoreResource) -> dg.MaterializeResult[None]:
    """Make the missing reports of the run's months; a run that was killed continues where it stopped."""
    made = []
    # The runs of a backfill have its organisation as a tag, because Dagster passes configuration to some of them only.
    config = config_of(context)
    organization = context.run.tags.get(TAG_ORGANIZATION, config["organization"])
    with core_errors_as_failures(core):
        for part in monthly_partitions_of(context):
            report = make_monthly_report(
                core.settings(),
                part.month,
                part.framework_id,
                options=_options(config, organization),
                run_id=context.run.run_id,
                now=datetime.now(UTC),
                progress=context.log.info,
            )
            made.append(report)
            context.add_asset_metadata(_describe(core, report), asset_key=MONTHLY, partition_key=part.key)
    counts = {"reports": len(made), "new": sum(report.is_new for report in made)}
    return dg.MaterializeResult(asset_key=MONTHLY, metadata=counts)


def _describe(core: CoreResource, made: MonthlyReportResult) -> Metadata:
    """What every report shows, and the score as text, which the command line prints."""
    return describe_made(core.settings(), made.report) | describe_monthly([made])


def _options(config: Mapping[str, Any], organization: str) -> MonthlyReportOptions:
    """The core's form of the configuration. Raises ValueError on an unknown type, format or edition."""
    return MonthlyReportOptions(
        organization=organization,
        type=ReportType(config["type"]),
        formats=tuple(ReportFormat(name) for name in config["formats"]),
        crosswalk=CrosswalkEdition(config["crosswalk"]),
    )
