"""Results by section of the framework: requirement results, failing findings by severity, and every requirement."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from policycortex.documents.model import ReportDocument, TopCheck
from policycortex.names import ReportType, RequirementResult, Severity
from policycortex.reports.charts import SECTION_BAR_WIDTH, Segment, stack_bar
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, JsonKey, Kind, LinkTo, Section, SheetPlace, Table
from policycortex.reports.sections.control_assessment import group_requirements
from policycortex.reports.shares import heat_of
from policycortex.scoring.model import RequirementAssessment
from policycortex.scoring.rounding import pass_pct

MAP_LIMIT: Final = 300
"""Most requirements that are drawn as a map; more cannot be read at a glance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionRow:
    """Results of one section of the framework, added up."""

    title: str
    compliant: int
    non_compliant: int
    not_assessed: int
    manual: int
    supporting_evidence: int
    not_applicable: int
    passed: int
    """Findings, counted per requirement: one that belongs to two requirements of a section counts twice."""
    failed: int
    score_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionLine:
    """One section of the framework with its bar."""

    row: SectionRow
    bar: tuple[Segment, ...]
    counts: Mapping[str, int]
    """Requirements per result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatCell:
    """Failing findings of one severity in a section; ``heat`` as ``heat_of`` gives it."""

    severity: str
    failed: int
    heat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionHeat:
    """One section of the framework by severity, worst first."""

    title: str
    cells: tuple[HeatCell, ...]
    total: int


def section_heat(document: ReportDocument) -> tuple[SectionHeat, ...]:
    """Sections with failing findings, in the framework's order; a check of several sections counts in each."""
    checks: dict[str, set[str]] = {row.title: set() for row in SECTIONS.of(document)}
    for requirement in document.requirements:
        checks.setdefault(requirement.section, set()).update(requirement.checks)
    counted = [(title, _by_severity(document.top_checks, members)) for title, members in checks.items()]
    most = max((count for _, counts in counted for count in counts.values()), default=0)
    if not most:
        return ()
    return tuple(
        SectionHeat(
            title=title,
            cells=tuple(HeatCell(severity=s, failed=n, heat=heat_of(n, most, s)) for s, n in counts.items()),
            total=sum(counts.values()),
        )
        for title, counts in counted
        if any(counts.values())
    )


def _by_severity(failing: Iterable[TopCheck], members: set[str]) -> dict[str, int]:
    counts = {severity.value: 0 for severity in Severity}
    for check in failing:
        if check.check_id in members:
            counts[check.severity] += check.failed
    return counts


def rows_of(requirements: Sequence[RequirementAssessment]) -> tuple[SectionRow, ...]:
    """The sections of the requirements, in the framework's order."""
    titles = dict.fromkeys(requirement.section for requirement in requirements)
    return tuple(_row(title, [r for r in requirements if r.section == title]) for title in titles)


def _rows(inputs: SectionInputs) -> tuple[SectionRow, ...]:
    return rows_of(inputs.posture.requirements)


def _row(title: str, members: Sequence[RequirementAssessment]) -> SectionRow:
    results = [member.result for member in members]
    passed, failed = sum(r.counts.passed for r in members), sum(r.counts.failed for r in members)
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
        score_pct=pass_pct(passed, failed),
    )


def _line(row: SectionRow) -> SectionLine:
    counts = {
        "non_compliant": row.non_compliant,
        "compliant": row.compliant,
        **({"supporting_evidence": row.supporting_evidence} if row.supporting_evidence else {}),
        "manual": row.manual,
        "not_assessed": row.not_assessed,
        **({"not_applicable": row.not_applicable} if row.not_applicable else {}),
    }
    return SectionLine(row=row, bar=stack_bar(counts, SECTION_BAR_WIDTH), counts=counts)


def _view(document: ReportDocument) -> Mapping[str, object]:
    return {
        "section_lines": tuple(_line(row) for row in SECTIONS.of(document)),
        "section_heat": section_heat(document),
        "has_supporting": any(row.supporting_evidence for row in SECTIONS.of(document)),
        "has_matrix": 0 < len(document.requirements) <= MAP_LIMIT,
        "requirement_groups": group_requirements(document),
    }


SECTIONS: Final = Table(
    id="sections",
    compute=_rows,
    columns=(
        Column(
            name="title",
            title="word.section",
            width=52,
            kind=Kind.WRAPPED,
            link=LinkTo(table="requirements", name="section"),
        ),
        *(
            Column(name=result, title=f"result.{result}", width=15, kind=Kind.NUMBER)
            for result in (
                "non_compliant",
                "compliant",
                "supporting_evidence",
                "manual",
                "not_assessed",
                "not_applicable",
            )
        ),
        Column(name="passed", title="word.passed", width=11, kind=Kind.NUMBER),
        Column(name="failed", title="word.failed", width=11, kind=Kind.NUMBER),
        Column(name="score_pct", title="word.pass_rate", width=14, kind=Kind.PERCENT),
    ),
    sheet=SheetPlace(name="sheet.sections", always=10),
    json=JsonKey(name="sections", position=10),
)

SECTION: Final = Section(
    id="section_results",
    positions={
        ReportType.COMPLIANCE: 50,
        ReportType.AUDIT: 20,
        ReportType.TREND: 60,
        ReportType.REMEDIATION: 40,
    },
    is_shown=lambda document: bool(document.requirements),
    tables=(SECTIONS,),
    view=_view,
    page_widths={
        "sections": {"title": 32, "bar": 17, "count": 10, "score": 11},
        "sections-supported": {"title": 30, "bar": 14, "count": 9.2, "score": 10},
        "section-heat": {"title": 40, "count": 10},
    },
)
