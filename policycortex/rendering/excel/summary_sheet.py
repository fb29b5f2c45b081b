"""The first sheet of the workbook: score, figures, messages, native charts and links to every other sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import xlsxwriter
from xlsxwriter.chart import Chart
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import Severity
from policycortex.rendering.excel.cells import Link
from policycortex.rendering.excel.fitting import LINE_HEIGHT, MOST_LINES, line_count
from policycortex.rendering.excel.tables import Forms, write_cell
from policycortex.reports.charts import shown_results
from policycortex.reports.first_page import compose_first_page, total_requirements
from policycortex.reports.section import Kind
from policycortex.reports.sections.executive_summary import VERDICT
from policycortex.scoring.rounding import known_pct, round_pct

_COLOURS: Final = {
    "critical": "#6D0F22", "high": "#B3402E", "medium": "#DD8F3D", "low": "#E6BD66", "informational": "#C9D1DA",
    "compliant": "#2F7D73", "supporting_evidence": "#A9CDBF",
    "non_compliant": "#B3402E", "manual": "#8D82B8", "not_assessed": "#D5DBE2",
    "not_applicable": "#ECEFF3",
}  # fmt: skip
_CHART_SIZE: Final = {"width": 348, "height": 240}
_CHART_COLUMN: Final = 3
_CHART_ROWS: Final = 12
"""Rows that a chart covers beside the figures."""
_LAST_COLUMN: Final = 8
_LINE_WIDTH: Final = 145
"""Characters of a line over all columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChartPlaces:
    """Rows: of the first charts, and of the heads of the small tables that charts read."""

    top: int
    severity: int
    result: int


def write_summary(
    book: xlsxwriter.Workbook,
    sheet: Worksheet,
    forms: Forms,
    document: ReportDocument,
    locale: Locale,
    *,
    sheets: Sequence[str],
) -> None:
    """Fill ``sheet``; ``sheets`` are the names it links to, in order."""
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 16)
    sheet.set_column(2, 2, 3)
    sheet.set_column(3, _LAST_COLUMN, 16)
    top = _head(sheet, forms, document, locale)
    row = _figures(sheet, forms, document, locale, top)
    severities = {s.value: document.summary.failed_by_severity.get(s.value, 0) for s in Severity}
    by_severity = row
    row = _counts(sheet, forms, locale, row=row, prefix="severity", counts=severities) + 1
    by_result = row
    if document.requirements:
        results = shown_results(document.summary.result_counts)
        row = _counts(sheet, forms, locale, row=row, prefix="result", counts=results) + 1
    places = _ChartPlaces(top=top, severity=by_severity, result=by_result)
    row = max(row, _charts(book, sheet, document, locale, places))
    row = _messages(sheet, forms, document, locale, row)
    row = _actions(sheet, forms, document, locale, row)
    _links(sheet, forms, locale, row, sheets)


def _head(sheet: Worksheet, forms: Forms, document: ReportDocument, locale: Locale) -> int:
    header = document.header
    version = f" {header.framework_version}" if header.framework_version else ""
    sheet.set_row(0, 34)
    write_cell(sheet, 0, 0, header.name, forms.title)
    write_cell(sheet, 1, 0, f"{locale.text(f'type.{header.type}')} · {header.framework_name}{version}", forms.label)
    parts = (header.prepared_for, locale.days(header.period), header.branding.classification)
    write_cell(sheet, 2, 0, " · ".join(part for part in parts if part), forms.label)
    _across(sheet, 4, VERDICT.of(document), forms.verdict, line_height=18)
    return 6


def _figures(sheet: Worksheet, forms: Forms, document: ReportDocument, locale: Locale, row: int) -> int:
    summary, t = document.summary, locale.text
    totals, overdue = total_requirements(summary), compose_first_page(document).overdue_criticals
    count = forms.cells[Kind.NUMBER]
    sheet.set_row(row, 40)
    write_cell(sheet, row, 0, t("summary.score_label"), forms.heading)
    score = summary.compliance_score
    write_cell(sheet, row, 1, t("summary.no_score") if score is None else known_pct(score, 1), forms.figure)
    figures: list[tuple[str, Any, Format]] = [
        (t("summary.violations"), summary.total_violations, count),
        *(((t("summary.overdue_criticals"), overdue, count),) if overdue is not None else ()),
        (t("summary.total_met"), totals.met, count),
        (t("summary.total_not_met"), totals.not_met, count),
        (t("summary.total_not_assessed"), totals.not_assessed, count),
        (t("word.requirements"), totals.total, count),
        *(((t("result.not_applicable"), totals.not_applicable, count),) if totals.not_applicable else ()),
        *_by_decider(document, locale, count),
        (t("summary.change"), document.change_points, forms.points),
        (t("summary.risk"), round_pct(summary.risk_score, 1), forms.value),
        *_risk_figures(forms, document, locale),
    ]
    for below, (label, value, form) in enumerate(figures, start=row + 1):
        write_cell(sheet, below, 0, label, forms.label)
        write_cell(sheet, below, 1, value, form)
    return row + len(figures) + 2


def _by_decider(document: ReportDocument, locale: Locale, form: Format) -> list[tuple[str, Any, Format]]:
    """Requirements by who decides them; nothing where people state nothing."""
    coverage, t = document.summary.score.coverage, locale.text
    if not document.statements:
        return []
    return [
        (t("statements.by_scanner"), coverage.by_scanner, form),
        (t("statements.by_people"), coverage.by_people, form),
        (t("statements.open"), coverage.open, form),
    ]


def _risk_figures(forms: Forms, document: ReportDocument, locale: Locale) -> list[tuple[str, Any, Format]]:
    """Band, the two lines that add up to the risk score, and the share at stake; none where it is not known."""
    risk, shown, t = document.summary.risk, document.summary.shown_risk, locale.text
    if risk is None or shown is None or risk.total.band is None:
        return []
    return [
        (t("word.band"), t(f"band.{risk.total.band}"), forms.value),
        (t("risk.worst"), shown.worst, forms.value),
        (t("risk.others"), shown.others, forms.value),
        (t("risk.share_at_stake"), shown.share_pct, forms.value),
        (t("risk.model_label"), risk.version, forms.value),
    ]


def _messages(sheet: Worksheet, forms: Forms, document: ReportDocument, locale: Locale, row: int) -> int:
    write_cell(sheet, row, 0, locale.text("summary.key_messages"), forms.heading)
    for offset, message in enumerate(document.key_messages, start=1):
        _across(sheet, row + offset, message, forms.cells[Kind.WRAPPED], line_height=LINE_HEIGHT)
    return row + len(document.key_messages) + 2


def _across(sheet: Worksheet, row: int, text: str, form: Format, *, line_height: float) -> None:
    """A text over all columns, as high as it needs."""
    sheet.merge_range(row, 0, row, _LAST_COLUMN, "", form)
    write_cell(sheet, row, 0, text, form)
    sheet.set_row(row, line_height * min(line_count(text, _LINE_WIDTH * LINE_HEIGHT / line_height), MOST_LINES) + 3)


def _actions(sheet: Worksheet, forms: Forms, document: ReportDocument, locale: Locale, row: int) -> int:
    """The most urgent failing checks: severity, failing findings, title."""
    actions = compose_first_page(document).actions
    if not actions:
        return row
    write_cell(sheet, row, 0, locale.text("summary.actions"), forms.heading)
    for offset, check in enumerate(actions, start=1):
        write_cell(sheet, row + offset, 0, locale.text(f"severity.{check.severity}"), forms.cells[Kind.TEXT])
        write_cell(sheet, row + offset, 1, check.failed, forms.cells[Kind.NUMBER])
        write_cell(sheet, row + offset, 3, check.title, forms.cells[Kind.TEXT])
    return row + len(actions) + 2


def _counts(sheet: Worksheet, forms: Forms, locale: Locale, *, row: int, prefix: str, counts: dict[str, int]) -> int:
    """A small table that a chart reads; returns the first free row."""
    titles = {"severity": "summary.by_severity", "result": "summary.by_result"}
    write_cell(sheet, row, 0, locale.text(titles[prefix]), forms.heading)
    for offset, (name, count) in enumerate(counts.items(), start=1):
        write_cell(sheet, row + offset, 0, locale.text(f"{prefix}.{name}"), forms.cells[Kind.TEXT])
        write_cell(sheet, row + offset, 1, count, forms.cells[Kind.NUMBER])
    return row + len(counts) + 1


def _links(sheet: Worksheet, forms: Forms, locale: Locale, row: int, sheets: Sequence[str]) -> None:
    write_cell(sheet, row, 0, locale.text("contents.title"), forms.heading)
    for offset, name in enumerate(sheets, start=1):
        write_cell(sheet, row + offset, 0, Link(text=name, sheet=name, row=0), forms.link)


def _charts(
    book: xlsxwriter.Workbook, sheet: Worksheet, document: ReportDocument, locale: Locale, places: _ChartPlaces
) -> int:
    """The charts beside the figures; returns the first row below them."""
    name = locale.text("sheet.summary")
    names = [s.value for s in Severity]
    by_severity = _bars(book, name, locale.text("summary.by_severity"), places.severity + 1, names)
    sheet.insert_chart(places.top, _CHART_COLUMN, by_severity)
    if document.requirements:
        shown = list(shown_results(document.summary.result_counts))
        chart = _bars(book, name, locale.text("summary.by_result"), places.result + 1, shown)
        sheet.insert_chart(places.top, _CHART_COLUMN + 3, chart)
    if len(document.trend) < 2:
        return places.top + _CHART_ROWS
    sheet.insert_chart(places.top + _CHART_ROWS, _CHART_COLUMN, _line(book, locale, len(document.trend)))
    return places.top + 2 * _CHART_ROWS + 1


def _bars(book: xlsxwriter.Workbook, sheet: str, title: str, first: int, names: Sequence[str]) -> Chart:
    chart = book.add_chart({"type": "bar"})
    last = first + len(names) - 1
    chart.add_series(
        {
            "categories": [sheet, first, 0, last, 0],
            "values": [sheet, first, 1, last, 1],
            "points": [{"fill": {"color": _COLOURS[name]}} for name in names],
            "data_labels": {"value": True},
            "gap": 40,
        }
    )
    chart.set_title({"name": title, "name_font": {"size": 12, "bold": True, "color": "#12263A"}, "overlay": False})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "line": {"none": True}, "major_tick_mark": "none"})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    chart.set_chartarea({"border": {"none": True}})
    chart.set_size(_CHART_SIZE)
    return chart


def _line(book: xlsxwriter.Workbook, locale: Locale, days: int) -> Chart:
    sheet = locale.text("sheet.trend")
    chart = book.add_chart({"type": "line"})
    chart.add_series(
        {
            "categories": [sheet, 1, 0, days, 0],
            "values": [sheet, 1, 1, days, 1],
            "line": {"color": "#14526B", "width": 2},
        }
    )
    title = f"{locale.text('summary.score_label')} – {locale.text('sheet.trend')}"
    chart.set_title({"name": title, "name_font": {"size": 12, "bold": True, "color": "#12263A"}})
    chart.set_legend({"none": True})
    chart.set_x_axis({"date_axis": True, "num_format": "d mmm", "line": {"color": "#8FA0AF"}})
    chart.set_y_axis(
        {"num_format": "0", "min": 0, "max": 100, "major_gridlines": {"visible": True, "line": {"color": "#E3E8EE"}}}
    )
    chart.set_chartarea({"border": {"none": True}})
    chart.set_size({"width": 2 * _CHART_SIZE["width"], "height": _CHART_SIZE["height"]})
    return chart
