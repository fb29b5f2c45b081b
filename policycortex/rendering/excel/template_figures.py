"""The figures that cells of an installation's own workbook can name."""

from collections.abc import Mapping

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import Severity
from policycortex.rendering.excel.cells import Cell
from policycortex.reports.first_page import compose_first_page, total_requirements
from policycortex.reports.sections.executive_summary import VERDICT
from policycortex.scoring.rounding import known_pct, round_pct


def figures_of(document: ReportDocument, locale: Locale) -> Mapping[str, Cell]:
    """By name, without the prefix; None leaves the cell empty. Scores are percent, 0 to 100."""
    header, summary = document.header, document.summary
    totals, page, risk = total_requirements(summary), compose_first_page(document), summary.risk
    score, at_risk = summary.compliance_score, round_pct(summary.risk_score, 1)
    return {
        "report_name": header.name,
        "report_id": header.id,
        "report_type": locale.text(f"type.{header.type}"),
        "description": header.description,
        "organization": header.organization,
        "prepared_for": header.prepared_for,
        "classification": header.branding.classification,
        "framework": header.framework_name,
        "framework_version": header.framework_version,
        "period": locale.days(header.period),
        "period_start": header.period.first_date,
        "period_end": header.period.last_date,
        "generated_at": header.generated_at,
        "snapshot": header.snapshot,
        "verdict": VERDICT.of(document),
        "score": None if score is None else float(known_pct(score, 1)),
        "score_change": None if document.change_points is None else float(document.change_points),
        "failing": summary.total_violations,
        **{severity.value: summary.failed_by_severity.get(severity.value, 0) for severity in Severity},
        "overdue_criticals": page.overdue_criticals,
        "requirements_total": totals.total,
        "requirements_met": totals.met,
        "requirements_not_met": totals.not_met,
        "requirements_not_assessed": totals.not_assessed,
        "requirements_not_applicable": totals.not_applicable,
        "risk": None if at_risk is None else float(at_risk),
        "risk_band": locale.text(f"band.{risk.total.band}") if risk is not None and risk.total.band else None,
        "muted": summary.score.excluded.muted,
        "waived": summary.score.excluded.waived,
        "findings_total": document.completeness.findings_total,
        "key_messages": "\n".join(document.key_messages),
    }
