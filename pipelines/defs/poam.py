"""The asset of plans of action: numbers of weaknesses, given once."""

import dagster as dg

from pipelines.automation import DAY_IS_ASSESSED
from pipelines.defs.ingest import OWNERS
from pipelines.defs.posture import FINDING_STATE, SCAN_COVERAGE
from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.lineage import column_lineage
from pipelines.metadata import Metadata, table
from pipelines.partitions import known_days, scan_days
from pipelines.resources import CoreResource
from pipelines.tables import table_metadata
from policycortex.workflow.poam_numbers import number_all_weaknesses

POAM_ITEMS = dg.AssetKey(["core", "poam_items"])


@dg.multi_asset(
    name="poam_items",
    specs=[
        dg.AssetSpec(
            key=POAM_ITEMS,
            description="Numbers of weaknesses in plans of action: a check that fails in an account. Each run numbers "
            "what has no number yet, of any day; numbers that were given stay.",
            deps=[FINDING_STATE, SCAN_COVERAGE],
            kinds={"ducklake"},
            owners=OWNERS,
            metadata=table_metadata(POAM_ITEMS),
            automation_condition=DAY_IS_ASSESSED,
        )
    ],
    group_name="posture",
    partitions_def=scan_days,
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool="lake",
    retry_policy=RETRY_TRANSIENT,
)
def poam_items(context: dg.AssetExecutionContext, core: CoreResource) -> dg.MaterializeResult[None]:
    """Give a number to each weakness without one, of all days: those that no run has named yet are done, too."""
    with core_errors_as_failures(core):
        counts = number_all_weaknesses(core.settings())
    done = context.instance.get_materialized_partitions(POAM_ITEMS) | set(context.partition_keys)
    for day in known_days(context.instance):
        if day.isoformat() not in done:
            context.log_event(dg.AssetMaterialization(POAM_ITEMS, partition=day.isoformat()))
    rows = [(each.organization, each.open, each.closed, each.new_numbers) for each in counts]
    metadata: Metadata = {
        "open": sum(each.open for each in counts),
        "closed": sum(each.closed for each in counts),
        "new_numbers": sum(each.new_numbers for each in counts),
        "organizations": table(("organization", "open", "closed", "new numbers"), rows),
    }
    return dg.MaterializeResult(asset_key=POAM_ITEMS, metadata=metadata | column_lineage(POAM_ITEMS))
