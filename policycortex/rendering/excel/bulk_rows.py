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

_PATTERN_ROW: Final = re.compile(r'<row r="2"[^>]*>(.*?)</row>', re.DOTALL)
_CELL_STYLE: Final = re.compile(r'<c r="[A-Z]+2" s="(\d+)"')
_DAY_MICROSECONDS: Final = 86_400_000_000
_EPOCH_SERIAL: Final = 25_569
"""Excel's number of 1 January 1970."""
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


def fill_sheets(
    empty: Path, path: Path, sheets: Sequence[BulkSheet], findings: FindingsTable, columns: Sequence[pl.Expr]
) -> None:
    """Write workbook ``empty`` to ``path`` with rows; ``columns`` make cells: text, bool, date or datetime."""
    by_part = {f"xl/worksheets/sheet{sheet.number}.xml": sheet for sheet in sheets}
    by_table = {sheet.table: sheet for sheet in sheets}
    last = xl_col_to_name(len(columns) - 1)
    with (
        zipfile.ZipFile(empty) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=_COMPRESSION) as target,
    ):
        for entry in source.infolist():
            with target.open(_same_entry(entry), "w", force_zip64=entry.filename in by_part) as out:
                content = source.read(entry)
                if entry.filename in by_part:
                    for piece in _sheet_pieces(content.decode(), by_part[entry.filename], findings, columns, last):
                        out.write(piece.encode())
                elif entry.filename.startswith("xl/tables/"):
                    out.write(_grow_table(content.decode(), by_table, last).encode())
                else:
                    out.write(content)


def _same_entry(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    same = zipfile.ZipInfo(entry.filename, entry.date_time)
    same.compress_type = zipfile.ZIP_DEFLATED
    same.external_attr = entry.external_attr
    return same


def _sheet_pieces(
    text: str, sheet: BulkSheet, findings: FindingsTable, columns: Sequence[pl.Expr], last: str
) -> Iterator[str]:
    pattern = _PATTERN_ROW.search(text)
    if pattern is None:
        raise ValueError(f"sheet {sheet.number} has no row that shows the columns' forms")
    styles = _CELL_STYLE.findall(pattern[1])
    yield text[: pattern.start()].replace(f'ref="A1:{last}2"', f'ref="A1:{last}{max(sheet.count, 1) + 1}"', 1)
    written = 0
    for batch in _batches(findings, sheet):
        cells = batch.select(column.alias(str(number)) for number, column in enumerate(columns))
        yield _rows(cells, styles, written + 2)
        written += batch.height
    yield text[pattern.end() :]


def _batches(findings: FindingsTable, sheet: BulkSheet, size: int = 10_000) -> Iterator[pl.DataFrame]:
    for offset in range(0, sheet.count, size):
        yield findings.rows(sheet.first + offset, min(size, sheet.count - offset))


def _rows(cells: pl.DataFrame, styles: Sequence[str], first_row: int) -> str:
    """Rows of one batch as XML, from row ``first_row`` of the sheet on."""
    numbered = cells.with_columns((pl.int_range(pl.len()) + first_row).cast(pl.String).alias("row"))
    parts = [pl.lit('<row r="'), pl.col("row"), pl.lit('">')]
    for number, (name, kind) in enumerate(cells.schema.items()):
        parts.append(_cell(name, kind, xl_col_to_name(number), styles[number]))
    return str(numbered.select(pl.concat_str([*parts, pl.lit("</row>")]).str.join("")).item())


def _cell(name: str, kind: pl.DataType, letter: str, style: str) -> pl.Expr:
    """One cell of every row; nothing, and a text without characters, is an empty cell."""
    start, value = [pl.lit(f'<c r="{letter}'), pl.col("row"), pl.lit(f'" s="{style}"')], pl.col(name)
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


def _grow_table(text: str, by_table: Mapping[str, BulkSheet], last: str) -> str:
    for name, sheet in by_table.items():
        if f'name="{name}"' in text:
            return text.replace(f'ref="A1:{last}2"', f'ref="A1:{last}{max(sheet.count, 1) + 1}"')
    return text
