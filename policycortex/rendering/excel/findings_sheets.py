"""The findings sheets of the workbook: every finding, typed, in bounded memory; past one sheet they go on in a next."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import polars as pl
import xlsxwriter

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.documents.tables import FINDING_COLUMNS
from policycortex.rendering.excel.bulk_rows import BulkSheet
from policycortex.rendering.excel.tables import (
    CELL_LIMIT,
    Forms,
    SheetColumn,
    Tint,
    close_table,
    fit_cell,
    open_table,
    write_cell,
)
from policycortex.rendering.findings_csv import REQUIREMENT_SEPARATOR
from policycortex.rendering.options import RenderingOptions
from policycortex.rendering.visible_text import show_controls_in
from policycortex.reports.section import Kind

_KINDS: Final = {
    "muted": Kind.FLAG,
    "waived": Kind.FLAG,
    "observed_at": Kind.MOMENT,
    "first_failed_on": Kind.DAY,
}
_WIDTHS: Final[dict[str, float]] = {
    "finding_uid": 34, "check_id": 38, "status": 10, "severity": 13, "muted": 9, "waived": 9, "title": 52,
    "provider": 11, "account_id": 17, "region": 15, "environment": 14, "service": 14, "resource_uid": 60,
    "resource_type": 26, "observed_at": 17, "requirements": 24, "remediation": 70, "number": 10,
    "status_detail": 60, "resource_name": 30, "account_name": 22, "first_failed_on": 14, "source": 12,
    "source_version": 12, "scan": 36, "source_file": 36, "source_file_sha256": 66,
}  # fmt: skip


def open_findings(
    book: xlsxwriter.Workbook,
    forms: Forms,
    document: ReportDocument,
    locale: Locale,
    options: RenderingOptions,
    *,
    tints: Callable[[Locale, int], Sequence[Tint]],
) -> dict[str, BulkSheet]:
    """Add the findings sheets to ``book``, each with one empty row for ``fill_sheets``; by name, in order.

    None when ordered without detailed findings.
    """
    if not document.show_detailed_findings:
        return {}
    columns = tuple(
        SheetColumn(title=locale.text(f"column.{name}"), width=_WIDTHS[name], kind=_KINDS.get(name, Kind.TEXT))
        for name in FINDING_COLUMNS
    )
    colours = (*tints(locale, FINDING_COLUMNS.index("severity")), *_status_tints(locale))
    sheets: dict[str, BulkSheet] = {}
    for first in range(0, max(document.findings.total, 1), options.sheet_rows):
        name = locale.text("sheet.findings") + (f" {len(sheets) + 1}" if sheets else "")
        count = min(options.sheet_rows, document.findings.total - first)
        sheet = book.add_worksheet(name)
        open_table(sheet, forms, columns)
        for index, column in enumerate(columns):
            write_cell(sheet, 1, index, None, forms.cells[column.kind])
        table = f"findings_{len(sheets) + 1}"
        close_table(sheet, forms, columns, 1, tints=colours, table=table, tinted_rows=count)
        sheets[name] = BulkSheet(number=len(book.worksheets()), table=table, first=first, count=count)
    return sheets


def finding_cells(locale: Locale) -> tuple[pl.Expr, ...]:
    """The cells of a finding, in FINDING_COLUMNS' order, words in the reader's language."""
    words = {name: locale.text(f"status.{name}") for name in ("PASS", "FAIL", "MANUAL")}
    severities = {k.removeprefix("severity."): v for k, v in locale.texts.items() if k.startswith("severity.")}
    shown = {
        "status": pl.col("status").replace(words),
        "severity": pl.col("severity").replace(severities),
        "requirements": pl.col("requirements").list.join(REQUIREMENT_SEPARATOR, ignore_nulls=True),
    }
    return tuple(
        pl.col(name) if name in _KINDS else _fitting(shown.get(name, pl.col(name)).fill_null(""))
        for name in FINDING_COLUMNS
    )


def _status_tints(locale: Locale) -> Iterator[Tint]:
    for word, name in (("PASS", "good"), ("FAIL", "bad"), ("MANUAL", "person")):
        yield Tint(column=FINDING_COLUMNS.index("status"), word=locale.text(f"status.{word}"), name=name)


def _fitting(column: pl.Expr) -> pl.Expr:
    """``fit_cell`` over a text column; the Python call is for the rare long texts and those with carriage returns."""
    fitted = column.map_elements(fit_cell, return_dtype=pl.String)
    is_odd = (column.str.len_chars() > CELL_LIMIT // 4) | column.str.contains("\r", literal=True)
    return pl.when(is_odd).then(fitted).otherwise(show_controls_in(column))
