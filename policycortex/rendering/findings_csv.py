"""The findings table as CSV: RFC 4180, UTF-8, one header row, every finding, no cell that a spreadsheet would compute.

Cells that start like a formula carry an apostrophe in front; ``spreadsheet_text.unguard_formula`` takes it off again.
"""

from pathlib import Path
from typing import Final

import polars as pl

from policycortex.documents.model import ReportDocument
from policycortex.documents.tables import FINDING_COLUMNS
from policycortex.rendering.visible_text import show_controls_in
from policycortex.spreadsheet_text import guard_formulas

REQUIREMENT_SEPARATOR: Final = "; "
TIME_FORM: Final = "%Y-%m-%dT%H:%M:%S%.fZ"
"""ISO 8601 in UTC; fractions of a second only where there are any."""

_TEXT_COLUMNS: Final = tuple(c for c in FINDING_COLUMNS if c not in {"muted", "waived", "observed_at"})


def render_csv(document: ReportDocument, path: Path) -> None:
    """Write all findings to ``path`` batch by batch; the same document gives the same bytes."""
    with path.open("wb") as file:
        file.write((",".join(FINDING_COLUMNS) + "\r\n").encode())
        for batch in document.findings.batches():
            _cells(batch).write_csv(file, include_header=False, line_terminator="\r\n")


def _cells(batch: pl.DataFrame) -> pl.DataFrame:
    """Every column as text that is safe to open."""
    joined = batch.select(FINDING_COLUMNS).with_columns(
        pl.col("requirements").list.join(REQUIREMENT_SEPARATOR, ignore_nulls=True),
        pl.col("observed_at").dt.strftime(TIME_FORM),
    )
    return joined.with_columns(guard_formulas(show_controls_in(pl.col(name))) for name in _TEXT_COLUMNS)
