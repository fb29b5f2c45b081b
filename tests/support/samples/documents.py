"""Builder of report documents for tests and pictures: plausible, deterministic, any size; no storage needed.

Every count of a document is counted from the findings it holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from policycortex.documents.locales import open_locale
from policycortex.documents.model import (
    Completeness,
    FindingsTable,
    ReportDocument,
    ReportHeader,
    RequirementRow,
    Summary,
    TrendPoint,
)
from policycortex.names import ReportType, RequirementResult, Severity
from policycortex.reports.first_page import write_verdict
from policycortex.reports.sections.evidence import populations_of
from policycortex.reports.sections.forecast import ForecastView
from policycortex.reports.sections.risk_matrix import item_rows
from policycortex.reports.sections.risk_places import place_rows
from policycortex.reports.sections.risk_profile import risk_rows
from policycortex.reports.sections.section_results import SectionRow
from policycortex.reports.unrelated_messages import provider_sentence
from policycortex.reports.worst_line import worst_line
from policycortex.scoring.forecasting.written import WrittenPoint
from policycortex.scoring.model import Counts, Coverage, Score
from policycortex.scoring.rounding import round_pct
from tests.support.samples.document_tables import (
    CHANGE_CAUSES,
    UNRELATED,
    ages,
    breakdowns,
    check_results,
    coverage,
    exposure,
    sample_risk,
    top_checks,
    waivers,
)
from tests.support.samples.findings_table import HOSTILE, OUTCOME, PERIOD, REQUIREMENTS, Sample, make_findings
from tests.support.samples.indicators import accepted_of_sample, history_of_sample
from tests.support.samples.poam import items_of_plan

__all__ = ["HOSTILE", "Sample", "build_document"]


def build_document(folder: Path, sample: Sample | None = None) -> ReportDocument:
    """A document whose findings are spooled to ``folder``/findings.parquet."""
    sample = sample or Sample()
    frame = make_findings(sample)
    path = folder / "findings.parquet"
    frame.write_parquet(path)
    requirements = _requirements(frame, sample)
    summary, locale = _summary(frame, requirements), open_locale(sample.locale)
    risk, shown = summary.risk, summary.shown_risk
    return ReportDocument(
        header=_header(sample),
        summary=summary,
        previous=_previous(summary),
        requirements=requirements,
        findings=FindingsTable(path=path, total=frame.height),
        trend=_trend(summary, sample.trend_days),
        top_checks=top_checks(frame),
        completeness=Completeness(findings_total=frame.height, findings_included=frame.height),
        key_messages=_messages(summary, sample),
        checks=check_results(frame),
        waivers=waivers(frame),
        section_values={
            "sections": _sections(requirements),
            "breakdowns": breakdowns(frame),
            "coverage": coverage(frame),
            "earlier_targets": (),
            "unrelated": UNRELATED,
            "unrelated_sentences": _unrelated_sentences(sample),
            "unrelated_checks": UNRELATED.checks,
            "risk_parts": risk_rows(risk, locale),
            "risk_worst": worst_line(risk, locale, locale.number(shown.worst, 1)) if shown else "",
            "nothing_in_scope": None,
            "nothing_in_scope_sentences": (),
            "scope_values": (),
            "frameworks": (),
            "frameworks_json": None,
            "crosswalk_text": "",
            "verdict": write_verdict(_header(sample), summary, locale),
            "conditions_text": "",
            "populations": populations_of(path) if sample.type is ReportType.AUDIT else {},
            "change_causes": CHANGE_CAUSES if frame.height else (),
            "risk_places": place_rows(risk.groups if risk else (), 2),
            "risk_items": item_rows(risk),
            "risk_items_total": risk.top_of if risk else 0,
            "exposure": exposure(frame),
            "ages": ages(frame),
            "forecast": _forecast(summary) if sample.type is ReportType.TREND else None,
            "comparison": None,
            "first_scan_on": PERIOD.first_date - timedelta(days=60),
            "change_span": None,
            "carry_days": 35,
            "reclassified": 0,
            "poam_items": items_of_plan(frame, sample),
            "requirement_comments": None,
            "indicator_history": history_of_sample(requirements, sample),
            "accepted_vulnerabilities": accepted_of_sample(sample),
        },
    )


def _unrelated_sentences(sample: Sample) -> tuple[str, ...]:
    header, locale = _header(sample), open_locale(sample.locale)
    return tuple(provider_sentence(header, provider, locale) for provider in UNRELATED.providers)


def _forecast(summary: Summary) -> ForecastView:
    if summary.compliance_score is None:
        return ForecastView(method=None, history_days=0, history_points=0)
    last = summary.compliance_score
    points = tuple(
        WrittenPoint(
            date=PERIOD.last_date + timedelta(days=n), compliance_score=round(last, 2), low_80=round(last * 0.97, 2),
            high_80=round(min(100.0, last * 1.03), 2), low_95=round(last * 0.95, 2),
            high_95=round(min(100.0, last * 1.05), 2), is_extrapolated=False,
        )
        for n in range(1, 31)
    )  # fmt: skip
    return ForecastView(
        method="damped_holt", origin=PERIOD.last_date, points=points, error_points=1.4, error_against_naive=0.82,
        tested_days=10, known_steps=("2026-12-15: waivers of 3 failing findings end",),
    )  # fmt: skip


def _header(sample: Sample) -> ReportHeader:
    return ReportHeader(
        id="rpt_0123456789abcdef",
        name=HOSTILE[6] + HOSTILE[11] if sample.hostile else sample.name,
        type=sample.type,
        description=HOSTILE[8] if sample.hostile else "Monthly summary for the security committee",
        framework_id="soc2",
        framework_name="SOC 2",
        framework_version="2017 (2022)",
        period=PERIOD,
        scope={"environments": ["production", "staging"], "cloud_providers": ["aws"]},
        generated_at=datetime(2026, 12, 1, 9, 30, tzinfo=UTC),
        snapshot="lake@42",
        organization="=ACME <b>" if sample.hostile else "Acme Corporation",
        locale=sample.locale,
    )


def _requirements(frame: pl.DataFrame, sample: Sample) -> tuple[RequirementRow, ...]:
    counted = _counts_by_requirement(frame)
    named = [*REQUIREMENTS[: sample.requirements]]
    named += [
        (f"X{n:04d}", f"Custom requirement number {n}", f"Custom section {n // 40 + 1}")
        for n in range(sample.requirements - len(named))
    ]
    return tuple(_requirement(*row, counts=counted.get(row[0], {})) for row in named)


def _counts_by_requirement(frame: pl.DataFrame) -> dict[str, dict[str, Any]]:
    exploded = frame.explode("requirements").with_columns(outcome=OUTCOME)
    grouped = exploded.group_by("requirements", maintain_order=True).agg(
        *((pl.col("outcome") == name).sum().alias(name) for name in ("passed", "failed", "manual", "muted", "waived")),
        pl.col("check_id").unique().sort().alias("checks"),
    )
    return {row["requirements"]: row for row in grouped.iter_rows(named=True)}


def _requirement(identifier: str, title: str, section: str, *, counts: Mapping[str, Any]) -> RequirementRow:
    passed, failed, manual = counts.get("passed", 0), counts.get("failed", 0), counts.get("manual", 0)
    result = RequirementResult.NOT_ASSESSED
    if failed:
        result = RequirementResult.NON_COMPLIANT
    elif passed:
        result = RequirementResult.COMPLIANT
    elif manual or identifier == "CC1.2":
        result = RequirementResult.MANUAL
    return RequirementRow(
        id=identifier, title=title, section=section, result=result, passed=passed, failed=failed, manual=manual,
        muted=counts.get("muted", 0), waived=counts.get("waived", 0), checks=tuple(counts.get("checks", ())),
    )  # fmt: skip


def _summary(frame: pl.DataFrame, requirements: Sequence[RequirementRow]) -> Summary:
    outcomes = dict(frame.select(OUTCOME.alias("o")).group_by("o").len().iter_rows())
    passed, failed = outcomes.get("passed", 0), outcomes.get("failed", 0)
    value = 100 * passed / (passed + failed) if passed + failed else None
    results = [r.result for r in requirements]
    assessed = results.count(RequirementResult.COMPLIANT) + results.count(RequirementResult.NON_COMPLIANT)
    failing = frame.filter(OUTCOME == "failed").group_by("severity").len()
    by_severity = dict(failing.iter_rows())
    score = Score(
        model="findings_pass_rate", model_version="1", value_pct=value, numerator=passed, denominator=passed + failed,
        excluded=Counts(
            muted=outcomes.get("muted", 0), waived=outcomes.get("waived", 0), manual=outcomes.get("manual", 0)
        ),
        coverage=Coverage(
            assessed=assessed, total=len(requirements), by_scanner=assessed, open=len(requirements) - assessed
        ),
    )  # fmt: skip
    compliant = results.count(RequirementResult.COMPLIANT)
    risk = sample_risk(frame)
    by_requirement = round_pct(100 * compliant / assessed, 1) if assessed else None
    return Summary(
        compliance_score=round_pct(value, 1),
        score=score,
        models={"findings_pass_rate": round_pct(value, 1), "requirements_passed": by_requirement},
        total_violations=failed,
        failed_by_severity={s.value: by_severity.get(s.value, 0) for s in Severity},
        risk_score=round_pct(risk.total.value),
        result_counts={r.value: results.count(r) for r in RequirementResult},
        risk=risk,
    )


def _previous(summary: Summary) -> Summary | None:
    if summary.compliance_score is None:
        return None
    return replace(summary, compliance_score=round(max(summary.compliance_score - 3.4, 0), 1), risk_score=44.8)


def _sections(requirements: Sequence[RequirementRow]) -> tuple[SectionRow, ...]:
    return tuple(
        _section(title, [r for r in requirements if r.section == title])
        for title in dict.fromkeys(r.section for r in requirements)
    )


def _section(title: str, members: Sequence[RequirementRow]) -> SectionRow:
    results = [r.result for r in members]
    passed, failed = sum(r.passed for r in members), sum(r.failed for r in members)
    return SectionRow(
        title=title,
        compliant=results.count(RequirementResult.COMPLIANT),
        non_compliant=results.count(RequirementResult.NON_COMPLIANT),
        not_assessed=results.count(RequirementResult.NOT_ASSESSED),
        manual=results.count(RequirementResult.MANUAL),
        supporting_evidence=results.count(RequirementResult.SUPPORTING_EVIDENCE),
        not_applicable=results.count(RequirementResult.NOT_APPLICABLE),
        passed=passed,
        failed=failed,
        score_pct=round_pct(100 * passed / (passed + failed), 1) if passed + failed else None,
    )


def _trend(summary: Summary, days: int) -> tuple[TrendPoint, ...]:
    if summary.compliance_score is None:
        return ()
    last, total = summary.compliance_score, int(summary.score.denominator)
    points = []
    for n in range(days):
        score = round(max(0.0, min(100.0, last - (days - 1 - n) * 0.25 + (n * 7 % 5 - 2) * 0.3 * (n < days - 1))), 1)
        passed = round(total * score / 100)
        points.append(
            TrendPoint(
                date=PERIOD.last_date - timedelta(days=days - 1 - n),
                compliance_score=score,
                passed=passed,
                failed=total - passed,
            )
        )
    return tuple(points)


def _messages(summary: Summary, sample: Sample) -> tuple[str, ...]:
    if summary.compliance_score is None:
        return ("Nothing was assessed in this period.",)
    coverage = summary.score.coverage
    messages = (
        f"{summary.compliance_score} % of the findings mapped to SOC 2 pass, up from the period before.",
        f"{summary.failed_by_severity['critical']} critical findings fail; public buckets lead the list.",
        f"{coverage.assessed} of {coverage.total} requirements could be assessed from scans.",
    )
    return (*messages, *HOSTILE[6:9]) if sample.hostile else messages
