"""The report as an Excel workbook: a sheet per section, all linked from the first. Assembles; the parts are beside.

Small sheets stand in memory; findings are put in batch by batch, so that a million of them stay within bounds.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.errors import RenderingError
from policycortex.rendering.excel.bulk_rows import BulkSheet, fill_sheets
from policycortex.rendering.excel.findings_sheets import finding_cells, open_findings
from policycortex.rendering.excel.model import severity_tints
from policycortex.rendering.excel.sheets import list_sheets
from policycortex.rendering.excel.summary_sheet import write_summary
from policycortex.rendering.excel.tables import Forms, write_table
from policycortex.rendering.options import RenderingOptions, report_locale
from policycortex.rendering.visible_text import show_controls


def render_workbook(document: ReportDocument, path: Path, options: RenderingOptions) -> None:
    """Write the workbook to ``path``."""
    locale = report_locale(document, options)
    text_only = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        with TemporaryDirectory(dir=path.parent, prefix=path.name) as spool:
            empty = Path(spool) / "empty.xlsx"
            with xlsxwriter.Workbook(empty, {**text_only, "tmpdir": spool}) as book:
                findings = _fill(book, document, locale, options)
            fill_sheets(empty, path, findings, document.findings, finding_cells(locale))
    except XlsxWriterException as error:
        raise RenderingError(f"the workbook could not be written: {error}") from error


def _fill(
    book: xlsxwriter.Workbook, document: ReportDocument, locale: Locale, options: RenderingOptions
) -> Sequence[BulkSheet]:
    header = document.header
    book.set_properties(
        {
            "title": show_controls(header.name)[:250],
            "author": show_controls(header.author)[:250],
            "subject": header.framework_name[:250],
            "created": header.generated_at.replace(tzinfo=None),
        }
    )
    forms = Forms(book)
    summary = book.add_worksheet(locale.text("sheet.summary"))
    sheets = list_sheets(document, locale)
    for number, sheet in enumerate(sheets, start=1):
        worksheet = book.add_worksheet(sheet.name)
        write_table(worksheet, forms, sheet.columns, sheet.rows, tints=sheet.tints, table=f"table_{number}")
    findings = open_findings(book, forms, document, locale, options, tints=severity_tints)
    names = [*(sheet.name for sheet in sheets), *findings]
    write_summary(book, summary, forms, document, locale, sheets=names)
    for each in book.worksheets():
        if options.watermark is not None:
            each.set_header(f"&C{_printed(options.watermark)}")
        if header.branding.classification:
            each.set_footer(f"&L{_printed(header.branding.classification)}&R&P / &N")
    return list(findings.values())


def _printed(text: str) -> str:
    """A text for Excel's page header, where ``&`` begins a command and 255 characters are all there is."""
    return show_controls(text).replace("&", "&&")[:240]
