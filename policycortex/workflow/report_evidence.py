"""Everything a document shows beside its posture, read from one lake at one snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from policycortex.documents.evidence import Evidence, WaiverInForce
from policycortex.documents.model import FindingsTable
from policycortex.documents.tables import OWNERS_SCHEMA
from policycortex.frameworks.model import Framework
from policycortex.names import ReportType
from policycortex.period import Period
from policycortex.requests.model import ReportRequest
from policycortex.scoring.forecasting.model import Forecast, TooLittleHistory
from policycortex.scoring.risk_model import RiskWeights
from policycortex.scoring.waivers import Waiver
from policycortex.storage.lake.lake import Lake
from policycortex.workflow.analytics import load_forecast
from policycortex.workflow.analytics_query import AnalyticsQuery
from policycortex.workflow.assessed_period import AssessedPeriod
from policycortex.workflow.report_analytics import compare_periods, load_risk_items

FORECAST_DAYS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInputs:
    """What is read for: an order, what it is measured against, and how its two periods were judged."""

    order: ReportRequest
    framework: Framework | None
    waivers: Sequence[Waiver]
    before: AssessedPeriod
    judged: AssessedPeriod
    weights: RiskWeights
    now: datetime


def read_evidence(lake: Lake, reading: ReportInputs, folder: Path) -> Evidence:
    """Findings are spooled into ``folder``; tables of findings are counted from there, so they cannot disagree."""
    order, judged = reading.order, reading.judged
    path = folder / "findings.parquet"
    total = lake.findings_export.write_findings(
        order.scope,
        order.period,
        path=path,
        relations=judged.relations,
        framework_id=order.framework,
        waivers=judged.waivers,
    )
    change = compare_periods(lake, order, reading.framework, (reading.before, judged), folder)
    return Evidence(
        findings=FindingsTable(path=path, total=total),
        findings_total=total,
        failing_checks=lake.findings.load_failing_checks(order.scope, order.period, path),
        dimensions=lake.findings.load_dimensions(path),
        coverage=lake.period_end.load_scan_coverage(order.scope, order.period),
        checks=lake.findings.load_check_counts(path),
        owners=(
            lake.findings.load_owners(order.scope, order.period, path)
            if order.type is ReportType.REMEDIATION
            else OWNERS_SCHEMA.to_frame()
        ),
        waivers=_waivers(lake, reading, path),
        risk_items=load_risk_items(lake, order, order.period, judged),
        previous_risk_items=load_risk_items(lake, order, order.period.previous(), reading.before),
        risk_weights=reading.weights,
        change=change.causes if change else None,
        comparison=change.findings if change else None,
        first_scan_on=_first_scan(lake, order) if order.type is ReportType.RISK else None,
        forecast=_forecast(lake, reading) if order.type is ReportType.TREND else None,
    )


def _waivers(lake: Lake, reading: ReportInputs, spooled: Path) -> tuple[WaiverInForce, ...]:
    """Those in force that speak of the order's framework or of any, with the findings each reaches."""
    framework_id = reading.order.framework
    by_id = {waiver.id: waiver for waiver in reading.waivers}
    counts = lake.findings.load_waiver_counts(spooled, reading.judged.waivers, framework_id)
    held = [(by_id[waiver_id], findings) for waiver_id, findings in counts.iter_rows() if waiver_id in by_id]
    return tuple(
        WaiverInForce(waiver=waiver, findings=findings)
        for waiver, findings in held
        if waiver.scope.framework in {None, framework_id}
    )


def _first_scan(lake: Lake, order: ReportRequest) -> date | None:
    """Day of the organization's first scan up to the end of the period."""
    until_end = Period.of_days(date(1970, 1, 1), order.period.last_date)
    return next(iter(lake.period_end.load_observed_dates(order.scope.organization, until_end)), None)


def _forecast(lake: Lake, reading: ReportInputs) -> Forecast | TooLittleHistory:
    question = AnalyticsQuery(
        scope=reading.order.scope,
        period=reading.order.period,
        framework=reading.framework,
        waivers=reading.waivers,
        now=reading.now,
    )
    return load_forecast(lake, question, horizon_days=FORECAST_DAYS, target_pct=None).forecast
