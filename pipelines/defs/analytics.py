"""Assets of analytics: ages of failing findings, remediations, risk, and causes of score changes."""

from collections.abc import Iterator

import dagster as dg

from pipelines.automation import DAY_IS_ASSESSED
from pipelines.defs.checks import CHECK_TALLIES
from pipelines.defs.ingest import OWNERS
from pipelines.defs.posture import FINDING_STATE, FRESH, SCAN_COVERAGE
from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.lineage import column_lineage
from pipelines.metadata import describe_analytics, tell_days
from pipelines.partitions import days_of, scan_days
from pipelines.resources import CoreResource
from pipelines.tables import table_metadata
from policycortex.workflow.analytics_days import rebuild_analytics

FAILING_SINCE = dg.AssetKey(["core", "failing_since"])
REMEDIATIONS = dg.AssetKey(["marts", "remediations"])
RISK = dg.AssetKey(["marts", "risk"])
CHANGES = dg.AssetKey(["marts", "changes"])
ANALYTICS = (FAILING_SINCE, REMEDIATIONS, RISK, CHANGES)


def _spec(key: dg.AssetKey, description: str, *deps: dg.AssetKey) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=key,
        description=description,
        deps=deps,
        kinds={"ducklake", "parquet"},
        owners=OWNERS,
        metadata=table_metadata(key),
        freshness_policy=FRESH,
        automation_condition=DAY_IS_ASSESSED,
    )


@dg.multi_asset(
    name="analytics",
    specs=[
        _spec(
            FAILING_SINCE,
            "Failing findings of the day, with the day since which they have failed.",
            FINDING_STATE,
            SCAN_COVERAGE,
        ),
        _spec(REMEDIATIONS, "Findings that stopped failing: remediated, or no longer scanned.", FAILING_SINCE),
        _spec(
            RISK,
            "Risk of the day from 0 to 100 with its parts, in total and by dimension.",
            FAILING_SINCE,
            CHECK_TALLIES,
        ),
        _spec(
            CHANGES,
            "Causes of each framework's score change since the last scanned day; exact.",
            FINDING_STATE,
        ),
    ],
    group_name="analytics",
    partitions_def=scan_days,
    backfill_policy=dg.BackfillPolicy.single_run(),
    can_subset=False,
    pool="lake",
    retry_policy=RETRY_TRANSIENT,
)
def analytics(context: dg.AssetExecutionContext, core: CoreResource) -> Iterator[dg.MaterializeResult[None]]:
    """Replace the days of the run's window, and later scanned days that depend on them."""
    with core_errors_as_failures(core):
        built = rebuild_analytics(core.settings(), days_of(context))
    facts = describe_analytics(built)
    for key in ANALYTICS:
        yield dg.MaterializeResult(asset_key=key, metadata=tell_days(context, key, facts) | column_lineage(key))
