"""The findings sheets of the workbook: every finding, typed, in bounded memory; past one sheet they go on in a next.

Columns are in the order in which people use them, and the first ones are printed; CSV has the order for programs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl
import xlsxwriter

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.rendering.excel.bulk_rows import BulkSheet
from policycortex.rendering.excel.cells import SheetColumn, Tint
from policycortex.rendering.excel.fitting import fit_width
from policycortex.rendering.excel.model import severity_tints
from policycortex.rendering.excel.page_setup import PageTexts
from policycortex.rendering.excel.tables import CELL_LIMIT, Forms, close_table, fit_cell, open_table, write_cell
from policycortex.rendering.findings_csv import REQUIREMENT_SEPARATOR
from policycortex.rendering.options import RenderingOptions
from policycortex.rendering.visible_text import show_controls_in
from policycortex.reports.section import Kind
from policycortex.reports.sections.ages import AGES
from policycortex.scoring.ages import SLA_DAYS

DUE: Final = "due_on"
"""The column that only the workbook has: by when a failing finding is to be fixed, by the SLA of its severity."""
PRINTED_COLUMNS: Final = (
    "number", "severity", "status", "title", "resource_uid", "account_id", "region", "first_failed_on", DUE,
    "requirements", "status_detail",
)  # fmt: skip
SHEET_COLUMNS: Final = (
    *PRINTED_COLUMNS, "remediation", "resource_name", "account_name", "environment", "service", "provider",
    "resource_type", "check_id", "muted", "waived", "observed_at", "finding_uid", "source", "source_version", "scan",
    "source_file", "source_file_sha256",
)  # fmt: skip
"""All columns, those of the findings table and DUE."""
LINKED: Final = SHEET_COLUMNS.index("requirements")
"""The column whose cells link to the finding's requirements."""
WRAPPED: Final = tuple(
    SHEET_COLUMNS.index(name) for name in ("title", "resource_uid", "account_id", "requirements", "status_detail")
)
"""Columns whose texts take several lines; a row is as high as they need."""

_KINDS: Final = {
    "muted": Kind.FLAG,
    "waived": Kind.FLAG,
    "observed_at": Kind.MOMENT,
    "first_failed_on": Kind.DAY,
    DUE: Kind.DAY,
} | dict.fromkeys((SHEET_COLUMNS[index] for index in WRAPPED), Kind.WRAPPED)
_WIDTHS: Final[Mapping[str, float]] = {
    "finding_uid": 34, "check_id": 38, "status": 16, "severity": 13, "muted": 9, "waived": 9, "title": 44,
    "provider": 11, "account_id": 17, "region": 15, "environment": 14, "service": 14, "resource_uid": 44,
    "resource_type": 26, "observed_at": 17, "requirements": 22, "remediation": 60, "number": 12,
    "status_detail": 50, "resource_name": 30, "account_name": 22, "first_failed_on": 12, "source": 14,
    "source_version": 12, "scan": 36, "source_file": 36, "source_file_sha256": 66, DUE: 12,
}  # fmt: skip
"""Greatest widths in characters."""


def open_findings(
    book: xlsxwriter.Workbook,
    forms: Forms,
    document: ReportDocument,
    locale: Locale,
    options: RenderingOptions,
    *,
    texts: PageTexts,
) -> dict[str, BulkSheet]:
    """Add the findings sheets to ``book``, each with one empty row for ``fill_sheets``; by name, in order.

    None when ordered without detailed findings.
    """
    if not document.show_detailed_findings:
        return {}
    columns = tuple(
        SheetColumn(title=locale.text(f"column.{name}"), width=_WIDTHS[name], kind=_KINDS.get(name, Kind.TEXT))
        for name in SHEET_COLUMNS
    )
    widths = _fitted(document, columns)
    colours = (*_severity_tints(locale), *_status_tints(locale))
    sheets: dict[str, BulkSheet] = {}
    for first in range(0, max(document.findings.total, 1), options.sheet_rows):
        name = locale.text("sheet.findings") + (f" {len(sheets) + 1}" if sheets else "")
        count = min(options.sheet_rows, document.findings.total - first)
        sheet = book.add_worksheet(name)
        open_table(sheet, forms, columns, widths=widths, texts=texts)
        for index, column in enumerate(columns):
            write_cell(sheet, 1, index, None, forms.link if index == LINKED else forms.cells[column.kind])
        sheet.print_area(0, 0, max(count, 1), len(PRINTED_COLUMNS) - 1)
        due = SHEET_COLUMNS.index(DUE)
        late = {"type": "date", "criteria": "less than", "value": _as_of(document), "format": forms.tints["bad"]}
        sheet.conditional_format(1, due, max(count, 1), due, {"type": "blanks", "stop_if_true": True})
        sheet.conditional_format(1, due, max(count, 1), due, late)
        table = f"findings_{len(sheets) + 1}"
        close_table(sheet, forms, columns, 1, tints=colours, table=table, tinted_rows=count)
        sheets[name] = BulkSheet(
            number=len(book.worksheets()), table=table, first=first, count=count, widths=tuple(widths)
        )
    return sheets


def finding_cells(document: ReportDocument, locale: Locale) -> tuple[pl.Expr, ...]:
    """The cells of a finding, in SHEET_COLUMNS' order, words in the reader's language."""
    words = {name: locale.text(f"status.{name}") for name in ("PASS", "FAIL", "MANUAL")}
    severities = {k.removeprefix("severity."): v for k, v in locale.texts.items() if k.startswith("severity.")}
    shown = {
        "status": pl.col("status").replace(words),
        "severity": pl.col("severity").replace(severities),
        "requirements": pl.col("requirements").list.join(REQUIREMENT_SEPARATOR, ignore_nulls=True),
        DUE: _due(document),
    }
    typed = {"muted", "waived", "observed_at", "first_failed_on", DUE}
    return tuple(
        shown.get(name, pl.col(name)) if name in typed else _fitting(shown.get(name, pl.col(name)).fill_null(""))
        for name in SHEET_COLUMNS
    )


def _due(document: ReportDocument) -> pl.Expr:
    """First failing day and the days that the SLA gives; null for findings that nobody has to fix."""
    days = dict(SLA_DAYS) | {row.severity: row.sla_days for row in AGES.of(document)}
    allowed = pl.col("severity").replace_strict({str(key): value for key, value in days.items()}, default=None)
    is_open = (pl.col("status") == "FAIL") & ~pl.col("muted") & ~pl.col("waived")
    return pl.when(is_open).then(pl.col("first_failed_on").cast(pl.Date) + pl.duration(days=allowed))


def _as_of(document: ReportDocument) -> object:
    return document.header.ages_on(document.header.period)


def _fitted(document: ReportDocument, columns: Sequence[SheetColumn]) -> list[float]:
    """Widths by the longest text of each column; typed columns have those of their kind."""
    texts = [name for name in SHEET_COLUMNS if name not in {"muted", "waived", "observed_at", "requirements", DUE}]
    longest = (
        pl.scan_parquet(document.findings.path)
        .select(
            *(pl.col(name).cast(pl.String).str.len_chars().max().fill_null(0) for name in texts),
            pl.col("requirements").list.eval(pl.element().str.len_chars() + 2).list.sum().max().fill_null(0),
        )
        .collect()
        .row(0, named=True)
    )
    at_least = {"observed_at": 16, DUE: 10}
    return [
        fit_width(column, float(longest.get(name, at_least.get(name, 0)) or at_least.get(name, 0)))
        for name, column in zip(SHEET_COLUMNS, columns, strict=True)
    ]


def _severity_tints(locale: Locale) -> Iterator[Tint]:
    """A passing finding is no reason for alarm, whatever its severity."""
    passing = (SHEET_COLUMNS.index("status"), locale.text("status.PASS"))
    for tint in severity_tints(locale, SHEET_COLUMNS.index("severity")):
        yield replace(tint, unless=passing)


def _status_tints(locale: Locale) -> Iterator[Tint]:
    for word, name in (("PASS", "good"), ("FAIL", "bad"), ("MANUAL", "person")):
        yield Tint(column=SHEET_COLUMNS.index("status"), word=locale.text(f"status.{word}"), name=name)


def _fitting(column: pl.Expr) -> pl.Expr:
    """``fit_cell`` over a text column; the Python call is for the rare long texts and those with carriage returns."""
    fitted = column.map_elements(fit_cell, return_dtype=pl.String)
    is_odd = (column.str.len_chars() > CELL_LIMIT // 4) | column.str.contains("\r", literal=True)
    return pl.when(is_odd).then(fitted).otherwise(show_controls_in(column))
