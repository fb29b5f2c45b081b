"""Cells and columns of a sheet, independent of reports. Writes nothing."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from policycortex.reports.section import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A text that links to a cell of another sheet."""

    text: str
    sheet: str
    row: int
    """0 for the head."""

    @property
    def location(self) -> str:
        """The cell in Excel's words, such as ``'Top risks'!A5``."""
        return cell_location(self.sheet, self.row)


Cell: TypeAlias = str | float | bool | date | datetime | Link | None
"""What a cell may hold; None leaves it empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetColumn:
    """One column of a sheet: its head, greatest width in characters, and kind."""

    title: str
    width: float
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Tint:
    """Cells of ``column`` that read ``word`` take the named tint."""

    column: int
    word: str
    name: str
    unless: tuple[int, str] | None = None
    """A column and a word: where that column reads the word, the cell keeps its look."""


def cell_location(sheet: str, row: int) -> str:
    """The first cell of ``row`` (0 for the head) of ``sheet``."""
    name = sheet.replace("'", "''")
    return f"'{name}'!A{row + 1}"
