"""Rows of the findings sheets, put into a workbook that was written without them: as XML, batch by batch.

xlsxwriter takes a Python call per cell, which is most of the cost of 100,000 rows, and its tables a dictionary entry
per cell. So it writes each findings sheet with one empty row that carries every column's form; here that row gives way
to all findings, and the sheet's extent and its table's grow to them. Everything else is copied as it is.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
from xlsxwriter.utility import xl_col_to_name

from policycortex.documents.model import FindingsTable
from policycortex.rendering.excel.fitting import LINE_HEIGHT, MOST_LINES

_STYLE: Final = re.compile(r' s="(\d+)"')
_DIMENSION: Final = re.compile(r"<dimension [^>]*/>")
_DAY_MICROSECONDS: Final = 86_400_000_000
_EPOCH_SERIAL: Final = 25_569
"""Excel's number of 1 January 1970."""
_ROW: Final = "row"
_LINES: Final = "lines"
_LOCATION: Final = "location"
_COMPRESSION: Final = 3
"""Deflate level: level 6 takes twice the time for a tenth less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkSheet:
    """Where findings from index ``first`` on belong: ``count`` of them on sheet ``number``, in table ``table``."""

    number: int
    """1 for the first sheet of the workbook."""
    table: str
    first: int
    count: int
    widths: tuple[float, ...] = ()
    """Of the columns, in characters; needed where texts may take several lines."""
    row: int = 2
    """The row that shows the columns' forms, below the head."""
    column: int = 0
    """Index of the first column."""

    def letter(self, number: int) -> str:
        """The letter of the table's ``number``-th column, from 0."""
        return str(xl_col_to_name(self.column + number))

    def area(self, columns: int, rows: int) -> str:
        """The table's cells with ``rows`` rows below its head, such as ``A1:F2``."""
        return f"{self.letter(0)}{self.row - 1}:{self.letter(columns - 1)}{self.row - 1 + rows}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkCells:
    """How a finding becomes a row."""

    columns: Sequence[pl.Expr]
    """Make the cells: text, bool, date or datetime."""
    wrapped: Sequence[int] = ()
    """Columns whose texts may take several lines; the row is as high as they need."""
    linked: int = 0
    """The column whose cells link to ``location``. Its form is that of a link."""
    unlinked: int = 0
    """A column with the form of the cells of ``linked`` that have no link."""
    location: pl.Expr | None = None
    """Null for no link; None where no cell links."""
    most_links: int = 0
    """Rows of a sheet that may have a link."""


def fill_sheets(
    empty: Path, path: Path, sheets: Sequence[BulkSheet], findings: FindingsTable, cells: BulkCells
) -> None:
    """Write workbook ``empty`` to ``path`` with rows."""
    by_part = {f"xl/worksheets/sheet{sheet.number}.xml": sheet for sheet in sheets}
    by_table = {sheet.table: sheet for sheet in sheets}
    with (
        zipfile.ZipFile(empty) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=_COMPRESSION) as target,
    ):
        for entry in source.infolist():
            with target.open(_same_entry(entry), "w", force_zip64=entry.filename in by_part) as out:
                content = source.read(entry)
                if entry.filename in by_part:
                    for piece in _sheet_pieces(content.decode(), by_part[entry.filename], findings, cells):
                        out.write(piece.encode())
                elif entry.filename.startswith("xl/tables/"):
                    out.write(_grow_table(content.decode(), by_table, len(cells.columns)).encode())
                else:
                    out.write(content)


def _same_entry(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    same = zipfile.ZipInfo(entry.filename, entry.date_time)
    same.compress_type = zipfile.ZIP_DEFLATED
    same.external_attr = entry.external_attr
    return same


def _sheet_pieces(text: str, sheet: BulkSheet, findings: FindingsTable, cells: BulkCells) -> Iterator[str]:
    pattern = re.search(rf'<row r="{sheet.row}"[^>]*>(.*?)</row>', text, re.DOTALL)
    if pattern is None:
        raise ValueError(f"sheet {sheet.number} has no row that shows the columns' forms")
    width = len(cells.columns)
    styles = _styles(pattern[1], sheet, width)
    grown = sheet.area(width, max(sheet.count, 1))
    yield _DIMENSION.sub(f'<dimension ref="{grown}"/>' if sheet.row == 2 else "", text[: pattern.start()], count=1)
    written = 0
    links: list[str] = []
    for batch in _batches(findings, sheet):
        made = _made(batch, cells, sheet, written + sheet.row)
        yield str(made.select(_row(made.schema, cells, sheet, styles).str.join("")).item())
        linked = made.filter(pl.col(_LOCATION).is_not_null())
        links.extend(linked.select(_hyperlink(sheet.letter(cells.linked)))["link"])
        written += batch.height
    yield _with_links(text[pattern.end() :], links)


def _styles(pattern: str, sheet: BulkSheet, width: int) -> list[str]:
    """The form of each column, as the cells of the pattern row have it; ``0`` where one has none."""
    cells = re.findall(rf'<c r="([A-Z]+){sheet.row}"([^>]*)>', pattern)
    found = {letter: style[1] for letter, given in cells if (style := _STYLE.search(given))}
    return [found.get(sheet.letter(number), "0") for number in range(width)]


def _batches(findings: FindingsTable, sheet: BulkSheet, size: int = 10_000) -> Iterator[pl.DataFrame]:
    for offset in range(0, sheet.count, size):
        yield findings.rows(sheet.first + offset, min(size, sheet.count - offset))


def _made(batch: pl.DataFrame, cells: BulkCells, sheet: BulkSheet, first_row: int) -> pl.DataFrame:
    """Cells by number of their column, the row's number on the sheet, its lines, and the location it links to."""
    row = pl.int_range(pl.len()) + first_row
    location = pl.lit(None, pl.String) if cells.location is None else cells.location
    made = batch.select(
        *(column.alias(str(number)) for number, column in enumerate(cells.columns)),
        row.cast(pl.String).alias(_ROW),
        pl.when(row < cells.most_links + 2).then(location).alias(_LOCATION),
    )
    lines = [_lines(pl.col(str(number)), sheet.widths[number]) for number in cells.wrapped]
    return made.with_columns(pl.max_horizontal(pl.lit(1), *lines).clip(upper_bound=MOST_LINES).alias(_LINES))


def _lines(text: pl.Expr, width: float) -> pl.Expr:
    """At least the lines of a text in a column of ``width`` characters."""
    in_line = max(int(width) - 1, 1)
    return (text.str.len_chars().fill_null(0) + in_line - 1) // in_line + text.str.count_matches("\n").fill_null(0)


def _row(schema: pl.Schema, cells: BulkCells, sheet: BulkSheet, styles: Sequence[str]) -> pl.Expr:
    """One row as XML."""
    height = (pl.col(_LINES) * LINE_HEIGHT).cast(pl.String)
    high = pl.concat_str([pl.lit('" ht="'), height, pl.lit('" customHeight="1')])
    parts = [
        pl.lit('<row r="'),
        pl.col(_ROW),
        pl.when(pl.col(_LINES) > 1).then(high).otherwise(pl.lit("")),
        pl.lit('">'),
    ]
    for number in range(len(cells.columns)):
        style = pl.lit(styles[number])
        if number == cells.linked and cells.linked != cells.unlinked:
            style = pl.when(pl.col(_LOCATION).is_not_null()).then(style).otherwise(pl.lit(styles[cells.unlinked]))
        parts.append(_cell(str(number), schema[str(number)], sheet.letter(number), style))
    return pl.concat_str([*parts, pl.lit("</row>")])


def _hyperlink(letter: str) -> pl.Expr:
    location = _escaped(pl.col(_LOCATION)).str.replace_all('"', "&quot;", literal=True)
    parts = [pl.lit(f'<hyperlink ref="{letter}'), pl.col(_ROW), pl.lit('" location="'), location, pl.lit('"/>')]
    return pl.concat_str(parts).alias("link")


def _with_links(tail: str, links: Sequence[str]) -> str:
    """The end of a sheet's part with its links, which precede all about printing."""
    if not links:
        return tail
    place = next(place for place in (tail.find("<printOptions"), tail.find("<pageMargins")) if place >= 0)
    return f"{tail[:place]}<hyperlinks>{''.join(links)}</hyperlinks>{tail[place:]}"


def _cell(name: str, kind: pl.DataType, letter: str, style: pl.Expr) -> pl.Expr:
    """One cell of every row; nothing, and a text without characters, is an empty cell."""
    start, value = [pl.lit(f'<c r="{letter}'), pl.col(_ROW), pl.lit('" s="'), style, pl.lit('"')], pl.col(name)
    empty = pl.concat_str([*start, pl.lit("/>")])
    if kind == pl.Boolean:
        flag = pl.when(value).then(pl.lit("1")).otherwise(pl.lit("0"))
        return pl.concat_str([*start, pl.lit(' t="b"><v>'), flag, pl.lit("</v></c>")])
    if kind == pl.String:
        open_text = pl.lit(' t="inlineStr"><is><t xml:space="preserve">')
        whole = pl.concat_str([*start, open_text, _escaped(value), pl.lit("</t></is></c>")])
        return pl.when(value.fill_null("") == "").then(empty).otherwise(whole)
    serial = (value.cast(pl.Datetime("us")).dt.epoch("us") / _DAY_MICROSECONDS + _EPOCH_SERIAL).round(8).cast(pl.String)
    whole = pl.concat_str([*start, pl.lit("><v>"), serial, pl.lit("</v></c>")])
    return pl.when(value.is_null()).then(empty).otherwise(whole)


def _escaped(column: pl.Expr) -> pl.Expr:
    """XML text; ``_x0041_`` would be read as a character by Excel, so its underscore is written as one."""
    safe = column.str.replace_many({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    return safe.str.replace_all(r"_(x[0-9a-fA-F]{4}_)", "_x005F_${1}")


def _grow_table(text: str, by_table: Mapping[str, BulkSheet], width: int) -> str:
    for name, sheet in by_table.items():
        if f'displayName="{name}"' in text:
            grown = sheet.area(width, max(sheet.count, 1))
            return text.replace(f'ref="{sheet.area(width, 1)}"', f'ref="{grown}"')
    return text
