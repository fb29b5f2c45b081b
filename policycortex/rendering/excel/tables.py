"""Writes a table to a sheet: typed cells, one format per kind, frozen head, filter, colours. Independent of reports.

Text is always written as text, so that no external text becomes a formula, a link or a number.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, TypeAlias

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from policycortex.rendering.visible_text import show_controls
from policycortex.reports.section import Kind

CELL_LIMIT: Final = 32_767
"""Most UTF-16 units of text that one Excel cell holds."""

_LAST_ROW: Final = 1_048_576
_LINK_LIMIT: Final = 255
"""Longer texts of a link Excel cuts in its tip; ids are shorter."""
INK: Final = "#12263A"
HEAD_FILL: Final = "#10273A"
TINTS: Final[Mapping[str, tuple[str, str]]] = {
    "bad": ("#F8DCD5", "#7D2415"),
    "good": ("#D6ECE7", "#17534B"),
    "support": ("#EEF7F4", "#17534B"),
    "person": ("#E4E0F1", "#463A78"),
    "none": ("#ECEFF3", "#4C5D6F"),
    "critical": ("#6D0F22", "#FFFFFF"),
    "high": ("#F2C1B2", "#5E1A0E"),
    "medium": ("#F9DFBF", "#5C3608"),
    "low": ("#FBF0D6", "#5C4708"),
}
"""Fill and ink of coloured cells; the word in the cell has the same meaning, so that colour is never the only sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A text that links to a cell of another sheet."""

    text: str
    sheet: str
    row: int
    """0 for the head."""


Cell: TypeAlias = str | float | bool | date | datetime | Link | None
"""What a cell may hold; None leaves it empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetColumn:
    """One column of a sheet: its head, width in characters and kind."""

    title: str
    width: float
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Tint:
    """Cells of ``column`` that read ``word`` take the named tint."""

    column: int
    word: str
    name: str


class Forms:
    """The cell formats of one workbook, made once each."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        base = {"valign": "top", "font_color": INK}
        self.title = book.add_format({"bold": True, "font_size": 20, "font_color": INK})
        self.heading = book.add_format({"bold": True, "font_size": 12, "font_color": INK, "valign": "bottom"})
        self.note = book.add_format({"font_color": "#566779", "text_wrap": True, "valign": "top"})
        self.label = book.add_format({"font_color": "#566779", "valign": "top"})
        self.figure = book.add_format(
            {"bold": True, "font_size": 28, "font_color": "#14526B", "align": "left", "num_format": '0.0"%"'}
        )
        self.link = book.add_format({"font_color": "#14526B", "underline": 1, "valign": "top"})
        self.head = book.add_format(
            {"bold": True, "font_color": "#FFFFFF", "bg_color": HEAD_FILL, "valign": "vcenter", "text_wrap": True}
        )
        self.cells: dict[Kind, Format] = {
            Kind.TEXT: book.add_format(base),
            Kind.WRAPPED: book.add_format(base | {"text_wrap": True}),
            Kind.NUMBER: book.add_format(base | {"num_format": "#,##0"}),
            Kind.DECIMAL: book.add_format(base | {"num_format": "#,##0.00"}),
            Kind.PERCENT: book.add_format(base | {"num_format": '0.00"%"', "align": "right"}),
            Kind.FLAG: book.add_format(base | {"align": "center"}),
            Kind.DAY: book.add_format(base | {"num_format": "yyyy-mm-dd", "align": "left"}),
            Kind.MOMENT: book.add_format(base | {"num_format": "yyyy-mm-dd hh:mm", "align": "left"}),
        }
        self.cells |= {Kind.RANK: self.cells[Kind.NUMBER]}
        self.cells |= dict.fromkeys((Kind.SEVERITY, Kind.RESULT, Kind.BAND), self.cells[Kind.TEXT])
        self.tints = {n: book.add_format({"bg_color": fill, "font_color": ink}) for n, (fill, ink) in TINTS.items()}


def fit_cell(text: str) -> str:
    """``text`` with control characters shown and Excel's line ends; shortened to a cell's limit, it ends in ``…``."""
    shown = show_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(shown) <= CELL_LIMIT // 2:
        return shown
    units = shown.encode("utf-16-le")
    if len(units) <= 2 * CELL_LIMIT:
        return shown
    return units[: 2 * (CELL_LIMIT - 1)].decode("utf-16-le", errors="ignore") + "…"


def write_cell(
    sheet: Worksheet, row: int, column: int, value: Cell, form: Format, *, link_form: Format | None = None
) -> None:
    """One typed cell; None leaves it empty."""
    match value:
        case Link():
            name = value.sheet.replace("'", "''")
            target = f"internal:'{name}'!A{value.row + 1}"
            sheet.write_url(row, column, target, link_form or form, string=fit_cell(value.text)[:_LINK_LIMIT])
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
) -> int:
    """A whole sheet of one table from its first row on; returns how many rows were written below the head."""
    open_table(sheet, forms, columns)
    count = 0
    for count, row in enumerate(rows, start=1):
        for index, value in enumerate(row):
            write_cell(sheet, count, index, value, forms.cells[columns[index].kind], link_form=forms.link)
    close_table(sheet, forms, columns, count, tints=tints, table=table)
    return count


def open_table(sheet: Worksheet, forms: Forms, columns: Sequence[SheetColumn]) -> None:
    """Widths, head row and frozen panes; to be called before any row."""
    for index, column in enumerate(columns):
        sheet.set_column(index, index, column.width)
    sheet.set_row(0, 30)
    # account ids are text on purpose: as numbers they would lose leading zeros
    sheet.ignore_errors({"number_stored_as_text": f"A1:{xl_col_to_name(len(columns) - 1)}{_LAST_ROW}"})
    for index, title in enumerate(head_titles(columns)):
        sheet.write_string(0, index, title, forms.head)
    sheet.freeze_panes(1, 1)
    sheet.hide_gridlines(2)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_paper(9)


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
    heads = [{"header": title, "header_format": forms.head} for title in head_titles(columns)]
    style = {"name": table, "style": "Table Style Light 1", "banded_rows": False, "columns": heads}
    sheet.add_table(0, 0, max(count, 1), len(columns) - 1, style)
    reach = count if tinted_rows is None else tinted_rows
    for tint in tints if reach else ():
        rule = {"type": "cell", "criteria": "==", "value": f'"{tint.word}"', "format": forms.tints[tint.name]}
        sheet.conditional_format(1, tint.column, reach, tint.column, rule)


def head_titles(columns: Sequence[SheetColumn]) -> list[str]:
    """Titles as they stand in the head: Excel wants them all different, whatever their case."""
    titles: list[str] = []
    for column in columns:
        taken = sum(column.title.casefold() == title.casefold() for title in titles)
        titles.append(f"{column.title} {taken + 1}" if taken else column.title)
    return titles
