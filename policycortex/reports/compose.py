"""Makes one document from posture and evidence: the common fields here, the rest by each section.

Renderings only lay out; they compute no number and no sentence.
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from policycortex.documents.evidence import Evidence
from policycortex.documents.evidence_rows import (
    check_rows,
    describe_reasons,
    not_applicable_rows,
    statement_rows,
    waiver_rows,
)
from policycortex.documents.locales import Locale
from policycortex.documents.model import (
    Completeness,
    ReportDocument,
    ReportHeader,
    RequirementRow,
    ScanDays,
    Summary,
    TrendPoint,
)
from policycortex.names import FindingsDetail, RequirementResult
from policycortex.reports.applicability_messages import applicability_messages, statement_messages
from policycortex.reports.failing_checks import rank_checks
from policycortex.reports.filtered_messages import filtered_messages
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.messages import excluded_messages, key_messages
from policycortex.reports.registry import compute_values
from policycortex.reports.unrelated_messages import unrelated_messages
from policycortex.scoring.model import Posture, RequirementAssessment
from policycortex.scoring.risk import assess_risk, score_risk
from policycortex.scoring.risk_model import Risk, RiskWeights
from policycortex.scoring.rounding import round_pct


def compose_report(
    *,
    header: ReportHeader,
    posture: Posture,
    previous: Posture | None,
    daily: Mapping[date, Posture],
    evidence: Evidence,
    locale: Locale,
    show_executive_summary: bool = True,
    detail: FindingsDetail = FindingsDetail.NOT_PASSING,
) -> ReportDocument:
    """The document of one report request. Its texts are in the language of ``locale``.

    ``daily`` holds the posture as last known on each day, ``previous`` that of the period before.
    """
    risk = _risk(evidence.risk_items, header.ages_on(header.period), evidence.risk_weights)
    previous_risk = _risk(evidence.previous_risk_items, header.ages_on(header.period.previous()), evidence.risk_weights)
    summary = summarize_posture(posture, risk)
    previous_summary = summarize_posture(previous, previous_risk) if previous and previous.counts.total else None
    top_checks = rank_checks(evidence.failing_checks, evidence.owners, summary.score)
    not_applicable = not_applicable_rows(posture.requirements, evidence.stated)
    reasons = describe_reasons(not_applicable)
    statements = statement_rows(posture.requirements, evidence.stated, evidence.contradicted)
    inputs = SectionInputs(
        header=header,
        locale=locale,
        summary=summary,
        previous_summary=previous_summary,
        posture=posture,
        previous_posture=previous,
        daily=daily,
        evidence=evidence,
        risk=risk,
    )
    outside = (
        *statement_messages(summary, statements, locale),
        *applicability_messages(summary, locale),
        *unrelated_messages(header, evidence.unrelated, locale),
        *filtered_messages(evidence.filtered_files, locale),
    )
    return ReportDocument(
        header=header,
        summary=summary,
        previous=previous_summary,
        requirements=tuple(_requirement_row(each, reasons.get(each.id, "")) for each in posture.requirements),
        findings=evidence.findings,
        trend=compose_trend(daily, evidence.scan_days),
        top_checks=top_checks,
        completeness=Completeness(findings_total=evidence.findings_total, findings_included=evidence.findings.total),
        key_messages=(*key_messages(header, summary, previous_summary, top_checks, locale), *outside),
        notes=(*excluded_messages(summary, locale), *outside),
        checks=check_rows(evidence.checks),
        waivers=waiver_rows(evidence.waivers),
        not_applicable=not_applicable,
        statements=statements,
        section_values=compute_values(inputs),
        show_executive_summary=show_executive_summary,
        detail=detail,
    )


def summarize_posture(posture: Posture, risk: Risk | None = None) -> Summary:
    """The numbers of page one, rounded for people where they are percentages.

    Without ``risk`` the risk score is computed from severities alone.
    """
    results = [requirement.result for requirement in posture.requirements]
    return Summary(
        compliance_score=round_pct(posture.score.value_pct),
        score=posture.score,
        models={name: round_pct(score.value_pct) for name, score in posture.scores.items()},
        total_violations=posture.counts.failed,
        failed_by_severity=posture.failed_by_severity,
        risk_score=round_pct(risk.total.value if risk else score_risk(posture)),
        result_counts={result.value: results.count(result) for result in RequirementResult},
        risk=risk,
    )


def compose_trend(daily: Mapping[date, Posture], scan_days: Mapping[date, ScanDays]) -> tuple[TrendPoint, ...]:
    """One point per day, oldest first; a day on which nothing was assessed has a score of None.

    Days that ``scan_days`` lacks have scans of their own only.
    """
    return tuple(
        _trend_point(day, posture, scan_days.get(day, ScanDays(newest=day, oldest=day)))
        for day, posture in sorted(daily.items())
    )


def _trend_point(day: date, posture: Posture, scanned: ScanDays) -> TrendPoint:
    return TrendPoint(
        date=day,
        compliance_score=round_pct(posture.score.value_pct),
        passed=posture.counts.passed,
        failed=posture.counts.failed,
        is_scanned=scanned.newest == day,
        carried_from=scanned.oldest if scanned.oldest < day else None,
    )


def _risk(items: pl.DataFrame | None, as_of: date, weights: RiskWeights) -> Risk | None:
    return None if items is None else assess_risk(items, as_of=as_of, weights=weights)


def _requirement_row(assessment: RequirementAssessment, not_applicable: str) -> RequirementRow:
    counts = assessment.counts
    return RequirementRow(
        id=assessment.id,
        title=assessment.title,
        section=assessment.section,
        result=assessment.result,
        passed=counts.passed,
        failed=counts.failed,
        manual=counts.manual,
        muted=counts.muted,
        waived=counts.waived,
        checks=assessment.checks,
        parent=assessment.parent,
        kind=assessment.kind,
        description=assessment.description,
        tags=assessment.tags,
        open_conditions=assessment.open_conditions,
        not_applicable=not_applicable,
        failed_not_applicable=assessment.excluded.failed,
        stated=assessment.stated,
        decided_by=assessment.decided_by,
        is_met=assessment.is_met,
    )
