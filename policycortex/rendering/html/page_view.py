"""What the page templates of print and screen are given: the document, its charts, and tables cut to a page's measure.

No markup here and no judgement: only what is shown, in which order, and how much of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from policycortex.documents.comparison import PeriodComparison
from policycortex.documents.locales import Locale, open_locale
from policycortex.documents.model import (
    Breakdown,
    CheckResult,
    ExposureRow,
    ForecastRow,
    ReportDocument,
    RequirementRow,
    RiskItemRow,
    RiskPart,
    RiskPlace,
    SectionRow,
    TopCheck,
    TrendPoint,
)
from policycortex.documents.template_files import custom_template
from policycortex.names import RequirementResult
from policycortex.period import Period
from policycortex.rendering.charts import (
    Gauge,
    Matrix,
    Segment,
    TrendChart,
    draw_gauge,
    draw_matrix,
    draw_trend,
    stack_bar,
)
from policycortex.rendering.highlights import (
    CauseLine,
    KeyFigures,
    SectionHeat,
    ShareLine,
    cause_lines,
    heat_of,
    key_figures,
    section_heat,
    share_lines,
)
from policycortex.rendering.layout import list_sections
from policycortex.rendering.options import RenderingOptions
from policycortex.scoring.compare import RequirementChange

TOP_CHECKS_SHOWN: Final = 15
PRESSING_SHOWN: Final = 4
"""Checks named on the summary's one page."""
CHECKS_SHOWN: Final = 6
"""Check ids written beside one requirement; the others are counted."""
PLANNED_SHOWN: Final = 40
"""Items of a remediation plan; who has done forty orders the next report."""
BREAKDOWN_SHOWN: Final = 30
ITEMS_SHOWN: Final = 10
CHANGES_SHOWN: Final = 40
"""Findings, and requirements, that changed since the period before."""
FORECAST_STEP: Final = 5
"""Every so many days of a forecast stand on a page."""
MATRIX_LIMIT: Final = 300
"""Requirements shown at a glance at most; more are no glance."""
GLYPHS: Final = {"compliant": "✓", "non_compliant": "✗", "manual": "◆", "not_assessed": "–", "not_applicable": "·"}
BAR_WIDTH: Final = 600.0
SECTION_BAR_WIDTH: Final = 160.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionLine:
    """One section of the framework with its bar."""

    row: SectionRow
    bar: tuple[Segment, ...]
    counts: Mapping[str, int]
    """Requirements per result that occurs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementGroup:
    """The requirements of one section, in order."""

    title: str
    rows: tuple[RequirementRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownLine:
    """One value of a dimension with its failing findings as a bar in proportion to the longest of the group."""

    row: Breakdown
    bar: tuple[Segment, ...]
    other: int
    """Failing findings below high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownGroup:
    """The values of one dimension, most failing first, cut to a page's measure."""

    dimension: str
    lines: tuple[BreakdownLine, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureLine:
    """One row of the matrix of severity and exposure; heat is 0 (none) to 4 (most of the matrix)."""

    row: ExposureRow
    total: int
    exposed_heat: int
    other_heat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPlaceGroup:
    """The risk of the places of one dimension, highest first, cut to a page's measure."""

    dimension: str
    rows: tuple[RiskPlace, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One scanned day with its split of findings."""

    point: TrendPoint
    bar: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonView:
    """The period before beside this one, cut to a page's measure."""

    against: Period
    counts: Mapping[str, int]
    rows: tuple[Mapping[str, Any], ...]
    rows_total: int
    requirements: tuple[RequirementChange, ...]
    requirements_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """Everything a page shows besides the findings themselves."""

    document: ReportDocument
    sections: tuple[str, ...]
    gauge: Gauge
    severities: Mapping[str, int]
    severity_bar: tuple[Segment, ...]
    results: Mapping[str, int]
    result_bar: tuple[Segment, ...]
    trend: TrendChart | None
    matrix: Matrix
    section_lines: tuple[SectionLine, ...]
    requirement_groups: tuple[RequirementGroup, ...]
    top_checks: tuple[TopCheck, ...]
    pressing: tuple[TopCheck, ...]
    """The first of the top checks."""
    plan: tuple[TopCheck, ...]
    plan_lines: tuple[ShareLine[TopCheck], ...]
    key_figures: KeyFigures
    cause_lines: tuple[CauseLine, ...]
    part_lines: tuple[ShareLine[RiskPart], ...]
    section_heat: tuple[SectionHeat, ...]
    checks_by_id: Mapping[str, CheckResult]
    risk_gauge: Gauge
    breakdown_groups: tuple[BreakdownGroup, ...]
    exposure_lines: tuple[ExposureLine, ...]
    risk_place_groups: tuple[RiskPlaceGroup, ...]
    risk_items: tuple[RiskItemRow, ...]
    forecast_rows: tuple[ForecastRow, ...]
    """Every FORECAST_STEP-th day."""
    history: tuple[HistoryLine, ...]
    """Newest day first."""
    comparison: ComparisonView | None

    def template_values(self) -> dict[str, Any]:
        """Names as the templates use them."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {
            "header": self.document.header,
            "summary": self.document.summary,
            "branding": self.document.header.branding,
            "checks_shown": CHECKS_SHOWN,
            "glyphs": GLYPHS,
            "has_matrix": 0 < len(self.document.requirements) <= MATRIX_LIMIT,
            "bar_width": BAR_WIDTH,
            "section_bar_width": SECTION_BAR_WIDTH,
        }


def view_page(document: ReportDocument) -> PageView:
    """The view of ``document``; findings are read by the renderings themselves."""
    summary = document.summary
    results = shown_results(summary.result_counts)
    return PageView(
        document=document,
        sections=list_sections(document),
        gauge=draw_gauge(summary.compliance_score),
        severities=summary.failed_by_severity,
        severity_bar=stack_bar(summary.failed_by_severity, BAR_WIDTH),
        results=results,
        result_bar=stack_bar(results, BAR_WIDTH),
        trend=draw_trend(document.trend, document.previous.compliance_score if document.previous else None),
        matrix=draw_matrix(document.requirements),
        section_lines=tuple(_section_line(row) for row in document.sections),
        requirement_groups=_groups(document),
        top_checks=document.top_checks[:TOP_CHECKS_SHOWN],
        pressing=document.top_checks[:PRESSING_SHOWN],
        plan=document.top_checks[:PLANNED_SHOWN],
        plan_lines=share_lines(document.top_checks[:PLANNED_SHOWN], lambda check: check.gain_points),
        key_figures=key_figures(document),
        cause_lines=cause_lines(document.change_causes),
        part_lines=share_lines(document.risk_parts, lambda part: part.points),
        section_heat=section_heat(document),
        checks_by_id={check.check_id: check for check in document.checks},
        risk_gauge=draw_gauge(summary.risk_score),
        breakdown_groups=_breakdown_groups(document),
        exposure_lines=_exposure_lines(document),
        risk_place_groups=_risk_place_groups(document),
        risk_items=document.risk_items[:ITEMS_SHOWN],
        forecast_rows=document.forecast.points[FORECAST_STEP - 1 :: FORECAST_STEP] if document.forecast else (),
        history=tuple(_history_line(point) for point in reversed(document.trend)),
        comparison=_comparison(document.comparison) if document.comparison else None,
    )


def page_locale(document: ReportDocument, options: RenderingOptions) -> Locale:
    """The catalogue the document is written in. Raises ConfigurationError where there is none."""
    return open_locale(document.header.locale, options.templates_dir)


def own_folder(document: ReportDocument, options: RenderingOptions) -> Path | None:
    """The folder of the document's custom template, None for the built-in ones. Raises ConfigurationError."""
    name = document.header.template
    return None if name is None else custom_template(options.templates_dir, name)


_RESULT_ORDER: Final = (
    RequirementResult.NON_COMPLIANT,
    RequirementResult.COMPLIANT,
    RequirementResult.MANUAL,
    RequirementResult.NOT_ASSESSED,
    RequirementResult.NOT_APPLICABLE,
)


def shown_results(counts: Mapping[str, int]) -> dict[str, int]:
    """In the order of charts; ``not_applicable`` only where it occurs."""
    shown = {result.value: counts.get(result.value, 0) for result in _RESULT_ORDER}
    if not shown[RequirementResult.NOT_APPLICABLE.value]:
        del shown[RequirementResult.NOT_APPLICABLE.value]
    return shown


def _section_line(row: SectionRow) -> SectionLine:
    counts = {
        "non_compliant": row.non_compliant,
        "compliant": row.compliant,
        "manual": row.manual,
        "not_assessed": row.not_assessed,
    }
    return SectionLine(row=row, bar=stack_bar(counts, SECTION_BAR_WIDTH), counts=counts)


def _groups(document: ReportDocument) -> tuple[RequirementGroup, ...]:
    groups: dict[str, list[RequirementRow]] = {}
    for row in document.requirements:
        groups.setdefault(row.section, []).append(row)
    return tuple(RequirementGroup(title=title, rows=tuple(rows)) for title, rows in groups.items())


def _breakdown_groups(document: ReportDocument) -> tuple[BreakdownGroup, ...]:
    groups: dict[str, list[Breakdown]] = {}
    for row in document.breakdowns:
        groups.setdefault(row.dimension, []).append(row)
    return tuple(_breakdown_group(dimension, rows) for dimension, rows in groups.items())


def _breakdown_group(dimension: str, rows: list[Breakdown]) -> BreakdownGroup:
    worst_first = sorted(rows, key=lambda row: (-row.critical, -row.high, -row.failed, row.label))
    longest = max(row.failed for row in rows)
    lines = tuple(_breakdown_line(row, longest) for row in worst_first[:BREAKDOWN_SHOWN])
    return BreakdownGroup(dimension=dimension, lines=lines, total=len(rows))


def _breakdown_line(row: Breakdown, longest: int) -> BreakdownLine:
    other = row.failed - row.critical - row.high
    counts = {"critical": row.critical, "high": row.high, "low": other}
    return BreakdownLine(row=row, bar=stack_bar(counts, SECTION_BAR_WIDTH * row.failed / (longest or 1)), other=other)


def _exposure_lines(document: ReportDocument) -> tuple[ExposureLine, ...]:
    most = max((max(row.exposed, row.other) for row in document.exposure), default=0)
    return tuple(
        ExposureLine(
            row=row,
            total=row.exposed + row.other,
            exposed_heat=heat_of(row.exposed, most),
            other_heat=heat_of(row.other, most),
        )
        for row in document.exposure
    )


def _risk_place_groups(document: ReportDocument) -> tuple[RiskPlaceGroup, ...]:
    groups: dict[str, list[RiskPlace]] = {}
    for row in document.risk_places:
        groups.setdefault(row.dimension, []).append(row)
    return tuple(
        RiskPlaceGroup(dimension=dimension, rows=tuple(rows[:BREAKDOWN_SHOWN]), total=len(rows))
        for dimension, rows in groups.items()
    )


def _comparison(found: PeriodComparison) -> ComparisonView:
    return ComparisonView(
        against=found.against,
        counts=found.counts,
        rows=tuple(found.rows.head(CHANGES_SHOWN).iter_rows(named=True)),
        rows_total=found.rows_total,
        requirements=found.requirements[:CHANGES_SHOWN],
        requirements_total=len(found.requirements),
    )


def _history_line(point: TrendPoint) -> HistoryLine:
    counts = {"compliant": point.passed, "non_compliant": point.failed}
    return HistoryLine(point=point, bar=stack_bar(counts, SECTION_BAR_WIDTH))
