"""The names that page templates use, for print and screen: the document, its charts, and what each section gives.

No markup: only values, in the order and number in which they are shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.reports.charts import BAR_WIDTH, SECTION_BAR_WIDTH, draw_matrix, shown_results, stack_bar
from policycortex.reports.registry import all_sections, shown_sections
from policycortex.reports.section import NUMERIC, Column, Table

GLYPHS: Final = {
    "compliant": "✓",
    "non_compliant": "✗",
    "supporting_evidence": "+",
    "manual": "◆",
    "not_assessed": "–",
    "not_applicable": "·",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageColumn:
    """One column of a generic page table."""

    title: str
    css: str
    kind: str
    is_numeric: bool
    words: str | None
    none_text: str | None
    """Key of the text for None; None: a dash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTable:
    """A table that ``parts.table`` draws: the first ``page_rows`` of its rows."""

    css: str
    columns: tuple[PageColumn, ...]
    rows: tuple[tuple[object, ...], ...]
    """Cells in the order of ``columns``; ids where the catalogue has words for them."""
    total: int


def page_values(document: ReportDocument, locale: Locale) -> dict[str, Any]:
    """The values of ``document`` by the names the templates use; the renderings read the findings themselves.

    Raises ValueError where two sections give different values under one name.
    """
    sections, summary = shown_sections(document), document.summary
    results = shown_results(summary.result_counts)
    values = {
        "document": document,
        "header": document.header,
        "summary": summary,
        "branding": document.header.branding,
        "sections": tuple(section.id for section in sections),
        "is_alone": any(section.is_alone for section in sections),
        "section_templates": {section.id: section.page_template for section in sections},
        "screen_templates": {section.id: section.screen_template or section.page_template for section in sections},
        "severities": summary.failed_by_severity,
        "severity_bar": stack_bar(summary.failed_by_severity, BAR_WIDTH),
        "results": results,
        "result_bar": stack_bar(results, BAR_WIDTH),
        "matrix": draw_matrix(document.requirements),
        "tables": _page_tables(document, locale),
        "requirement_anchors": requirement_anchors(document),
        "passing_checks": document.passing_checks,
        "glyphs": GLYPHS,
        "bar_width": BAR_WIDTH,
        "section_bar_width": SECTION_BAR_WIDTH,
    }
    for section in all_sections().values():
        _add(values, section.view(document), section.id)
    return values


def requirement_anchors(document: ReportDocument) -> dict[str, str]:
    """By requirement its anchor on the page; empty where no section of the report has one for each."""
    shown = {section.id for section in shown_sections(document)}
    if not shown & {"control_assessment", "evidence"}:
        return {}
    return {row.id: f"requirement-{number}" for number, row in enumerate(document.requirements, start=1)}


def column_styles() -> str:
    """CSS rules for the column widths of all tables on the printed page, from what the sections declare."""
    rules: list[str] = []
    for section in all_sections().values():
        declared = dict(section.page_widths)
        declared |= {_css_of(table): _shares(table) for table in section.tables if table.page_rows is not None}
        for table, widths in declared.items():
            rules += [f".{table} .w-{name} {{ width: {width:g}% }}" for name, width in widths.items()]
    return "\n".join(rules)


def _add(values: dict[str, Any], view: Mapping[str, object], section: str) -> None:
    for name, value in view.items():
        if name in values and values[name] != value:
            raise ValueError(f"section {section} gives {name!r} a value that differs from another section's")
        values[name] = value


def _page_tables(document: ReportDocument, locale: Locale) -> dict[str, PageTable]:
    tables = (table for section in all_sections().values() for table in section.tables)
    return {table.id: _page_table(table, document, locale) for table in tables if table.page_rows is not None}


def _page_table(table: Table[Iterable[object]], document: ReportDocument, locale: Locale) -> PageTable:
    columns, rows = _columns_on_page(table), tuple(table.of(document))
    shown = enumerate(islice(rows, table.page_rows), start=1)
    return PageTable(
        css=_css_of(table),
        columns=tuple(
            PageColumn(
                title=column.title_in(locale),
                css=column.css or column.name,
                kind=column.kind.value,
                is_numeric=column.kind in NUMERIC,
                words=column.words,
                none_text=column.none_text,
            )
            for column in columns
        ),
        rows=tuple(tuple(column.value_of(row, number) for column in columns) for number, row in shown),
        total=len(rows),
    )


def _columns_on_page(table: Table[Iterable[object]]) -> tuple[Column, ...]:
    return tuple(column for column in table.columns if column.on_page)


def _css_of(table: Table[Iterable[object]]) -> str:
    return table.css or table.id


def _shares(table: Table[Iterable[object]]) -> dict[str, float]:
    """Percent by column class; columns without a share divide what is left in proportion to their widths."""
    columns = _columns_on_page(table)
    left = 100 - sum(column.share or 0 for column in columns)
    width = sum(column.width for column in columns if column.share is None)
    return {
        column.css or column.name: column.share if column.share is not None else round(left * column.width / width, 1)
        for column in columns
    }
