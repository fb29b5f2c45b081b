"""A team's own deployment: the product's definitions, and two assets of the team that read the product's tables."""

from contextlib import closing

import dagster as dg

from pipelines.definitions import policycortex_definitions
from pipelines.partitions import scan_days
from pipelines.resources import CoreResource

SCORES = dg.AssetKey(["marts", "framework_scores"])
STATE = dg.AssetKey(["core", "finding_state"])


@dg.asset(key=["team", "scores_of_week"], deps=[SCORES], group_name="team", kinds={"duckdb"})
def scores_of_week(core: CoreResource) -> dg.MaterializeResult[None]:
    """The newest score of each framework within the last seven days that have scores."""
    with closing(core.connect_lake()) as lake:
        rows = lake.execute("""
            SELECT framework_id, max_by(value_pct, observed_date)
            FROM lake.marts.framework_scores
            WHERE model = 'findings_pass_rate' AND edition = 'reviewed'
                AND observed_date > (SELECT max(observed_date) FROM lake.marts.framework_scores) - 7
            GROUP BY ALL
            HAVING max_by(value_pct, observed_date) IS NOT NULL
            ORDER BY ALL
        """).fetchall()
    return dg.MaterializeResult(metadata={"frameworks": len(rows), "scores": dict(rows)})


@dg.asset(
    key=["team", "failing_by_account"], deps=[STATE], group_name="team", kinds={"duckdb"}, partitions_def=scan_days
)
def failing_by_account(context: dg.AssetExecutionContext, core: CoreResource) -> dg.MaterializeResult[None]:
    """Failing findings of the day by account, without muted ones. The day is the partition, as that of the product."""
    with closing(core.connect_lake()) as lake:
        query = """
            SELECT account_id, count(*)
            FROM lake.core.finding_state
            WHERE observed_date = ?::DATE AND status = 'FAIL' AND NOT is_muted
            GROUP BY ALL
            ORDER BY ALL
        """
        rows = lake.execute(query, [context.partition_key]).fetchall()
    return dg.MaterializeResult(metadata={"accounts": len(rows), "failing": dict(rows)})


defs = dg.Definitions.merge(policycortex_definitions(), dg.Definitions(assets=[scores_of_week, failing_by_account]))
