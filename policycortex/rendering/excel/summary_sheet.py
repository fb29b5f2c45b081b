"""The first sheet of the workbook: score, figures, messages, native charts and links to every other sheet."""

from collections.abc import Sequence
from typing import Any, Final

import xlsxwriter
from xlsxwriter.chart import Chart
from xlsxwriter.worksheet import Worksheet

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import Severity
from policycortex.rendering.excel.tables import Forms, write_cell
from policycortex.reports.charts import shown_results
from policycortex.reports.section import Kind
from policycortex.scoring.rounding import known_pct, round_pct

_COLOURS: Final = {
    "critical": "#6D0F22", "high": "#B3402E", "medium": "#DD8F3D", "low": "#E6BD66", "informational": "#C9D1DA",
    "compliant": "#2F7D73", "supporting_evidence": "#A9CDBF",
    "non_compliant": "#B3402E", "manual": "#8D82B8", "not_assessed": "#D5DBE2",
    "not_applicable": "#ECEFF3",
}  # fmt: skip
_CHART_SIZE: Final = {"width": 460, "height": 260}


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
    sheet.set_column(1, 1, 18)
    sheet.set_column(2, 7, 16)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    row = _head(sheet, forms, document, locale)
    row = _figures(sheet, forms, document, locale, row)
    row = _messages(sheet, forms, document, locale, row)
    severities = {s.value: document.summary.failed_by_severity.get(s.value, 0) for s in Severity}
    by_severity = _counts(sheet, forms, locale, row=row, prefix="severity", counts=severities)
    by_result, results = by_severity + 1, shown_results(document.summary.result_counts)
    end = by_severity
    if document.requirements:
        end = _counts(sheet, forms, locale, row=by_result, prefix="result", counts=results)
    _links(sheet, forms, locale, end + 1, sheets)
    _charts(book, sheet, document, locale, severity=row, result=by_result)


def _head(sheet: Worksheet, forms: Forms, document: ReportDocument, locale: Locale) -> int:
    header = document.header
    version = f" {header.framework_version}" if header.framework_version else ""
    sheet.set_row(0, 34)
    write_cell(sheet, 0, 0, header.name, forms.title)
    write_cell(sheet, 1, 0, f"{locale.text(f'type.{header.type}')} · {header.framework_name}{version}", forms.label)
    parts = (header.prepared_for, locale.days(header.period), header.branding.classification)
    write_cell(sheet, 2, 0, " · ".join(part for part in parts if part), forms.label)
    return 4


def _figures(sheet: Worksheet, forms: Forms, document: ReportDocument, locale: Locale, row: int) -> int:
    summary, t = document.summary, locale.text
    coverage = summary.score.coverage
    sheet.set_row(row, 40)
    write_cell(sheet, row, 0, t("summary.score_label"), forms.heading)
    score = summary.compliance_score
    write_cell(sheet, row, 1, t("result.not_assessed") if score is None else known_pct(score, 1), forms.figure)
    figures: list[tuple[str, Any, Kind]] = [
        (t("summary.violations"), summary.total_violations, Kind.NUMBER),
        (t("summary.coverage"), coverage.assessed, Kind.NUMBER),
        (t("word.requirements"), coverage.total, Kind.NUMBER),
        *(((t("result.not_applicable"), coverage.not_applicable, Kind.NUMBER),) if coverage.not_applicable else ()),
        (t("summary.change"), document.change_points, Kind.TEXT),
        (t("summary.met_label"), summary.requirements_met, Kind.NUMBER),
        (t("summary.risk"), round_pct(summary.risk_score, 1), Kind.TEXT),
        *_risk_figures(document, locale),
    ]
    for below, (label, value, kind) in enumerate(figures, start=row + 1):
        write_cell(sheet, below, 0, label, forms.label)
        write_cell(sheet, below, 1, value, forms.cells[kind])
    return row + len(figures) + 2


def _risk_figures(document: ReportDocument, locale: Locale) -> list[tuple[str, Any, Kind]]:
    """Band, the two lines that add up to the risk score, and the share at stake; none where it is not known."""
    risk, shown, t = document.summary.risk, document.summary.shown_risk, locale.text
    if risk is None or shown is None or risk.total.band is None:
        return []
    return [
        (t("word.band"), t(f"band.{risk.total.band}"), Kind.TEXT),
        (t("risk.worst"), shown.worst, Kind.TEXT),
        (t("risk.others"), shown.others, Kind.TEXT),
        (t("risk.share_at_stake"), shown.share_pct, Kind.TEXT),
        (t("risk.model_label"), risk.version, Kind.TEXT),
    ]


def _messages(sheet: Worksheet, forms: Forms, document: ReportDocument, locale: Locale, row: int) -> int:
    write_cell(sheet, row, 0, locale.text("summary.key_messages"), forms.heading)
    for offset, message in enumerate(document.key_messages, start=1):
        sheet.merge_range(row + offset, 0, row + offset, 7, "", forms.cells[Kind.WRAPPED])
        write_cell(sheet, row + offset, 0, message, forms.cells[Kind.WRAPPED])
        sheet.set_row(row + offset, 18 * min(1 + len(message) // 120, 10))
    return row + len(document.key_messages) + 2


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
        sheet.write_url(row + offset, 0, f"internal:'{name}'!A1", forms.link, string=name)


def _charts(
    book: xlsxwriter.Workbook,
    sheet: Worksheet,
    document: ReportDocument,
    locale: Locale,
    *,
    severity: int,
    result: int,
) -> None:
    name = locale.text("sheet.summary")
    names = [s.value for s in Severity]
    sheet.insert_chart(severity, 2, _bars(book, name, locale.text("summary.by_severity"), severity + 1, names))
    if document.requirements:
        shown = list(shown_results(document.summary.result_counts))
        chart = _bars(book, name, locale.text("summary.by_result"), result + 1, shown)
        sheet.insert_chart(severity, 5, chart, {"x_offset": 60})
    if len(document.trend) > 1:
        sheet.insert_chart(severity + 14, 2, _line(book, locale, len(document.trend)))


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
    chart.set_y_axis({"num_format": "0", "major_gridlines": {"visible": True, "line": {"color": "#E3E8EE"}}})
    chart.set_chartarea({"border": {"none": True}})
    chart.set_size({"width": 2 * _CHART_SIZE["width"], "height": _CHART_SIZE["height"]})
    return chart
