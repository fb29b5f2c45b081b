"""What is read from the lake for a report's risk, and why its score moved since the period before."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.requests.model import ReportRequest
from policycortex.scoring.changes_model import ScoreChange
from policycortex.scoring.compare import Comparison, compare_findings
from policycortex.storage.lake.lake import Lake
from policycortex.workflow.analytics_days import (
    explain_turned,
    exported_coverage,
    relations_of,
    tally_keys,
    turned_sides,
)
from policycortex.workflow.assessed_period import AssessedPeriod


def load_risk_items(lake: Lake, order: ReportRequest, period: Period, judged: AssessedPeriod) -> pl.DataFrame:
    """RISK_ITEM_SCHEMA of the period-end posture in ``judged``: the same findings, the same waivers."""
    return lake.analytics.load_risk_items(
        order.scope, period, waivers=judged.waivers, relations=judged.relations, framework_id=order.framework
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodChange:
    """The period before beside the report's own."""

    causes: ScoreChange
    findings: Comparison


def compare_periods(
    lake: Lake,
    order: ReportRequest,
    framework: Framework | None,
    pair: tuple[AssessedPeriod, AssessedPeriod],
    folder: Path,
) -> PeriodChange | None:
    """Causes of the change between both closing postures, and what became of each failing finding.

    None where either has no score. Both are measured by today's framework, so its version is never a cause here.
    """
    if any(each.posture.score.value_pct is None for each in pair):
        return None
    periods = (order.period.previous(), order.period)
    paths = [folder / f"states-{period.partition_key}.parquet" for period in periods]
    for period, judged, path in zip(periods, pair, paths, strict=True):
        lake.analytics.write_states(
            order.scope,
            period,
            path=path,
            waivers=judged.waivers,
            relations=judged.relations,
            framework_id=order.framework,
        )
    relations = None
    if framework is not None:
        relations = relations_of(framework, tally_keys(*paths), lake.period_end.load_mappings(order.scope.organization))
    covered = [exported_coverage(path) for path in paths]
    turned = lake.analytics.load_changed_findings(*paths)
    same_keys = lake.analytics.count_same_keys(*paths, one_sided=None, relations=relations)
    for path in paths:
        path.unlink()
    return PeriodChange(
        causes=explain_turned(turned, covered, relations),
        findings=compare_findings(*turned_sides(turned, covered, relations), same_keys=same_keys),
    )
