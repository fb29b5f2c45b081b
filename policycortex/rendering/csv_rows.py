"""Writes rows of text as a CSV file that spreadsheets open safely."""

import codecs
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from policycortex.rendering.visible_text import show_controls_in
from policycortex.spreadsheet_text import guard_formulas


def write_csv_rows(
    path: Path, columns: Sequence[str], rows: Iterable[Sequence[str | None]], *, has_bom: bool = False
) -> None:
    """Control characters are shown, and no cell begins a formula. The same rows give the same bytes."""
    frame = pl.DataFrame(list(rows), schema=dict.fromkeys(columns, pl.String()), orient="row")
    with path.open("wb") as file:
        file.write(codecs.BOM_UTF8 if has_bom else b"")
        safe = frame.with_columns(guard_formulas(show_controls_in(pl.col(name))) for name in columns)
        safe.write_csv(file, line_terminator="\r\n")
