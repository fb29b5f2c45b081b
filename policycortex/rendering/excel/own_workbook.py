"""Fills an installation's own workbook: cells with documented names, and tables whose heads name documented columns.

openpyxl writes everything but the findings; these are put in as XML afterwards, so that a million of them take no more
memory. The rest of the file stays as openpyxl keeps it; ``template_package`` refuses what it would drop.
"""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias

import openpyxl
import polars as pl
from openpyxl.utils import range_boundaries

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.errors import RenderingError
from policycortex.rendering.excel.bulk_rows import BulkCells, BulkSheet, fill_sheets
from policycortex.rendering.excel.cells import Cell, Link
from policycortex.rendering.excel.findings_sheets import SHEET_COLUMNS, finding_cells
from policycortex.rendering.excel.sheets import table_rows
from policycortex.rendering.excel.tables import LAST_ROW, fit_cell
from policycortex.rendering.excel.template_charts import grow_charts
from policycortex.rendering.excel.template_figures import figures_of
from policycortex.rendering.excel.template_package import check_package
from policycortex.rendering.visible_text import show_controls
from policycortex.reports.registry import all_sections
from policycortex.reports.section import Table

_Book: TypeAlias = Any
"""openpyxl's workbook, whose types allow cells and sheets that a checked file does not have."""
_BookCell: TypeAlias = Any

FILE_NAME: Final = "workbook.xlsx"
"""The workbook in the folder of a custom template."""
PREFIX: Final = "pc_"
"""Of the names of cells and tables that are filled; others are the user's own."""
FINDINGS: Final = "pc_findings"
_GENERAL: Final = "General"
_DAY: Final = "yyyy-mm-dd"
_MOMENT: Final = "yyyy-mm-dd hh:mm"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Area:
    """One table of the workbook, with one row below its head that shows the form of all."""

    name: str
    sheet: Any
    first_column: int
    head_row: int
    heads: tuple[str, ...]
    table: Any

    @property
    def place(self) -> str:
        """For messages."""
        return f"table {self.name!r} on sheet {self.sheet.title!r} ({self.table.ref})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """How many rows a table has below its head; for findings what is needed to put them in afterwards."""

    rows: int
    bulk: tuple[tuple[BulkSheet, ...], BulkCells] | None = None


def fill_workbook(
    template: Path, document: ReportDocument, path: Path, locale: Locale, *, watermark: str | None
) -> None:
    """Write ``template`` to ``path``, filled. Raises RenderingError with sheet and range of what does not fit."""
    name = f"{FILE_NAME} of custom template {template.parent.name!r}"
    check_package(template, name)
    try:
        book: _Book = openpyxl.load_workbook(template)
        _check_drawings(book, template, name)
        areas = _areas(book, named=_fill_names(book, document, locale))
        bulk = None
        for area in areas:
            filled = _fill_area(area, document, locale, book)
            grow_charts(book, area.sheet.title, area.head_row + 1, filled.rows)
            bulk = filled.bulk or bulk
        if watermark is not None:
            for sheet in book.worksheets:
                sheet.oddHeader.center.text = show_controls(watermark).replace("&", "&&")[:240]
        with TemporaryDirectory(dir=path.parent, prefix=path.name) as spool:
            empty = Path(spool) / "empty.xlsx"
            book.save(empty)
            sheets, cells = bulk or ((), BulkCells(columns=(pl.lit(""),)))
            fill_sheets(empty, path, sheets, document.findings, cells)
    except RenderingError as error:
        raise RenderingError(f"{name} could not be filled: {error}") from error
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, OSError) as error:
        raise RenderingError(f"{name} could not be read: {error}") from error


def _check_drawings(book: _Book, template: Path, name: str) -> None:
    """Every chart and picture of the file must have been read, because only those are written again."""
    with zipfile.ZipFile(template) as archive:
        names = archive.namelist()
    charts = sum(entry.startswith("xl/charts/chart") for entry in names)
    read = sum(len(sheet._charts) for sheet in book.worksheets)  # noqa: SLF001 - openpyxl has no public list
    if read < charts:
        raise RenderingError(f"{charts - read} of {charts} charts cannot be kept; remove them from {name}")


def _areas(book: _Book, *, named: int) -> list[_Area]:
    """The tables to fill; ``named`` cells are filled besides."""
    areas = list(_find_areas(book))
    if not areas and not named:
        raise RenderingError(f"no name or table of it begins with {PREFIX}: there is nothing to fill")
    return areas


def _find_areas(book: _Book) -> Iterator[_Area]:
    for sheet in book.worksheets:
        for table in sheet.tables.values():
            name = str(table.displayName)
            if not name.casefold().startswith(PREFIX):
                continue
            left, top, right, bottom = (int(bound or 0) for bound in range_boundaries(table.ref))
            heads = tuple(str(sheet.cell(top, column).value or "") for column in range(left, right + 1))
            area = _Area(name=name, sheet=sheet, first_column=left, head_row=top, heads=heads, table=table)
            if table.totalsRowCount:
                raise RenderingError(f"{area.place} has a row of totals; remove it")
            if bottom != top + 1:
                raise RenderingError(f"{area.place} must have one row below its head, which shows the form of all")
            _check_space(area)
            yield area


def _check_space(area: _Area) -> None:
    """Rows are written below the table, so nothing may be there, and nothing beside its row."""
    last = area.first_column + len(area.heads) - 1
    for row in area.sheet.iter_rows(min_row=area.head_row + 1):
        for cell in row:
            inside = cell.row == area.head_row + 1 and area.first_column <= cell.column <= last
            if cell.value is not None and not inside:
                raise RenderingError(
                    f"cell {cell.coordinate} of sheet {area.sheet.title!r} is beside or below {area.place}, where its"
                    " rows are written; move it above the table or to another sheet"
                )


def _fill_names(book: _Book, document: ReportDocument, locale: Locale) -> int:
    """Write the figures into the cells that bear their names; returns how many."""
    figures, count = figures_of(document, locale), 0
    for name, defined in book.defined_names.items():
        if not name.casefold().startswith(PREFIX):
            continue
        key = name[len(PREFIX) :].casefold()
        if key not in figures:
            raise RenderingError(f"name {name!r} is not known{_hint(key, figures)}")
        places = list(defined.destinations)
        if len(places) != 1 or places[0][0] not in book.sheetnames or ":" in places[0][1].replace("$", ""):
            raise RenderingError(f"name {name!r} must be one cell of the workbook, and it is {defined.attr_text!r}")
        sheet, cell = places[0]
        _write(book[sheet][cell.replace("$", "")], figures[key])
        count += 1
    return count


def _fill_area(
    area: _Area,
    document: ReportDocument,
    locale: Locale,
    book: _Book,
) -> _Filled:
    """Fill one table."""
    key = area.name.casefold()
    if key == FINDINGS:
        columns = _columns(area, {name: locale.text(f"column.{name}") for name in SHEET_COLUMNS})
        return _findings_rows(area, document, locale, book, columns)
    tables = {f"{PREFIX}{table.id}": table for section in all_sections().values() for table in section.tables}
    if key not in tables:
        raise RenderingError(f"{area.place} is not known{_hint(key, {FINDINGS: None, **tables})}")
    table: Table[Any] = tables[key]
    names = {column.name: column.title_in(locale) for column in table.columns}
    wanted = [list(names).index(name) for name in _columns(area, names)]
    rows = [tuple(row[index] for index in wanted) for row in table_rows(table, document, locale)]
    _write_rows(area, rows)
    return _Filled(rows=len(rows))


def _columns(area: _Area, known: Mapping[str, str]) -> list[str]:
    """The column that each head of the table names: by its id, or by its title in the report's language."""
    by_head = {title.casefold(): name for name, title in known.items()} | {name.casefold(): name for name in known}
    found = []
    for head in area.heads:
        name = by_head.get(head.strip().casefold())
        if name is None:
            raise RenderingError(f"column {head!r} of {area.place} is not known{_hint(head, known)}")
        found.append(name)
    return found


def _findings_rows(
    area: _Area,
    document: ReportDocument,
    locale: Locale,
    book: _Book,
    columns: Sequence[str],
) -> _Filled:
    total = document.findings.total if document.show_detailed_findings else 0
    if area.head_row + total > LAST_ROW:
        raise RenderingError(f"{area.place} has {LAST_ROW - area.head_row} rows for {total} findings")
    expressions = dict(zip(SHEET_COLUMNS, finding_cells(document, locale), strict=True))
    for offset, name in enumerate(columns):
        cell = area.sheet.cell(area.head_row + 1, area.first_column + offset)
        cell.value = 0  # openpyxl writes no empty cell without a form; the row gives way to the findings
        typed = {"observed_at": _MOMENT, "first_failed_on": _DAY, "due_on": _DAY}
        if name in typed and cell.number_format == _GENERAL:
            cell.number_format = typed[name]
    sheet = BulkSheet(
        number=book.worksheets.index(area.sheet) + 1,
        table=area.name,
        first=0,
        count=total,
        row=area.head_row + 1,
        column=area.first_column - 1,
    )
    return _Filled(rows=total, bulk=((sheet,), BulkCells(columns=[expressions[name] for name in columns])))


def _write_rows(area: _Area, rows: Sequence[Sequence[Cell]]) -> None:
    """Write the rows with the form of the first one, and let the table reach to the last."""
    first, last_column = area.head_row + 1, area.first_column + len(area.heads) - 1
    if area.head_row + len(rows) > LAST_ROW:
        raise RenderingError(f"{area.place} has {LAST_ROW - area.head_row} rows for {len(rows)}")
    patterns = [area.sheet.cell(first, column) for column in range(area.first_column, last_column + 1)]
    for number, row in enumerate(rows or [(None,) * len(patterns)], start=first):
        for pattern, value in zip(patterns, row, strict=True):
            cell = area.sheet.cell(number, pattern.column)
            if number > first and pattern.has_style:
                cell._style = pattern._style  # noqa: SLF001 - copies all of a form at once
            _write(cell, value)
    corner = area.sheet.cell(area.head_row, area.first_column).coordinate
    end = area.sheet.cell(area.head_row + max(len(rows), 1), last_column).coordinate
    area.table.ref = f"{corner}:{end}"
    if area.table.autoFilter is not None:
        area.table.autoFilter.ref = area.table.ref


def _write(cell: _BookCell, value: Cell) -> None:
    """Text is always text, never a formula."""
    match value:
        case Link():
            _write(cell, value.text)
        case str():
            cell.value = fit_cell(value)
            cell.data_type = "s"
        case datetime():
            cell.value = value.astimezone(UTC).replace(tzinfo=None)
            cell.number_format = _MOMENT if cell.number_format == _GENERAL else cell.number_format
        case date():
            cell.value = value
            cell.number_format = _DAY if cell.number_format in {_GENERAL, _DAY} else cell.number_format
        case _:
            cell.value = value


def _hint(given: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(given.casefold(), known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
