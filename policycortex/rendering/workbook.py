"""The report as an Excel workbook: a sheet per section, all linked from the first. Assembles; the parts are beside.

Small sheets stand in memory; findings are written row by row, so that a million of them stay within bounds.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.errors import RenderingError
from policycortex.rendering.options import RenderingOptions
from policycortex.rendering.page import page_locale
from policycortex.rendering.visible_text import show_controls
from policycortex.rendering.workbook_comparison import comparison_sheets
from policycortex.rendering.workbook_findings import write_findings
from policycortex.rendering.workbook_sheets import list_sheets, severity_tints
from policycortex.rendering.workbook_summary import write_summary
from policycortex.rendering.workbook_tables import Forms, write_table


def render_workbook(document: ReportDocument, path: Path, options: RenderingOptions) -> None:
    """Write the workbook to ``path``."""
    locale = page_locale(document, options)
    text_only = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        with (
            TemporaryDirectory(dir=path.parent, prefix=path.name) as spool,
            xlsxwriter.Workbook(path, {**text_only, "tmpdir": spool, "use_zip64": True}) as book,
        ):
            _fill(book, document, locale, options)
    except XlsxWriterException as error:
        raise RenderingError(f"the workbook could not be written: {error}") from error


def _fill(book: xlsxwriter.Workbook, document: ReportDocument, locale: Locale, options: RenderingOptions) -> None:
    header = document.header
    book.set_properties(
        {
            "title": show_controls(header.name)[:250],
            "author": show_controls(header.organization)[:250],
            "subject": header.framework_name[:250],
            "created": header.generated_at.replace(tzinfo=None),
        }
    )
    forms = Forms(book)
    summary = book.add_worksheet(locale.text("sheet.summary"))
    sheets = [*list_sheets(document, locale), *comparison_sheets(document, locale)]
    for sheet in sheets:
        write_table(book.add_worksheet(sheet.name), forms, sheet.columns, sheet.rows, tints=sheet.tints)
    findings = write_findings(book, forms, document, locale, options, tints=severity_tints)
    names = [*(sheet.name for sheet in sheets), *findings]
    write_summary(book, summary, forms, document, locale, sheets=names)
    if options.watermark is not None:
        for sheet in book.worksheets():
            sheet.set_header(f"&C{_printed(options.watermark)}")


def _printed(text: str) -> str:
    """A text for Excel's page header, where ``&`` begins a command and 255 characters are all there is."""
    return show_controls(text).replace("&", "&&")[:240]
