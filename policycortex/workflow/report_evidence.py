"""Reads what a report shows beside its posture, from the lake at one snapshot."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from policycortex.documents.comments import RequirementComment
from policycortex.documents.evidence import Evidence, FrameworkPart, SpanChange, WaiverInForce
from policycortex.documents.indicator_days import IndicatorDays
from policycortex.documents.milestones import StatedMilestone
from policycortex.documents.model import FindingsTable, ScanDays
from policycortex.documents.poam import PoamEvidence
from policycortex.documents.scope_values import NothingInScope
from policycortex.documents.tables import OWNERS_SCHEMA
from policycortex.frameworks.crosswalk import RELATION_SCHEMA
from policycortex.frameworks.model import Framework
from policycortex.names import ReportType
from policycortex.period import Period
from policycortex.requests.model import ReportRequest
from policycortex.scoring.ages import oldest_failing
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.forecasting.model import DirectionOnly, Forecast, TooLittleHistory
from policycortex.scoring.model import Posture
from policycortex.scoring.part_posture import assess_part
from policycortex.scoring.risk_model import RiskWeights
from policycortex.scoring.waivers import Waiver
from policycortex.storage.lake.lake import Lake
from policycortex.workflow.analytics import explain_days, load_forecast
from policycortex.workflow.analytics_query import AnalyticsQuery
from policycortex.workflow.assessed_period import AssessedPeriod
from policycortex.workflow.report_analytics import compare_periods, load_risk_items
from policycortex.workflow.report_indicators import read_indicators
from policycortex.workflow.report_poam import read_poam
from policycortex.workflow.scope_values import explain_nothing

FORECAST_DAYS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInputs:
    """What the inputs depends on: the request, its framework and waivers, and the assessment of its two periods."""

    request: ReportRequest
    framework: Framework | None
    waivers: Sequence[Waiver]
    given_waivers: Sequence[Waiver]
    """As they were approved: in a combined framework one can be several of ``waivers``, under the same id."""
    before: AssessedPeriod
    assessed: AssessedPeriod
    scored: Sequence[date]
    """Days of the trend with a score, in order."""
    scan_days: Mapping[date, ScanDays]
    weights: RiskWeights
    now: datetime
    comments: Sequence[RequirementComment] | None = None
    """None: not asked for."""
    milestones: Sequence[StatedMilestone] = ()
    """Of plans of action."""
    attestations: Sequence[Attestation] = ()
    """All of the organisation on the framework, for a history of indicators."""


def read_evidence(reader: Executor, lake: Lake, inputs: ReportInputs, folder: Path) -> Evidence:
    """Export the findings into ``folder`` and count the tables of findings from that file, so that they agree.

    ``reader`` compares the two periods meanwhile.
    """
    request, assessed = inputs.request, inputs.assessed
    changing = reader.submit(compare_periods, lake, request, inputs.framework, (inputs.before, assessed), folder)
    path = folder / "findings.parquet"
    total = lake.findings_export.write_findings(
        request.scope,
        request.period,
        path=path,
        relations=assessed.relations,
        framework_id=request.framework,
        waivers=assessed.waivers,
    )
    risk_items = load_risk_items(lake, request, request.period, assessed)
    previous_risk_items = load_risk_items(lake, request, request.period.previous(), inputs.before)
    failing_checks = lake.findings.load_failing_checks(request.scope, request.period, path)
    waivers = _waivers(lake, inputs, path)
    coverage = lake.period_end.load_scan_coverage(request.scope, request.period)
    scans = lake.period_end.load_scans(request.scope, request.period)
    earlier_targets = lake.period_end.load_earlier_targets(request.scope, request.period)
    change = changing.result()
    return Evidence(
        findings=FindingsTable(path=path, total=total),
        findings_total=total,
        failing_checks=failing_checks,
        dimensions=lake.findings.load_dimensions(path),
        coverage=coverage,
        scans=scans,
        earlier_targets=earlier_targets,
        filtered_files=lake.period_end.load_filtered_files(request.scope, request.period),
        checks=lake.findings.load_check_counts(path),
        owners=(
            lake.findings.load_owners(request.scope, request.period, path)
            if request.type in {ReportType.REMEDIATION, ReportType.POAM}
            else OWNERS_SCHEMA.to_frame()
        ),
        waivers=waivers,
        stated=assessed.stated.in_force,
        contradicted=assessed.contradicted,
        risk_items=risk_items,
        minimum_ages=lake.analytics.load_minimum_ages(request.scope.organization, oldest_failing(risk_items)),
        previous_risk_items=previous_risk_items,
        risk_weights=inputs.weights,
        change=change.causes if change else None,
        comparison=change.findings if change else None,
        unrelated=assessed.unrelated,
        nothing_in_scope=_nothing_in_scope(lake, inputs),
        first_scan_on=_first_scan(lake, request) if request.type is ReportType.RISK else None,
        scan_days=inputs.scan_days,
        carry_days=lake.session.carry_days,
        parts=_parts(inputs),
        span_change=None if change else _span_change(lake, inputs),
        poam=_poam(lake, inputs, path) if request.type is ReportType.POAM else None,
        comments=inputs.comments,
        indicator_days=_indicators(lake, inputs),
        forecast=_forecast(lake, inputs) if request.type is ReportType.TREND else None,
    )


def _indicators(lake: Lake, inputs: ReportInputs) -> IndicatorDays | None:
    return read_indicators(
        lake,
        inputs.request,
        inputs.framework,
        waivers=inputs.waivers,
        attestations=inputs.attestations,
        now=inputs.now,
    )


def _poam(lake: Lake, inputs: ReportInputs, exported: Path) -> PoamEvidence:
    return read_poam(
        lake,
        inputs.request,
        inputs.framework,
        inputs.assessed,
        waivers=inputs.given_waivers,
        milestones=inputs.milestones,
        exported=exported,
        now=inputs.now,
    )


def _parts(inputs: ReportInputs) -> tuple[FrameworkPart, ...]:
    """Each of several frameworks, from the tallies of both periods: no finding is read again."""
    whole = inputs.framework
    if whole is None:
        return ()
    return tuple(
        FrameworkPart(
            framework_id=part.id,
            name=part.name,
            version=part.version,
            posture=_part_posture(inputs.assessed, part, whole),
            previous=_part_posture(inputs.before, part, whole),
        )
        for part in whole.parts
    )


def _part_posture(assessed: AssessedPeriod, part: Framework, whole: Framework) -> Posture:
    return assess_part(
        assessed.posture,
        part,
        framework_id=whole.id,
        tallies=assessed.tallies,
        relations=assessed.relations if assessed.relations is not None else RELATION_SCHEMA.to_frame(),
        waived=assessed.waived,
    )


def _waivers(lake: Lake, inputs: ReportInputs, exported: Path) -> tuple[WaiverInForce, ...]:
    """Waivers in force for the report's framework or for any, with the number of findings each covers."""
    framework_id = inputs.request.framework
    by_id = {waiver.id: waiver for waiver in inputs.given_waivers}
    frameworks = {None, framework_id, *inputs.request.frameworks}
    counts = lake.findings.load_waiver_counts(exported, inputs.assessed.waivers, framework_id)
    counted = [(by_id[waiver_id], findings) for waiver_id, findings in counts.iter_rows() if waiver_id in by_id]
    return tuple(
        WaiverInForce(waiver=waiver, findings=findings)
        for waiver, findings in counted
        if waiver.scope.framework in frameworks
    )


def _nothing_in_scope(lake: Lake, inputs: ReportInputs) -> NothingInScope | None:
    scope = inputs.request.scope
    if not scope.is_filtered or not inputs.assessed.tallies.is_empty():
        return None
    return explain_nothing(lake, scope, inputs.request.period)


def _first_scan(lake: Lake, request: ReportRequest) -> date | None:
    """Day of the organization's first scan up to the end of the period."""
    until_end = Period.of_days(date(1970, 1, 1), request.period.last_utc_date)
    return next(iter(lake.period_end.load_observed_dates(request.scope.organization, until_end)), None)


def _span_change(lake: Lake, inputs: ReportInputs) -> SpanChange | None:
    """Causes from the first to the last scored day, for a period before which there was nothing to compare with."""
    if len(inputs.scored) < 2:
        return None
    mappings = lake.period_end.load_mappings(inputs.request.scope.organization)
    found = explain_days(lake, _question(inputs), (inputs.scored[0], inputs.scored[-1]), mappings)
    return SpanChange(first=found.first, last=found.last, change=found.change)


def _forecast(lake: Lake, inputs: ReportInputs) -> Forecast | DirectionOnly | TooLittleHistory:
    return load_forecast(lake, _question(inputs), horizon_days=FORECAST_DAYS, target_pct=None).forecast


def _question(inputs: ReportInputs) -> AnalyticsQuery:
    return AnalyticsQuery(
        scope=inputs.request.scope,
        period=inputs.request.period,
        framework=inputs.framework,
        waivers=inputs.waivers,
        now=inputs.now,
        since=inputs.request.period.first_date,
    )
