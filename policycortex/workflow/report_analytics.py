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
    relations_of,
    tally_keys,
    turned_sides,
)
from policycortex.workflow.assessed_period import AssessedPeriod


def load_risk_items(lake: Lake, request: ReportRequest, period: Period, assessed: AssessedPeriod) -> pl.DataFrame:
    """RISK_ITEM_SCHEMA of the period-end posture in ``assessed``: the same findings, the same waivers."""
    return lake.analytics.load_risk_items(
        request.scope, period, waivers=assessed.waivers, relations=assessed.relations, framework_id=request.framework
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodChange:
    """What changed since the previous period."""

    causes: ScoreChange
    findings: Comparison


def compare_periods(
    lake: Lake,
    request: ReportRequest,
    framework: Framework | None,
    pair: tuple[AssessedPeriod, AssessedPeriod],
    folder: Path,
) -> PeriodChange | None:
    """Causes of the change between both period-end postures, and the change of each failing finding.

    None where either has no score. Both are assessed with today's framework, so its version is never a cause here.
    """
    if any(each.posture.score.value_pct is None for each in pair):
        return None
    periods = (request.period.previous(), request.period)
    paths = [folder / f"states-{period.partition_key}.parquet" for period in periods]
    for period, assessed, path in zip(periods, pair, paths, strict=True):
        lake.analytics.write_states(
            request.scope,
            period,
            path=path,
            waivers=assessed.waivers,
            relations=assessed.relations,
            framework_id=request.framework,
        )
    relations = None
    if framework is not None:
        relations = relations_of(
            framework, tally_keys(*paths), lake.period_end.load_mappings(request.scope.organization)
        )
    covered = [lake.analytics.load_covered(request.scope.organization, period) for period in periods]
    turned = lake.analytics.load_changed_findings(*paths)
    same_keys = lake.analytics.count_same_keys(*paths, one_sided=None, relations=relations)
    for path in paths:
        path.unlink()
    return PeriodChange(
        causes=explain_turned(turned, covered, relations),
        findings=compare_findings(*turned_sides(turned, covered, relations), same_keys=same_keys),
    )
