"""Assets of the daily posture: finding state, coverage, tallies, requirement results and scores."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from pipelines.automation import DAY_IS_ASSESSED
from pipelines.defs.checks import CHECK_TALLIES, check_layers, layers_agree
from pipelines.defs.ingest import FINDINGS, OWNERS
from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.lineage import column_lineage
from pipelines.metadata import describe_days, describe_scores, tell_days
from pipelines.partitions import days_of, scan_days
from pipelines.resources import CoreResource
from pipelines.tables import table_metadata
from policycortex.workflow.posture import rebuild_days, score_days

FINDING_STATE = dg.AssetKey(["core", "finding_state"])
SCAN_COVERAGE = dg.AssetKey(["core", "scan_coverage"])
REQUIREMENT_RESULTS = dg.AssetKey(["marts", "requirement_results"])
FRAMEWORK_SCORES = dg.AssetKey(["marts", "framework_scores"])


FRESH = dg.FreshnessPolicy.time_window(warn_window=timedelta(days=2), fail_window=timedelta(days=8))
"""Scanners run daily or weekly; an older score is out of date."""


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
    name="days",
    specs=[
        _spec(FINDING_STATE, "State of each finding at the end of the day, one row per finding.", FINDINGS),
        _spec(
            SCAN_COVERAGE, "What was scanned on the day: source, account, checks, time of the newest scan.", FINDINGS
        ),
        _spec(CHECK_TALLIES, "Passed, failed, manual and muted findings per check of the day.", FINDING_STATE),
    ],
    check_specs=[layers_agree],
    group_name="posture",
    partitions_def=scan_days,
    backfill_policy=dg.BackfillPolicy.single_run(),
    can_subset=False,
    pool="lake",
    retry_policy=RETRY_TRANSIENT,
)
def days(
    context: dg.AssetExecutionContext, core: CoreResource
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Replace all days of the run's window."""
    with core_errors_as_failures(core):
        counts = rebuild_days(core.settings(), days_of(context))
        agreement = check_layers(core.settings(), days_of(context))
    facts = describe_days(counts)
    for key in (FINDING_STATE, SCAN_COVERAGE, CHECK_TALLIES):
        of_run = tell_days(context, key, facts[key.path[-1]])
        yield dg.MaterializeResult(asset_key=key, metadata=of_run | column_lineage(key))
    yield agreement


@dg.multi_asset(
    name="scores",
    specs=[
        _spec(REQUIREMENT_RESULTS, "Result of each requirement of each framework, per day.", CHECK_TALLIES),
        _spec(
            FRAMEWORK_SCORES, "Scores per framework and model, with numerator and denominator, per day.", CHECK_TALLIES
        ),
    ],
    group_name="posture",
    partitions_def=scan_days,
    backfill_policy=dg.BackfillPolicy.single_run(),
    can_subset=False,
    pool="lake",
    retry_policy=RETRY_TRANSIENT,
)
def scores(context: dg.AssetExecutionContext, core: CoreResource) -> Iterator[dg.MaterializeResult[None]]:
    """Assess every framework on each day of the run's window."""
    with core_errors_as_failures(core):
        wanted = days_of(context)
        scored = score_days(core.settings(), wanted)
    facts = describe_scores(scored, core.settings().standing_frameworks, newest=wanted[-1])
    for key in (REQUIREMENT_RESULTS, FRAMEWORK_SCORES):
        yield dg.MaterializeResult(asset_key=key, metadata=tell_days(context, key, facts) | column_lineage(key))
