"""Widths of columns and heights of rows that fit their content. Estimates in characters; no sheet is written here."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import ceil
from textwrap import wrap
from typing import Final

from policycortex.rendering.excel.cells import Cell, Link, SheetColumn
from policycortex.reports.section import Kind

LINE_HEIGHT: Final = 15.0
"""Points of one line of text."""
MOST_LINES: Final = 12
"""Lines of the highest row; longer texts are cut on the screen, not in the cell."""
_LEAST_WIDTH: Final = 8.0
_FILTER_BUTTON: Final = 3
"""Characters that the button of a filter takes from a head."""
_WORD: Final = re.compile(r"\S+")
_TYPED_WIDTHS: Final[Mapping[Kind, float]] = {Kind.DAY: 11, Kind.MOMENT: 17, Kind.FLAG: 8}


def head_width(title: str) -> float:
    """Characters that a head needs so that no word of it breaks."""
    return max(_LEAST_WIDTH, max((len(word) for word in _WORD.findall(title)), default=0) + _FILTER_BUTTON)


def head_height(columns: Sequence[SheetColumn], widths: Sequence[float]) -> float:
    """Points of a head row in which every title is seen whole."""
    in_line = [max(int(width) - _FILTER_BUTTON, 4) for width in widths]
    lines = max(len(wrap(column.title, most)) for column, most in zip(columns, in_line, strict=True))
    return LINE_HEIGHT * max(lines, 1) + 6


class FittedColumns:
    """Collects the widest cell of each column."""

    def __init__(self, columns: Sequence[SheetColumn]) -> None:
        self._columns = columns
        self._widest = [_TYPED_WIDTHS.get(column.kind, 0.0) for column in columns]

    def add(self, row: Sequence[Cell]) -> None:
        """Take the cells of one row into account."""
        for index, value in enumerate(row):
            self._widest[index] = max(self._widest[index], cell_width(value))

    def widths(self) -> list[float]:
        """Of each column, in characters: as wide as its content, at most as declared, and never narrower than a word
        of its head.
        """
        return [fit_width(column, widest) for column, widest in zip(self._columns, self._widest, strict=True)]


def fit_width(column: SheetColumn, widest: float) -> float:
    """The width of ``column``, whose widest cell has ``widest`` characters."""
    return max(head_width(column.title), min(widest + 2, column.width))


def cell_width(value: Cell) -> float:
    """Characters of the longest line of a cell."""
    match value:
        case Link():
            return len(value.text)
        case str():
            return max((len(line) for line in value.split("\n")), default=0)
        case None:
            return 0
        case datetime():
            return _TYPED_WIDTHS[Kind.MOMENT] - 2
        case date():
            return _TYPED_WIDTHS[Kind.DAY] - 2
        case float():
            return len(f"{value:,.2f}") + 1
        case _:
            return len(f"{value:,}")


def row_height(columns: Sequence[SheetColumn], widths: Sequence[float], row: Sequence[Cell]) -> float | None:
    """Points of a row whose wrapped texts need several lines; None for one line."""
    lines = max(
        (
            line_count(value, width)
            for column, width, value in zip(columns, widths, row, strict=True)
            if column.kind is Kind.WRAPPED and isinstance(value, str)
        ),
        default=1,
    )
    return None if lines < 2 else LINE_HEIGHT * min(lines, MOST_LINES)


def line_count(text: str, width: float) -> int:
    """Lines of a text in a column of ``width`` characters."""
    return sum(max(1, ceil(len(line) / max(width - 1, 1))) for line in text.split("\n"))
