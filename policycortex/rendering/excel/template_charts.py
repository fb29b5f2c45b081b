"""Lets charts of an installation's own workbook cover all rows of a table that had one row when they were drawn."""

import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

_CELLS: Final = re.compile(
    r"(?:'(?P<quoted>(?:[^']|'')+)'|(?P<plain>[^'!]+))!\$?(?P<column>[A-Z]+)\$?(?P<row>\d+)"
    r"(?::\$?(?P<end>[A-Z]+)\$?(?P<last>\d+))?"
)
_OpenpyxlObject: TypeAlias = Any


def grow_charts(book: _OpenpyxlObject, sheet: str, row: int, rows: int) -> None:
    """Series that show the one cell of a column in ``row`` of ``sheet`` show ``rows`` rows from it on."""
    for each in book.worksheets:
        for reference in _references(each):
            if grown := _grown(str(reference.f), sheet, row, rows):
                reference.f = grown
                for cache in ("numCache", "strCache"):  # values of the template, which Excel would show at first
                    if hasattr(reference, cache):
                        setattr(reference, cache, None)


def _references(sheet: _OpenpyxlObject) -> Iterator[_OpenpyxlObject]:
    """All references of the series of the sheet's charts, without those of their titles."""
    for chart in sheet._charts:  # noqa: SLF001 - openpyxl has no public list
        for part in chart._charts:  # noqa: SLF001 - the charts that one drawing combines
            for series in part.series:
                for source in (getattr(series, name, None) for name in ("val", "cat", "xVal", "yVal", "bubbleSize")):
                    for kind in ("numRef", "strRef"):
                        reference = getattr(source, kind, None)
                        if reference is not None and reference.f:
                            yield reference


def _grown(formula: str, sheet: str, row: int, rows: int) -> str | None:
    found = _CELLS.fullmatch(formula)
    if found is None or rows < 2:
        return None
    name = (found["quoted"] or "").replace("''", "'") or found["plain"]
    is_row = int(found["row"]) == row == int(found["last"] or found["row"])
    if name != sheet or not is_row or (found["end"] or found["column"]) != found["column"]:
        return None
    quoted, column = sheet.replace("'", "''"), found["column"]
    return f"'{quoted}'!${column}${row}:${column}${row + rows - 1}"
