"""Several frameworks in one report: a row for each, then a page for each. Other reports do not have this section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from policycortex.documents.evidence import FrameworkPart
from policycortex.documents.model import ReportDocument, TopCheck
from policycortex.names import ReportType, Severity
from policycortex.reports.compose import summarize_posture
from policycortex.reports.first_page import write_verdict
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, Content, JsonKey, Kind, Section, SheetPlace, Table
from policycortex.reports.sections.section_results import SectionRow, rows_of

CHECKS_SHOWN: Final = 8
"""Most urgent failing checks on the page of a framework."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkLine:
    """The figures of one framework. Findings that several share count in each."""

    id: str
    name: str
    version: str
    compliance_score: float | None
    change_points: float | None
    """Since the period before; None where either has no score."""
    requirements_met: int
    requirements_assessed: int
    requirements_total: int
    """Those that apply."""
    total_violations: int
    critical: int
    high: int
    verdict: str
    sections: tuple[SectionRow, ...]
    checks: frozenset[str]
    """Checks of its requirements that are not met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkPage:
    """What the page of one framework shows."""

    line: FrameworkLine
    checks: tuple[TopCheck, ...]
    """The most urgent failing ones."""
    checks_total: int


def _line(part: FrameworkPart, inputs: SectionInputs) -> FrameworkLine:
    summary, previous = summarize_posture(part.posture), summarize_posture(part.previous)
    coverage = summary.score.coverage
    failing = [each for each in part.posture.requirements if each.counts.failed]
    return FrameworkLine(
        id=part.framework_id,
        name=part.name,
        version=part.version,
        compliance_score=summary.compliance_score,
        change_points=summary.change_since(previous if part.previous.counts.total else None),
        requirements_met=summary.requirements_met,
        requirements_assessed=summary.requirements_assessed,
        requirements_total=coverage.total,
        total_violations=summary.total_violations,
        critical=summary.failed_by_severity.get(Severity.CRITICAL, 0),
        high=summary.failed_by_severity.get(Severity.HIGH, 0),
        verdict=write_verdict(replace(inputs.header, framework_name=part.name), summary, inputs.locale),
        sections=rows_of(part.posture.requirements),
        checks=frozenset(check for each in failing for check in each.checks),
    )


def _lines(inputs: SectionInputs) -> tuple[FrameworkLine, ...]:
    return tuple(_line(part, inputs) for part in inputs.evidence.parts)


def _json(inputs: SectionInputs) -> Sequence[Mapping[str, object]] | None:
    """None in a report on one framework, which has no such key."""
    names = [column.name for column in FRAMEWORKS.columns]
    lines = [
        {"id": line.id} | {name: getattr(line, name) for name in names} | {"verdict": line.verdict}
        for line in _lines(inputs)
    ]
    return lines or None


def _view(document: ReportDocument) -> Mapping[str, object]:
    return {"framework_pages": tuple(_page(line, document.top_checks) for line in FRAMEWORKS.of(document))}


def _page(line: FrameworkLine, top_checks: Sequence[TopCheck]) -> FrameworkPage:
    failing = [check for check in top_checks if check.check_id in line.checks]
    return FrameworkPage(line=line, checks=tuple(failing[:CHECKS_SHOWN]), checks_total=len(failing))


FRAMEWORKS: Final = Table(
    id="frameworks",
    compute=_lines,
    columns=(
        Column(name="name", title="cover.framework", width=30, kind=Kind.WRAPPED, share=22),
        Column(name="version", title="methodology.version", width=14, share=14),
        Column(name="compliance_score", title="word.score", width=11, kind=Kind.PERCENT),
        Column(name="change_points", title="frameworks.change", width=11, kind=Kind.DECIMAL),
        Column(name="requirements_met", title="result.compliant", width=11, kind=Kind.NUMBER),
        Column(name="requirements_assessed", title="word.assessed", width=11, kind=Kind.NUMBER),
        Column(name="requirements_total", title="word.total", width=11, kind=Kind.NUMBER),
        Column(name="total_violations", title="word.failing", width=11, kind=Kind.NUMBER),
        Column(name="critical", title="severity.critical", width=11, kind=Kind.NUMBER),
        Column(name="high", title="severity.high", width=11, kind=Kind.NUMBER),
    ),
    sheet=SheetPlace(name="sheet.frameworks"),
    page_rows=10,
)

SECTION: Final = Section(
    id="frameworks",
    positions=dict.fromkeys((ReportType.COMPLIANCE, ReportType.AUDIT, ReportType.RISK, ReportType.REMEDIATION), 12),
    is_shown=lambda document: bool(FRAMEWORKS.of(document)),
    contents=(
        Content(id="frameworks_json", compute=_json, json=JsonKey(name="frameworks", position=300, skip_none=True)),
    ),
    tables=(FRAMEWORKS,),
    view=_view,
    page_widths={
        "framework-sections": {"title": 40, "count": 10},
        "framework-checks": {"title": 58, "severity": 16, "count": 13},
    },
)
