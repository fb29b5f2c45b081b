"""The findings sheets of the workbook: every finding, typed, in bounded memory; past one sheet they go on in a next."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import polars as pl
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from policycortex.documents.locales import Locale
from policycortex.documents.model import FINDING_COLUMNS, ReportDocument
from policycortex.rendering.findings_csv import REQUIREMENT_SEPARATOR
from policycortex.rendering.options import RenderingOptions
from policycortex.rendering.visible_text import show_controls_in
from policycortex.rendering.workbook_tables import (
    CELL_LIMIT,
    Column,
    Forms,
    Kind,
    Tint,
    close_table,
    fit_cell,
    open_table,
)

_KINDS: Final = {"muted": Kind.FLAG, "waived": Kind.FLAG, "observed_at": Kind.MOMENT}
_WIDTHS: Final[dict[str, float]] = {
    "finding_uid": 34, "check_id": 38, "status": 10, "severity": 13, "muted": 9, "waived": 9, "title": 52,
    "provider": 11, "account_id": 17, "region": 15, "environment": 14, "service": 14, "resource_uid": 60,
    "resource_type": 26, "observed_at": 17, "requirements": 24, "remediation": 70,
}  # fmt: skip


def write_findings(
    book: xlsxwriter.Workbook,
    forms: Forms,
    document: ReportDocument,
    locale: Locale,
    options: RenderingOptions,
    *,
    tints: Callable[[Locale, int], Sequence[Tint]],
) -> list[str]:
    """Add the findings sheets to ``book``; returns their names, none when ordered without detailed findings."""
    if not document.show_detailed_findings:
        return []
    columns = tuple(
        Column(title=locale.text(f"column.{name}"), width=_WIDTHS[name], kind=_KINDS.get(name, Kind.TEXT))
        for name in FINDING_COLUMNS
    )
    colours = (*tints(locale, FINDING_COLUMNS.index("severity")), *_status_tints(locale))
    rows = _rows(document, locale)
    names: list[str] = []
    # Only sheets added meanwhile stream rows to disk; the small ones stay in memory. Closing expects the switch off.
    book.constant_memory = True
    try:
        for first in range(0, max(document.findings.total, 1), options.sheet_rows):
            name = locale.text("sheet.findings") + (f" {len(names) + 1}" if names else "")
            names.append(name)
            count = min(options.sheet_rows, document.findings.total - first)
            sheet = book.add_worksheet(name)
            open_table(sheet, forms, columns)
            _write_rows(sheet, forms, columns, rows, count)
            close_table(sheet, forms, columns, count, tints=colours)
    finally:
        book.constant_memory = False
    return names


def _status_tints(locale: Locale) -> Iterator[Tint]:
    for word, name in (("PASS", "good"), ("FAIL", "bad"), ("MANUAL", "person")):
        yield Tint(column=FINDING_COLUMNS.index("status"), word=locale.text(f"status.{word}"), name=name)


def _write_rows(
    sheet: Worksheet, forms: Forms, columns: Sequence[Column], rows: Iterator[tuple[Any, ...]], count: int
) -> None:
    """The next ``count`` rows. Typed by column, not by cell: that is a third of the cost of 100,000 rows."""
    text, flag, moment = (forms.cells[kind] for kind in (Kind.TEXT, Kind.FLAG, Kind.MOMENT))
    kinds = [column.kind for column in columns]
    for number in range(1, count + 1):
        for index, value in enumerate(next(rows)):
            if kinds[index] is Kind.TEXT:
                sheet.write_string(number, index, value, text)
            elif kinds[index] is Kind.FLAG:
                sheet.write_boolean(number, index, value, flag)
            elif value is not None:
                sheet.write_datetime(number, index, value, moment)


def _rows(document: ReportDocument, locale: Locale) -> Iterator[tuple[Any, ...]]:
    words = {name: locale.text(f"status.{name}") for name in ("PASS", "FAIL", "MANUAL")}
    severities = {k.removeprefix("severity."): v for k, v in locale.texts.items() if k.startswith("severity.")}
    for batch in document.findings.batches():
        shaped = batch.select(FINDING_COLUMNS).with_columns(
            pl.col("status").replace(words),
            pl.col("severity").replace(severities),
            pl.col("requirements").list.join(REQUIREMENT_SEPARATOR, ignore_nulls=True),
            pl.col("observed_at").dt.replace_time_zone(None),
        )
        texts = [name for name in FINDING_COLUMNS if name not in _KINDS]
        yield from shaped.with_columns(_fitting(pl.col(name).fill_null("")) for name in texts).iter_rows()


def _fitting(column: pl.Expr) -> pl.Expr:
    """``fit_cell`` over a text column; the Python call is for the rare long texts and those with carriage returns."""
    fitted = column.map_elements(fit_cell, return_dtype=pl.String)
    is_odd = (column.str.len_chars() > CELL_LIMIT // 4) | column.str.contains("\r", literal=True)
    return pl.when(is_odd).then(fitted).otherwise(show_controls_in(column))
