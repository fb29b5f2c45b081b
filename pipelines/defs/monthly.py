"""Reports that nobody has to order: one per closed month and framework, for history, audits and backfills."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.defs.ingest import OWNERS
from pipelines.defs.posture import FRAMEWORK_SCORES, REQUIREMENT_RESULTS
from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.metadata import describe_standing
from pipelines.partitions import standing_of, standing_periods
from pipelines.resources import CoreResource
from policycortex.names import DEFAULT_ORGANIZATION, TAG_ORGANIZATION, ReportFormat, ReportType
from policycortex.workflow.monthly import MonthlyReport, make_standing_report

STANDING = dg.AssetKey(["reports", "standing"])


class StandingConfig(dg.Config):
    """For whom, and as what."""

    organization: str = DEFAULT_ORGANIZATION
    type: str = ReportType.COMPLIANCE.value
    formats: list[str] = [ReportFormat.PDF.value, ReportFormat.CSV.value, ReportFormat.JSON.value]  # noqa: RUF012 - Dagster copies it

    def order(self) -> MonthlyReport:
        """As the core takes it. Raises ValueError on a word that is no type or format."""
        return MonthlyReport(
            organization=self.organization,
            type=ReportType(self.type),
            formats=tuple(ReportFormat(name) for name in self.formats),
        )


@dg.multi_asset(
    name="standing",
    specs=[
        dg.AssetSpec(
            key=STANDING,
            deps=[
                dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping())
                for key in (REQUIREMENT_RESULTS, FRAMEWORK_SCORES)
            ],
            description="One report per closed month and framework. Where nothing changed since it was made, it "
            "stays; else a new one joins it.",
            owners=OWNERS,
            kinds={"pdf", "csv", "json"},
        )
    ],
    group_name="reports",
    partitions_def=standing_periods,
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool="standing",
    retry_policy=RETRY_TRANSIENT,
)
def standing(
    context: dg.AssetExecutionContext, config: StandingConfig, core: CoreResource
) -> dg.MaterializeResult[None]:
    """Make what is missing of the run's months; a run that was killed goes on where it stopped."""
    made = []
    # A backfill's runs carry its organisation as a tag: Dagster hands no configuration to some of its runs only.
    for_whom = config.model_copy(update={"organization": context.run.tags.get(TAG_ORGANIZATION, config.organization)})
    with core_errors_as_failures(core):
        for part in standing_of(context):
            report = make_standing_report(
                core.settings(),
                part.month,
                part.framework_id,
                standing=for_whom.order(),
                run_id=context.run.run_id,
                now=datetime.now(UTC),
                progress=context.log.info,
            )
            made.append(report)
            context.add_asset_metadata(describe_standing([report]), asset_key=STANDING, partition_key=part.key)
    told = {"reports": len(made), "new": sum(report.is_new for report in made)}
    return dg.MaterializeResult(asset_key=STANDING, metadata=told)
