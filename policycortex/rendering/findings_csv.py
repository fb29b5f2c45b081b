"""The findings table as CSV: RFC 4180, UTF-8, one header row, every finding, no cell that a spreadsheet would compute.

Cells that start like a formula carry an apostrophe in front; ``spreadsheet_text.unguard_formula`` takes it off again.
"""

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl

from policycortex.documents.model import ReportDocument, RequirementRow
from policycortex.documents.tables import FINDING_COLUMNS
from policycortex.rendering.visible_text import show_controls_in
from policycortex.shortening import shorten
from policycortex.spreadsheet_text import guard_formulas

REQUIREMENT_SEPARATOR: Final = "; "
TIME_FORM: Final = "%Y-%m-%dT%H:%M:%S%.fZ"
"""ISO 8601 in UTC; fractions of a second only where there are any."""

DETAILS_COLUMN: Final = "requirement_details"
"""The last column: title, kind, marks and description of each requirement, in the order of ``requirements``."""
_DESCRIPTION_LENGTH: Final = 300
"""Characters of a description in each of the rows that repeat it."""

_TEXT_COLUMNS: Final = tuple(c for c in FINDING_COLUMNS if c not in {"muted", "waived", "observed_at"})


def render_csv(document: ReportDocument, path: Path, *, has_bom: bool = False) -> None:
    """Write all findings to ``path`` batch by batch; the same document gives the same bytes."""
    with path.open("wb") as file:
        file.write(codecs.BOM_UTF8 if has_bom else b"")
        file.write((",".join((*FINDING_COLUMNS, DETAILS_COLUMN)) + "\r\n").encode())
        details = {row.id: _details(row) for row in document.requirements}
        for batch in document.findings.batches():
            _cells(batch, details).write_csv(file, include_header=False, line_terminator="\r\n")


def _details(row: RequirementRow) -> str:
    """``CC6.1 Logical access (control): More text``."""
    mark = "not_applicable" if row.not_applicable else None
    stated = f"stated_{row.stated}" if row.stated else None
    named = [name for name in (row.kind, *row.tags, mark, stated) if name is not None]
    title = f"{row.id} {row.title}" + (f" ({', '.join(named)})" if named else "")
    text = " ".join(part for part in (row.not_applicable, row.description) if part)
    return f"{title}: {shorten(text, _DESCRIPTION_LENGTH)}" if text else title


def _joined_details(details: Mapping[str, str]) -> pl.Expr:
    each = pl.element().replace_strict(details, default=pl.element(), return_dtype=pl.String)
    return pl.col("requirements").list.eval(each).list.join(REQUIREMENT_SEPARATOR, ignore_nulls=True)


def _cells(batch: pl.DataFrame, details: Mapping[str, str]) -> pl.DataFrame:
    """Every column as text that is safe to open."""
    joined = batch.select(FINDING_COLUMNS).with_columns(
        _joined_details(details).alias(DETAILS_COLUMN),
        pl.col("requirements").list.join(REQUIREMENT_SEPARATOR, ignore_nulls=True),
        pl.col("observed_at").dt.strftime(TIME_FORM),
        pl.col("first_failed_on").cast(pl.String),
    )
    return joined.with_columns(
        guard_formulas(show_controls_in(pl.col(name))) for name in (*_TEXT_COLUMNS, DETAILS_COLUMN)
    )
