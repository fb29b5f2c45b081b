"""The report as an Excel workbook: summary, findings, and a sheet per section. Assembles; the parts are beside.

Small sheets stand in memory; findings are put in batch by batch, so that a million of them stay within bounds.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.documents.template_files import read_inside
from policycortex.errors import RenderingError
from policycortex.names import ReportType
from policycortex.rendering.excel.bulk_rows import BulkCells, BulkSheet, fill_sheets
from policycortex.rendering.excel.evidence_links import MOST_LINKS, FindingsPlace, link_evidence
from policycortex.rendering.excel.findings_sheets import LINKED, SHEET_COLUMNS, WRAPPED, finding_cells, open_findings
from policycortex.rendering.excel.own_workbook import FILE_NAME, fill_workbook
from policycortex.rendering.excel.page_setup import page_texts, set_up_page
from policycortex.rendering.excel.poam_workbook import render_poam_workbook
from policycortex.rendering.excel.sheets import list_sheets
from policycortex.rendering.excel.summary_sheet import write_summary
from policycortex.rendering.excel.tables import Forms, write_table
from policycortex.rendering.options import RenderingOptions, report_locale, report_template
from policycortex.rendering.visible_text import show_controls
from policycortex.shortening import shorten


def render_workbook(document: ReportDocument, path: Path, options: RenderingOptions) -> None:
    """Write the workbook to ``path``: the one of the custom template, filled, where that has one."""
    locale, own = report_locale(document, options), report_template(document, options)
    if own is not None and (template := read_inside(own, FILE_NAME)) is not None:
        fill_workbook(template, document, path, locale, watermark=options.watermark)
        return
    if document.header.type is ReportType.POAM:
        render_poam_workbook(document, path, options)
        return
    text_only = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        with TemporaryDirectory(dir=path.parent, prefix=path.name) as spool:
            empty = Path(spool) / "empty.xlsx"
            with xlsxwriter.Workbook(empty, {**text_only, "tmpdir": spool}) as book:
                filled = _fill(book, document, locale, options)
            fill_sheets(empty, path, list(filled.findings.values()), document.findings, filled.cells)
    except XlsxWriterException as error:
        raise RenderingError(f"the workbook could not be written: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """The findings sheets that still need their rows, and how these are made."""

    findings: dict[str, BulkSheet]
    cells: BulkCells


def _fill(book: xlsxwriter.Workbook, document: ReportDocument, locale: Locale, options: RenderingOptions) -> _Filled:
    header = document.header
    book.set_properties(
        {
            "title": shorten(show_controls(header.name), 250),
            "author": shorten(show_controls(header.author), 250),
            "subject": shorten(header.framework_name, 250),
            "created": header.generated_at.replace(tzinfo=None),
        }
    )
    forms, texts = Forms(book), page_texts(document, locale, options.watermark)
    summary = book.add_worksheet(locale.text("sheet.summary"))
    findings = open_findings(book, forms, document, locale, options, texts=texts)
    place = FindingsPlace(names=tuple(findings), sheet_rows=options.sheet_rows) if findings else None
    evidence = link_evidence(document, locale, place)
    sheets = list_sheets(document, locale, evidence)
    for number, sheet in enumerate(sheets, start=1):
        worksheet = book.add_worksheet(sheet.name)
        table = f"table_{number}"
        write_table(worksheet, forms, sheet.columns, sheet.rows, tints=sheet.tints, table=table, texts=texts)
    names = [*findings, *(sheet.name for sheet in sheets)]
    write_summary(book, summary, forms, document, locale, sheets=names)
    set_up_page(summary, texts)
    summary.fit_to_pages(1, 1)
    cells = BulkCells(
        columns=finding_cells(document, locale),
        wrapped=WRAPPED,
        linked=LINKED,
        unlinked=SHEET_COLUMNS.index("title"),
        location=evidence.of_findings,
        most_links=MOST_LINKS,
    )
    return _Filled(findings=findings, cells=cells)
