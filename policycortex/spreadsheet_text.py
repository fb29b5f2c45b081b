"""Guards texts in CSV files against formula injection: a cell that starts like a formula gets an apostrophe in front.

The only rule for it: every writer of CSV and every reader of our own CSV uses these functions. Excel workbooks need
none, because their cells are typed as text.
"""

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

_FORMULA_START: Final = r"'*[=+\-@\t\r\n＝＋－＠]"
"""Starts of cells that a spreadsheet may compute, also behind apostrophes, so that the guard can be undone exactly.

Spreadsheets skip a leading tab or line end, and some read the full-width forms as the plain ones.
"""
_FORMULA_CELL: Final = re.compile(_FORMULA_START)


def guard_formula(text: str) -> str:
    """The text of a CSV cell that no spreadsheet computes. See ``unguard_formula``."""
    return f"'{text}" if _FORMULA_CELL.match(text) else text


def unguard_formula(text: str) -> str:
    """The text that ``guard_formula`` was given."""
    return text[1:] if text.startswith("'") and _FORMULA_CELL.match(text) else text


def guard_formulas(column: "pl.Expr") -> "pl.Expr":
    """``guard_formula`` over a text column."""
    return column.str.replace(f"^({_FORMULA_START})", "'${1}")
