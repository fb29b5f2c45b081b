"""Posture and evidence in, one document out: every number and sentence a reader sees is decided here.

Renderings only lay out. What is specific to a report's type is its list of sections, which the templates hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from policycortex.documents.analytics_rows import change_rows, risk_rows
from policycortex.documents.comparison import compose_comparison
from policycortex.documents.evidence import Evidence
from policycortex.documents.evidence_rows import check_rows, waiver_rows
from policycortex.documents.locales import Locale
from policycortex.documents.messages import key_messages
from policycortex.documents.model import (
    Breakdown,
    Completeness,
    ReportDocument,
    ReportHeader,
    RequirementRow,
    ScanCoverage,
    SectionRow,
    Summary,
    TrendPoint,
)
from policycortex.documents.plan import rank_checks
from policycortex.documents.risk_tables import age_rows, exposure_rows, forecast_view, item_rows, place_rows
from policycortex.names import RequirementResult
from policycortex.scoring.compare import compare_requirements
from policycortex.scoring.model import Posture, RequirementAssessment
from policycortex.scoring.risk import score_risk
from policycortex.scoring.risk_model import Risk
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
    show_detailed_findings: bool = True,
) -> ReportDocument:
    """The document of one order. ``daily`` holds each scanned day's own posture, ``previous`` the period before.

    Sentences and names are in the words of ``locale``.
    """
    summary = summarize_posture(posture, evidence.risk)
    previous_summary = (
        summarize_posture(previous, evidence.previous_risk) if previous and previous.counts.total else None
    )
    top_checks = rank_checks(evidence.failing_checks, evidence.owners, summary.score)
    document = ReportDocument(
        header=header,
        summary=summary,
        previous=previous_summary,
        requirements=tuple(_requirement_row(r) for r in posture.requirements),
        sections=_sections(posture.requirements),
        findings=evidence.findings,
        trend=compose_trend(daily),
        top_checks=top_checks,
        breakdowns=tuple(_breakdown(row) for row in evidence.dimensions.iter_rows(named=True)),
        coverage=tuple(ScanCoverage(**row) for row in evidence.coverage.iter_rows(named=True)),
        completeness=Completeness(findings_total=evidence.findings_total, findings_included=evidence.findings.total),
        key_messages=key_messages(header, summary, previous_summary, top_checks, locale),
        checks=check_rows(evidence.checks),
        waivers=waiver_rows(evidence.waivers),
        risk_parts=risk_rows(evidence.risk, locale),
        risk_places=place_rows(evidence.risk),
        risk_items=item_rows(evidence.risk),
        risk_items_total=evidence.risk.top_of if evidence.risk else 0,
        exposure=exposure_rows(evidence.exposure),
        ages=age_rows(evidence.ages),
        forecast=forecast_view(evidence.forecast),
        comparison=compose_comparison(
            header.period.previous(),
            evidence.comparison,
            compare_requirements(previous, posture) if previous else (),
        ),
        show_executive_summary=show_executive_summary,
        show_detailed_findings=show_detailed_findings,
    )
    return replace(document, change_causes=change_rows(evidence.change, document.change_points, locale))


def summarize_posture(posture: Posture, risk: Risk | None = None) -> Summary:
    """The numbers of page one, rounded for people where they are percentages."""
    results = [r.result for r in posture.requirements]
    return Summary(
        compliance_score=round_pct(posture.score.value_pct),
        score=posture.score,
        models={name: round_pct(score.value_pct) for name, score in posture.scores.items()},
        total_violations=posture.counts.failed,
        failed_by_severity=posture.failed_by_severity,
        risk_score=round_pct(risk.total.value if risk else score_risk(posture)),
        result_counts={result.value: results.count(result) for result in RequirementResult},
    )


def compose_trend(daily: Mapping[date, Posture]) -> tuple[TrendPoint, ...]:
    """One point per scanned day, oldest first; a day on which nothing was assessed has a score of None."""
    return tuple(
        TrendPoint(
            date=day,
            compliance_score=round_pct(posture.score.value_pct),
            passed=posture.counts.passed,
            failed=posture.counts.failed,
        )
        for day, posture in sorted(daily.items())
    )


def _requirement_row(assessment: RequirementAssessment) -> RequirementRow:
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
    )


def _sections(requirements: Sequence[RequirementAssessment]) -> tuple[SectionRow, ...]:
    titles = dict.fromkeys(r.section for r in requirements)
    return tuple(_section(title, [r for r in requirements if r.section == title]) for title in titles)


def _section(title: str, members: Sequence[RequirementAssessment]) -> SectionRow:
    """Findings here are counted per requirement: one that speaks for two requirements of a section counts twice."""
    results = [r.result for r in members]
    passed, failed = sum(r.counts.passed for r in members), sum(r.counts.failed for r in members)
    return SectionRow(
        title=title,
        compliant=results.count(RequirementResult.COMPLIANT),
        non_compliant=results.count(RequirementResult.NON_COMPLIANT),
        not_assessed=results.count(RequirementResult.NOT_ASSESSED),
        manual=results.count(RequirementResult.MANUAL),
        passed=passed,
        failed=failed,
        score_pct=_pass_pct(passed, failed),
    )


def _breakdown(row: Mapping[str, object]) -> Breakdown:
    return Breakdown(**row, score_pct=_pass_pct(row["passed"], row["failed"]))  # type: ignore[arg-type]


def _pass_pct(passed: int, failed: int) -> float | None:
    return round_pct(100 * passed / (passed + failed)) if passed + failed else None
