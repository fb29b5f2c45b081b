"""Monthly reports: one per closed month and framework, made without a request, for history, audits and backfills."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.defs.ingest import OWNERS
from pipelines.defs.posture import FRAMEWORK_SCORES, REQUIREMENT_RESULTS
from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.metadata import describe_monthly
from pipelines.partitions import monthly_partitions_of, monthly_periods
from pipelines.resources import CoreResource
from policycortex.names import DEFAULT_ORGANIZATION, TAG_ORGANIZATION, ReportFormat, ReportType
from policycortex.workflow.monthly import MonthlyReportOptions, make_monthly_report

MONTHLY = dg.AssetKey(["reports", "standing"])
"""The key is the one of version 0.1: the history of materializations is stored under it."""


class MonthlyReportConfig(dg.Config):
    """Organisation, type and formats of the reports."""

    organization: str = DEFAULT_ORGANIZATION
    type: str = ReportType.COMPLIANCE.value
    formats: list[str] = [ReportFormat.PDF.value, ReportFormat.CSV.value, ReportFormat.JSON.value]  # noqa: RUF012 - Dagster copies it

    def options(self) -> MonthlyReportOptions:
        """The core's form of it. Raises ValueError on an unknown type or format."""
        return MonthlyReportOptions(
            organization=self.organization,
            type=ReportType(self.type),
            formats=tuple(ReportFormat(name) for name in self.formats),
        )


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
    partitions_def=monthly_periods,
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool="monthly_reports",
    retry_policy=RETRY_TRANSIENT,
)
def monthly_reports(
    context: dg.AssetExecutionContext, config: MonthlyReportConfig, core: CoreResource
) -> dg.MaterializeResult[None]:
    """Make the missing reports of the run's months; a run that was killed continues where it stopped."""
    made = []
    # The runs of a backfill have its organisation as a tag, because Dagster passes configuration to some of them only.
    organization = context.run.tags.get(TAG_ORGANIZATION, config.organization)
    own_config = config.model_copy(update={"organization": organization})
    with core_errors_as_failures(core):
        for part in monthly_partitions_of(context):
            report = make_monthly_report(
                core.settings(),
                part.month,
                part.framework_id,
                options=own_config.options(),
                run_id=context.run.run_id,
                now=datetime.now(UTC),
                progress=context.log.info,
            )
            made.append(report)
            context.add_asset_metadata(describe_monthly([report]), asset_key=MONTHLY, partition_key=part.key)
    counts = {"reports": len(made), "new": sum(report.is_new for report in made)}
    return dg.MaterializeResult(asset_key=MONTHLY, metadata=counts)
