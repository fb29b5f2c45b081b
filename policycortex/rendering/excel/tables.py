"""Writes a table to a sheet: typed cells, one format per kind, frozen head, filter, colours. Independent of reports.

Text is always written as text, so that no external text becomes a formula, a link or a number.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from policycortex.errors import RenderingError
from policycortex.rendering.excel.cells import Cell, Link, SheetColumn, Tint
from policycortex.rendering.excel.fitting import FittedColumns, head_height, row_height
from policycortex.rendering.excel.page_setup import PageTexts, printed_columns, set_up_page
from policycortex.rendering.tints import HEAD_FILL, INK, TINTS
from policycortex.rendering.visible_text import show_controls
from policycortex.reports.section import NUMERIC, Kind
from policycortex.shortening import shorten

CELL_LIMIT: Final = 32_767
"""Most UTF-16 units of text that one Excel cell holds."""

LAST_ROW: Final = 1_048_576
"""Rows of a sheet, the head included."""
_LINK_LIMIT: Final = 255
"""Longer texts of a link Excel cuts in its tip; ids are shorter."""


class Forms:
    """The cell formats of one workbook, made once each."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        base = {"valign": "top", "font_color": INK}
        number = base | {"align": "right", "indent": 1}
        self.title = book.add_format({"bold": True, "font_size": 20, "font_color": INK})
        self.heading = book.add_format({"bold": True, "font_size": 12, "font_color": INK, "valign": "bottom"})
        self.note = book.add_format({"font_color": "#566779", "text_wrap": True, "valign": "top"})
        self.label = book.add_format({"font_color": "#566779", "valign": "top"})
        self.figure = book.add_format(
            {"bold": True, "font_size": 28, "font_color": "#14526B", "align": "left", "num_format": '0.0"%"'}
        )
        self.value = book.add_format(number | {"num_format": "#,##0.0"})
        self.points = book.add_format(number | {"num_format": "+0.0;-0.0;0.0"})
        self.verdict = book.add_format({"font_size": 13, "font_color": INK, "text_wrap": True, "valign": "top"})
        self.link = book.add_format({"font_color": "#14526B", "underline": 1, "valign": "top", "text_wrap": True})
        head = {"bold": True, "font_color": "#FFFFFF", "bg_color": HEAD_FILL, "valign": "vcenter", "text_wrap": True}
        self.head = book.add_format(head)
        self.number_head = book.add_format(head | {"align": "right", "indent": 1})
        self.cells: dict[Kind, Format] = {
            Kind.TEXT: book.add_format(base),
            Kind.WRAPPED: book.add_format(base | {"text_wrap": True, "align": "left"}),
            Kind.NUMBER: book.add_format(number | {"num_format": "#,##0"}),
            Kind.DECIMAL: book.add_format(number | {"num_format": "#,##0.00"}),
            Kind.PERCENT: book.add_format(number | {"num_format": '0.00"%"'}),
            Kind.FLAG: book.add_format(base | {"align": "center"}),
            Kind.DAY: book.add_format(base | {"num_format": "yyyy-mm-dd", "align": "left"}),
            Kind.MOMENT: book.add_format(base | {"num_format": "yyyy-mm-dd hh:mm", "align": "left"}),
        }
        self.cells |= {Kind.RANK: self.cells[Kind.NUMBER]}
        self.cells |= dict.fromkeys((Kind.SEVERITY, Kind.RESULT, Kind.BAND), self.cells[Kind.TEXT])
        self.tints = {n: book.add_format({"bg_color": fill, "font_color": ink}) for n, (fill, ink) in TINTS.items()}

    def head_of(self, column: SheetColumn) -> Format:
        """The head of a column, aligned as its cells."""
        return self.number_head if column.kind in NUMERIC else self.head


def fit_cell(text: str) -> str:
    """``text`` with control characters shown and Excel's line ends; shortened to a cell's limit, it ends in ``…``."""
    shown = show_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(shown) <= CELL_LIMIT // 2:
        return shown
    units = shown.encode("utf-16-le")
    if len(units) <= 2 * CELL_LIMIT:
        return shown
    return shorten(shown, len(units[: 2 * CELL_LIMIT].decode("utf-16-le", errors="ignore")))


def write_cell(
    sheet: Worksheet, row: int, column: int, value: Cell, form: Format, *, link_form: Format | None = None
) -> None:
    """One typed cell; None leaves it empty."""
    match value:
        case Link():
            target, shown = f"internal:{value.location}", shorten(fit_cell(value.text), _LINK_LIMIT)
            sheet.write_url(row, column, target, link_form or form, string=shown)
        case None:
            sheet.write_blank(row, column, None, form)
        case bool():
            sheet.write_boolean(row, column, value, form)
        case int() | float():
            sheet.write_number(row, column, value, form)
        case datetime():
            sheet.write_datetime(row, column, value.astimezone(UTC).replace(tzinfo=None), form)
        case date():
            sheet.write_datetime(row, column, value, form)
        case _:
            sheet.write_string(row, column, fit_cell(value), form)


def write_table(
    sheet: Worksheet,
    forms: Forms,
    columns: Sequence[SheetColumn],
    rows: Iterable[Sequence[Cell]],
    *,
    tints: Sequence[Tint],
    table: str,
    texts: PageTexts,
) -> int:
    """A whole sheet of one table from its first row on; returns how many rows were written below the head.

    Raises RenderingError for more rows than a sheet has.
    """
    held, fitted = list(rows), FittedColumns(columns)
    if len(held) >= LAST_ROW:
        raise RenderingError(
            f"sheet {sheet.get_name()} has {len(held)} rows, and an Excel sheet has {LAST_ROW - 1} below its head"
        )
    for row in held:
        fitted.add(row)
    widths = fitted.widths()
    open_table(sheet, forms, columns, widths=widths, texts=texts)
    for count, row in enumerate(held, start=1):
        if height := row_height(columns, widths, row):
            sheet.set_row(count, height)
        for index, value in enumerate(row):
            write_cell(sheet, count, index, value, forms.cells[columns[index].kind], link_form=forms.link)
    close_table(sheet, forms, columns, len(held), tints=tints, table=table)
    sheet.print_area(0, 0, max(len(held), 1), printed_columns(widths) - 1)
    return len(held)


def open_table(
    sheet: Worksheet, forms: Forms, columns: Sequence[SheetColumn], *, widths: Sequence[float], texts: PageTexts
) -> None:
    """Widths, head row, frozen panes and print set-up."""
    for index, width in enumerate(widths):
        sheet.set_column(index, index, width)
    sheet.set_row(0, head_height(columns, widths))
    # account ids are text on purpose: as numbers they would lose leading zeros
    sheet.ignore_errors({"number_stored_as_text": f"A1:{xl_col_to_name(len(columns) - 1)}{LAST_ROW}"})
    for index, title in enumerate(head_titles(columns)):
        sheet.write_string(0, index, title, forms.head_of(columns[index]))
    sheet.freeze_panes(1, 1)
    sheet.hide_gridlines(2)
    sheet.repeat_rows(0)
    set_up_page(sheet, texts)


def close_table(
    sheet: Worksheet,
    forms: Forms,
    columns: Sequence[SheetColumn],
    count: int,
    *,
    tints: Sequence[Tint],
    table: str,
    tinted_rows: int | None = None,
) -> None:
    """An Excel table named ``table`` with filters over the ``count`` rows written, and colours.

    ``tinted_rows``: how far colours reach, where rows are still to come. A table has a row at least, if need be empty.
    """
    titles = zip(head_titles(columns), columns, strict=True)
    heads = [{"header": title, "header_format": forms.head_of(column)} for title, column in titles]
    style = {"name": table, "style": "Table Style Light 1", "banded_rows": False, "columns": heads}
    sheet.add_table(0, 0, max(count, 1), len(columns) - 1, style)
    reach = count if tinted_rows is None else tinted_rows
    for tint in tints if reach else ():
        rule = _criteria(tint) | {"format": forms.tints[tint.name]}
        sheet.conditional_format(1, tint.column, reach, tint.column, rule)


def _criteria(tint: Tint) -> dict[str, str]:
    if tint.unless is None:
        return {"type": "cell", "criteria": "==", "value": f'"{tint.word}"'}
    other, word = tint.unless
    cell, beside = f"${xl_col_to_name(tint.column)}2", f"${xl_col_to_name(other)}2"
    return {"type": "formula", "criteria": f'=AND({cell}="{tint.word}",{beside}<>"{word}")'}


def head_titles(columns: Sequence[SheetColumn]) -> list[str]:
    """Titles as they stand in the head: Excel wants them all different, whatever their case."""
    titles: list[str] = []
    for column in columns:
        taken = sum(column.title.casefold() == title.casefold() for title in titles)
        titles.append(f"{column.title} {taken + 1}" if taken else column.title)
    return titles
